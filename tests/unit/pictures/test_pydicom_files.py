"""The DICOM files that come with pydicom: every one of them is right to the pixel, or refused in plain words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import pydicom.data
import pytest
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_windowing

from segdetect.errors import UnreadableImageError
from segdetect.pictures.loading import load_image

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
TOO_FAR = np.array([-1e12, 1e12])
# Those that pydicom itself takes for pictures are read, but for these.
REFUSED = {
    *("JPEG2000-embedded-sequence-delimiter.dcm", "MR_truncated.dcm", "badVR.dcm"),
    *("meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm"),
}


def _is_dicom(file: Path) -> bool:
    data = file.read_bytes()
    return data[128:132] == b"DICM"


FILES = sorted(
    file for file in FOLDER.rglob("*") if file.is_file() and file.suffix not in (".txt", ".gz") and _is_dicom(file)
)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def in_grey(dataset: pydicom.Dataset, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """The first frame in 0..255 by pydicom's own functions and, without a window that shows it, by percentiles."""
    values = np.asarray(apply_modality_lut(values, dataset), np.float64)
    shown = apply_windowing(values, dataset) if "WindowWidth" in dataset else np.zeros(1)
    if np.ptp(shown) > 0:
        low, high = apply_windowing(TOO_FAR, dataset)
    else:
        low, high = np.percentile(values, (0.5, 99.5))
        low, high = (low, high) if high > low else (values.min(), values.max())
        shown = np.clip(values, low, high)
    grey = (shown - low) / ((high - low) or 1) * 255
    return np.asarray(255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey)


def expected(dataset: pydicom.Dataset) -> npt.NDArray[np.float64]:
    frames = int(dataset.get("NumberOfFrames") or 1)
    values = dataset.pixel_array[0] if frames > 1 else dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return np.asarray(apply_color_lut(values, dataset) >> 8, np.float64)
    if values.ndim == 2:
        return in_grey(dataset, values)[..., None]
    # Deep colours share one window.
    return np.asarray(values, np.float64) if values.dtype == np.uint8 else in_grey(dataset, values)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_it_is_right_or_refused(file: Path) -> None:
    dataset = pydicom.dcmread(file)
    # Some of these begin as a TIFF does, which is another matter.
    data = bytes(128) + file.read_bytes()[128:]
    if "PixelData" not in dataset or file.name in REFUSED:
        with pytest.raises(UnreadableImageError) as caught:
            load_image(data, name=file.name)
        assert "plugin" not in str(caught.value)
        return
    image = load_image(data, name=file.name)
    assert image.size_wh == (dataset.Columns, dataset.Rows)
    difference = abs(image.pixels - expected(dataset))
    if image.valid is not None:
        difference = difference[image.valid]
    assert difference.max() <= 0.5 + 1e-3


def test_lossless_files_agree_with_those_that_are_not_compressed() -> None:
    plain = pydicom.dcmread(FOLDER / "MR_small.dcm").pixel_array
    for name in ("MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "MR_small_RLE.dcm"):
        assert np.array_equal(pydicom.dcmread(FOLDER / name).pixel_array, plain)
    bars = load_image((FOLDER / "SC_rgb_rle.dcm").read_bytes(), name="bars").pixels
    lossless = load_image((FOLDER / "SC_rgb_jpeg_gdcm.dcm").read_bytes(), name="lossless").pixels
    assert np.array_equal(lossless, bars)
    for name in ("SC_rgb_jls_lossy_line.dcm", "SC_rgb_jls_lossy_sample.dcm"):
        near = load_image((FOLDER / name).read_bytes(), name=name).pixels
        assert abs(near.astype(int) - bars).max() <= 10
