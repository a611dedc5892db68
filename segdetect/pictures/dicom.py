"""DICOM to values."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from segdetect.pictures.limits import decoded_limit, inflates_within
from segdetect.pictures.raster import Encoded, Raster, Values


def decode_dicom(encoded: Encoded) -> Raster:
    """Decode one frame of a DICOM file, its values rescaled as it says; raises whatever pydicom raises.

    Raises:
        UnreadableImageError: it holds no picture, or is compressed in a way that cannot be read here (named).
    """
    _check_deflated(encoded)
    dataset = pydicom.dcmread(BytesIO(encoded.data), force=True)
    if "PixelData" not in dataset and "FloatPixelData" not in dataset and "DoubleFloatPixelData" not in dataset:
        raise encoded.unreadable(
            "this DICOM file holds no picture (it has no pixel data, or ends before them)",
            "Load a DICOM file with an image, such as CT, MR, CR or DX",
        )
    encoded.check_size(int(dataset.Columns), int(dataset.Rows), _pixel_bytes(dataset))
    pages = max(1, int(dataset.get("NumberOfFrames") or 1))
    encoded.check_page(pages)
    _check_syntax(encoded, dataset)
    values = np.asarray(pixel_array(dataset, index=encoded.page))
    if values.shape[:2] != (int(dataset.Rows), int(dataset.Columns)):
        raise ValueError(f"its pixels have the unexpected shape {values.shape}")
    return _raster(dataset, values, pages)


def _pixel_bytes(dataset: pydicom.Dataset) -> int:
    """Bytes of a pixel as decoded; a colour from a palette takes three samples of 16 bits."""
    samples = int(dataset.get("SamplesPerPixel") or 1) * (int(dataset.get("BitsAllocated") or 8) + 7) // 8
    return 6 * samples if dataset.get("PhotometricInterpretation") == "PALETTE COLOR" else samples


def _check_deflated(encoded: Encoded) -> None:
    """Everything behind the head of a deflated file is inflated as a whole by whoever opens it."""
    file = BytesIO(encoded.data)
    read_preamble(file, force=True)
    meta = _read_file_meta_info(file)
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        limit = decoded_limit(len(encoded.data))
        if not inflates_within(encoded.data[file.tell() :], limit):
            encoded.check_bytes(limit + 1)


def _check_syntax(encoded: Encoded, dataset: pydicom.Dataset) -> None:
    meta = getattr(dataset, "file_meta", None)
    if meta is None:
        dataset.file_meta = meta = pydicom.dataset.FileMetaDataset()
    if "TransferSyntaxUID" not in meta:
        implicit, little = dataset.original_encoding
        explicit = pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian
        meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian if implicit else explicit
    syntax = UID(meta.TransferSyntaxUID)
    try:
        readable = get_decoder(syntax).is_available
    except NotImplementedError:
        readable = False
    if not readable:
        raise encoded.unreadable(
            f"its pixels are compressed as {syntax.name}, which cannot be read here",
            "Export the picture uncompressed (Explicit VR Little Endian), or as PNG",
        )


def _raster(dataset: pydicom.Dataset, values: Values, pages: int) -> Raster:
    kind = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if kind == "PALETTE COLOR":
        values = np.asarray(apply_color_lut(values, dataset))
    if values.ndim == 3:
        deep = values.dtype != np.uint8
        return Raster(values[..., :3], deep=deep, pages=pages)
    return Raster(
        _rescaled(dataset, values),
        deep=True,
        inverted=kind == "MONOCHROME1",
        window=_own_window(dataset),
        pages=pages,
        notes=("Low values are shown bright, as the file asks (MONOCHROME1).",) if kind == "MONOCHROME1" else (),
    )


def _rescaled(dataset: pydicom.Dataset, values: Values) -> Values:
    """Stored values in the file's own units, such as Hounsfield units (DICOM PS3.3 C.11.1)."""
    if "ModalityLUTSequence" in dataset:
        return np.asarray(apply_modality_lut(values, dataset))
    slope, intercept = _number(dataset, "RescaleSlope", 1.0), _number(dataset, "RescaleIntercept", 0.0)
    if (slope, intercept) == (1.0, 0.0) or not np.isfinite([slope, intercept]).all() or slope == 0:
        return values
    return np.asarray(values.astype(np.float32) * np.float32(slope) + np.float32(intercept))


def _own_window(dataset: pydicom.Dataset) -> tuple[float, float] | None:
    """The first window of the file, by the linear function of DICOM PS3.3 C.11.2.1.2."""
    centre, width = _number(dataset, "WindowCenter", np.nan), _number(dataset, "WindowWidth", np.nan)
    if not (np.isfinite(centre) and np.isfinite(width)) or width <= 1:
        return None
    return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2


def _number(dataset: pydicom.Dataset, keyword: str, default: float) -> float:
    value: Any = dataset.get(keyword)
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if value else None
    return default if value is None or value == "" else float(value)
