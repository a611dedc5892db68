"""What the stored values of a DICOM picture mean: their bits, their padding, their units, and how to show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.processing import apply_modality_lut
from pydicom.uid import UID, RLELossless

from segdetect.pictures.measured import Flags, as_written, left_out_note
from segdetect.pictures.raster import Curve, Values

_PADDING: Final = {
    "PixelData": ("PixelPaddingValue", "PixelPaddingRangeLimit"),
    "FloatPixelData": ("FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit"),
    "DoubleFloatPixelData": ("DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit"),
}
# A person chooses among them.
_MOST_WINDOWS: Final = 12
_UNSPECIFIED: Final = "US"
_HOUNSFIELD: Final = "HU"


@dataclass(frozen=True, slots=True, eq=False)
class Display:
    """How a file asks for its values to be shown: a window, or a curve whose span the window is."""

    window: tuple[float, float] | None = None
    curve: Curve | None = None


def complete(dataset: pydicom.Dataset) -> tuple[str, ...]:
    """Give a file what it does not say of its pixels and every viewer takes for granted, and a note on that.

    Args:
        dataset: has `BitsAllocated`; what it lacks is put into it.
    """
    if "PixelData" not in dataset:  # numbers in floating point need no more
        return ()
    samples = dataset.get("SamplesPerPixel") or 1
    bits = dataset.get("BitsStored") or dataset.BitsAllocated
    usual = {
        "SamplesPerPixel": samples,
        "PhotometricInterpretation": "MONOCHROME2" if samples == 1 else "RGB",
        "BitsStored": bits,
        "HighBit": bits - 1,
    }
    if dataset.BitsAllocated <= 8:  # of more, nobody knows whether they have a sign, and wrongly taken they are noise
        usual["PixelRepresentation"] = 0
    if samples > 1:
        usual["PlanarConfiguration"] = 0
    lacking = [name for name in usual if dataset.get(name) in (None, "")]
    for name in lacking:
        setattr(dataset, name, usual[name])
    # Nothing follows from where the highest bit lies unless it is said.
    told = ", ".join(f"{name} {usual[name]}" for name in lacking if name != "HighBit")
    return (f"It does not say how all of its pixels are stored; assumed: {told}.",) if told else ()


def has_unused_bits(dataset: pydicom.Dataset) -> bool:
    """Whether the decoded words hold more than the stored bits, and these have to be taken out of them."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    plain = not syntax.is_encapsulated or syntax == RLELossless
    return plain and 0 < int(dataset.get("BitsStored") or 0) < int(dataset.BitsAllocated)


def stored_bits(dataset: pydicom.Dataset, words: Values) -> Values:
    """The stored bits of whole words, with their sign, wherever in a word they lie (DICOM PS3.5 8.1.1)."""
    bits, width = int(dataset.BitsStored), 8 * words.dtype.itemsize
    high = dataset.get("HighBit")
    unused = width - 1 - max(bits - 1, min(width - 1, bits - 1 if high is None else int(high)))
    # The first shift drops what lies above them, such as overlays, the second brings the sign along.
    return np.asarray((words << unused) >> (width - bits))


def measured(dataset: pydicom.Dataset, stored: Values, words: Values) -> tuple[Flags | None, tuple[str, ...]]:
    """Which pixels are no padding (DICOM PS3.3 C.7.5.1.1.2), and a note; None when none is.

    Args:
        dataset: the file.
        stored: `(height, width)` the stored values.
        words: the words that these were taken out of: some writers put padding in the bits beside them.
    """
    ends = _padding(dataset, stored.dtype)
    if not ends:
        return None, ()
    compared = stored if _fits(dataset, ends) else words
    valid = (compared < min(ends)) | (compared > max(ends))
    if valid.all():
        return None, ()
    what = f"the padding value {as_written(ends[0], 15)}"
    if len(ends) > 1:
        what = f"padding values from {as_written(min(ends), 15)} to {as_written(max(ends), 15)}"
    return valid, (left_out_note(valid, what),)


def _fits(dataset: pydicom.Dataset, ends: Sequence[float]) -> bool:
    """Whether the stored bits can hold these values."""
    bits = int(dataset.get("BitsStored") or 64)
    below = 1 << (bits - 1) if int(dataset.get("PixelRepresentation") or 0) else 0
    return min(ends) >= -below and max(ends) < (1 << bits) - below


def _padding(dataset: pydicom.Dataset, dtype: np.dtype[Any]) -> list[float]:
    """One padding value, or the two ends of a range, both within it; none where the file names none."""
    names = next(names for data, names in _PADDING.items() if data in dataset)
    values = [dataset.get(name) for name in names]
    if values[0] is None:
        return []
    return [_as_stored(value, dtype) for value in values if value is not None]


def _as_stored(value: Any, dtype: np.dtype[Any]) -> float:
    """A padding value with the sign of the pixels: some writers call it unsigned where these are signed."""
    if isinstance(value, bytes):
        value = int.from_bytes(value, "little")
    if dtype.kind == "i" and value > np.iinfo(dtype).max:
        return float(value - (1 << 8 * dtype.itemsize))
    if dtype.kind == "u" and value < 0:
        return float(value + (1 << 8 * dtype.itemsize))
    return float(value)


def rescaled(dataset: pydicom.Dataset, stored: Values, page: int) -> Values:
    """Stored values in the file's own units, such as Hounsfield units (DICOM PS3.3 C.11.1)."""
    if "ModalityLUTSequence" in dataset:
        return np.asarray(apply_modality_lut(stored, dataset))
    source = _of_frame(dataset, page, "PixelValueTransformationSequence")
    slope, intercept = number(source, "RescaleSlope", 1.0), number(source, "RescaleIntercept", 0.0)
    if (slope, intercept) == (1.0, 0.0) or not np.isfinite([slope, intercept]).all() or slope == 0:
        return stored
    # float32 holds 16 bits and more, but not 32.
    values: Values = stored.astype(np.float32 if stored.dtype.itemsize <= 2 else np.float64)
    return np.asarray(values * slope + intercept, values.dtype)


def display(dataset: pydicom.Dataset, page: int) -> Display:
    """The first VOI look-up table, else the first window, by its function (DICOM PS3.3 C.11.2)."""
    source = _of_frame(dataset, page, "FrameVOILUTSequence")
    if source.get("VOILUTSequence"):
        return _table(dataset, source.VOILUTSequence[0])
    centre, width = number(source, "WindowCenter", np.nan), number(source, "WindowWidth", np.nan)
    if not (np.isfinite(centre) and np.isfinite(width)) or width <= 0:
        return Display()
    exact = centre - width / 2, centre + width / 2
    match str(source.get("VOILUTFunction") or "LINEAR").upper():
        case "LINEAR" if width >= 1:
            low = centre - 0.5 - (width - 1) / 2
            # A width of 1 cuts the values in two: all above the centre are white.
            return Display((low, low + max(width - 1, 1e-9 * max(1, abs(low)))))
        case "LINEAR_EXACT":
            return Display(exact)
        case "SIGMOID":
            return Display(exact, lambda values: _sigmoid(values, centre, width))
    return Display()


def windows(dataset: pydicom.Dataset, page: int) -> tuple[tuple[str, float, float], ...]:
    """All windows of a file, each with what it is called there, such as `LUNG` (DICOM PS3.3 C.11.2.1.2)."""
    source = _of_frame(dataset, page, "FrameVOILUTSequence")
    centres, widths, names = (
        _all(source, keyword) for keyword in ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation")
    )
    is_exact = str(source.get("VOILUTFunction") or "LINEAR").upper() != "LINEAR"
    found = []
    for at, (centre, width) in enumerate(zip(map(float, centres), map(float, widths), strict=False)):
        if np.isfinite([centre, width]).all() and width > 1:
            name = str(names[at]).strip() if at < len(names) else ""
            # As `display` has it: centre - 0.5 - (width - 1) / 2, and width - 1 further.
            found.append((name, centre - width / 2, centre + width / 2 - (0 if is_exact else 1)))
    return tuple(found[:_MOST_WINDOWS])


def unit(dataset: pydicom.Dataset, page: int) -> str:
    """What rescaled values are in: the file's own word for it, Hounsfield units for CT; empty where nothing is said."""
    source = _of_frame(dataset, page, "PixelValueTransformationSequence")
    said = str(source.get("RescaleType") or "").strip()
    if said:
        return "" if said == _UNSPECIFIED else said
    is_tomogram = str(dataset.get("Modality") or "") == "CT"
    return _HOUNSFIELD if is_tomogram and "RescaleSlope" in source else ""


def _all(dataset: pydicom.Dataset, keyword: str) -> list[Any]:
    """Every value of an element, be it one or several; none where it is absent or empty."""
    value: Any = dataset.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, pydicom.multival.MultiValue) else [value]


def _sigmoid(values: Values, centre: float, width: float) -> npt.NDArray[np.float64]:
    # Beyond this, the answer is 0 or 1 to all digits, and the exponential overflows.
    at = np.clip(-4 * (values.astype(np.float64) - centre) / width, -700, 700)
    return np.asarray(1 / (1 + np.exp(at)))


def _table(dataset: pydicom.Dataset, item: pydicom.Dataset) -> Display:
    """Values below the table take its first entry, those above it its last."""
    entries, first, bits = (int(value) for value in item.LUTDescriptor)
    if first > 0x7FFF and int(dataset.get("PixelRepresentation") or 0):
        first -= 0x10000
    table = _entries(dataset, item.LUTData, entries or 0x10000) / (2.0**bits - 1)

    def curve(values: Values) -> npt.NDArray[np.float64]:
        at = np.clip(np.rint(values.astype(np.float64)) - first, 0, len(table) - 1)
        return np.asarray(table[at.astype(np.intp)])

    return Display((float(first), float(first + max(1, len(table) - 1))), curve)


def _entries(dataset: pydicom.Dataset, data: bytes | Iterable[int], count: int) -> npt.NDArray[np.float64]:
    """The table's entries, which some files pack two to a word."""
    if not isinstance(data, bytes):
        return np.asarray(data, np.float64)[:count]
    order = "<" if UID(dataset.file_meta.TransferSyntaxUID).is_little_endian else ">"
    return np.frombuffer(data, "u1" if len(data) < 2 * count else f"{order}u2")[:count].astype(np.float64)


def overlay_note(dataset: pydicom.Dataset) -> tuple[str, ...]:
    """What is said of overlays, in planes of their own or in unused bits of the pixels; groups 6000 to 601E."""
    count = sum((group, 0x0010) in dataset for group in range(0x6000, 0x6020, 2))
    if not count:
        return ()
    return ("It holds an overlay, which is not drawn." if count == 1 else f"It holds {count} overlays, not drawn.",)


def _of_frame(dataset: pydicom.Dataset, page: int, sequence: str) -> pydicom.Dataset:
    """Where a frame's own description stands: in its functional group, in the shared one, or in the file itself."""
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for group in [*frames[page : page + 1], *shared[:1]]:
        if group.get(sequence):
            found: pydicom.Dataset = group[sequence].value[0]
            return found
    return dataset


def number(dataset: pydicom.Dataset, keyword: str, default: float) -> float:
    """The first value of an element; the default where it is absent or empty."""
    value: Any = dataset.get(keyword)
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if value else None
    return default if value is None or value == "" else float(value)
