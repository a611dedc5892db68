"""DICOM to values."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Final

import numpy as np
import pydicom
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from segdetect.pictures.dicom_codecs import stream_size
from segdetect.pictures.dicom_values import (
    complete,
    display,
    has_unused_bits,
    measured,
    overlay_note,
    rescaled,
    stored_bits,
    unit,
    windows,
)
from segdetect.pictures.limits import decoded_limit, inflates_within
from segdetect.pictures.profiles import to_srgb
from segdetect.pictures.raster import Encoded, Raster, Values

_UNCOMPRESSED: Final = "Export the picture uncompressed (Explicit VR Little Endian), or as PNG"
_INVERTED: Final = "Low values are shown bright, as the file asks (MONOCHROME1)."
_KINDS: Final = frozenset(
    ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
)
_PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def decode_dicom(encoded: Encoded) -> Raster:
    """Decode one frame of a DICOM file, its values rescaled as it says; raises whatever pydicom raises.

    Raises:
        UnreadableImageError: it holds no picture, or is compressed in a way that cannot be read here (named).
    """
    _check_deflated(encoded)
    dataset = pydicom.dcmread(BytesIO(encoded.data), force=True)
    if not any(keyword in dataset for keyword in _PIXELS):
        raise encoded.unreadable(
            "this DICOM file holds no picture (it has no pixel data, or ends before them)",
            "Load a DICOM file with an image, such as CT, MR, CR or DX",
        )
    _require(encoded, dataset, "Rows", "Columns", "BitsAllocated")
    assumed = complete(dataset)
    if "PixelData" in dataset:
        _require(encoded, dataset, "PixelRepresentation")
    encoded.check_size(int(dataset.Columns), int(dataset.Rows), _pixel_bytes(dataset))
    pages = _frames(dataset)
    encoded.check_page(pages)
    _check_colours(encoded, dataset)
    _check_syntax(encoded, dataset)
    raster = _raster(encoded, dataset, _words(encoded, dataset), pages)
    return replace(raster, notes=(*assumed, *raster.notes))


def _require(encoded: Encoded, dataset: pydicom.Dataset, *names: str) -> None:
    missing = [name for name in names if dataset.get(name) in (None, "")]
    if missing:
        raise encoded.unreadable(
            f"this DICOM file does not say how its pixels are stored: it has no {missing[0]}",
            "Export the picture again",
        )


def dicom_frames(data: bytes) -> int:
    """How many frames a DICOM file says that it has; raises whatever pydicom raises."""
    _check_deflated(Encoded(data, "", 0, 0))
    return _frames(pydicom.dcmread(BytesIO(data), force=True, stop_before_pixels=True))


def _frames(dataset: pydicom.Dataset) -> int:
    return max(1, int(dataset.get("NumberOfFrames") or 1))


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
            f"its pixels are compressed as {syntax.name}, which cannot be read here", _UNCOMPRESSED
        )


def _words(encoded: Encoded, dataset: pydicom.Dataset) -> Values:
    """One frame as it is stored, or its colours as RGB; bits that do not belong to the values are still there."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    wanted = (int(dataset.Columns), int(dataset.Rows))
    try:
        # What a decoder allocates follows the compressed pixels, not the size that was checked.
        size = stream_size(dataset, encoded.page) or wanted
        if size != wanted:
            raise ValueError(f"they are {size[0]} x {size[1]} pixels, but the file says {wanted[0]} x {wanted[1]}")
        correct = not has_unused_bits(dataset)
        values = np.asarray(pixel_array(dataset, index=encoded.page, correct_unused_bits=correct))
    except (RuntimeError, ValueError) as error:
        if not syntax.is_encapsulated:
            raise
        raise encoded.unreadable(
            f"its pixels, compressed as {syntax.name}, are damaged or of a kind that cannot be read here", _UNCOMPRESSED
        ) from error
    if values.shape[:2] != wanted[::-1]:
        raise ValueError(f"its pixels have the unexpected shape {values.shape}")
    return values


def _raster(encoded: Encoded, dataset: pydicom.Dataset, words: Values, pages: int) -> Raster:
    values = stored_bits(dataset, words) if has_unused_bits(dataset) else words
    kind = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    notes = overlay_note(dataset)
    if kind == "PALETTE COLOR":
        values = _palette_colours(dataset, values)
    if values.ndim == 3:
        colours = np.ascontiguousarray(values[..., :3])
        profile = dataset.get("ICCProfile") if colours.dtype == np.uint8 else None
        colours, profile_notes = to_srgb(colours, profile or b"")
        return Raster(colours, deep=colours.dtype != np.uint8, pages=pages, notes=notes + profile_notes)
    valid, padding_notes = measured(dataset, values, words)
    shown = display(dataset, encoded.page)
    inverted = kind == "MONOCHROME1"
    return Raster(
        rescaled(dataset, values, encoded.page),
        deep=True,
        inverted=inverted,
        window=shown.window,
        curve=shown.curve,
        valid=valid,
        pages=pages,
        notes=(*notes, *([_INVERTED] if inverted else []), *padding_notes),
        unit=unit(dataset, encoded.page),
        windows=windows(dataset, encoded.page),
    )


def _palette_colours(dataset: pydicom.Dataset, values: Values) -> Values:
    """8-bit colours; entries of 16 bits count by their upper ones."""
    colours = np.asarray(apply_color_lut(values, dataset))
    return np.asarray(colours >> 8 if colours.dtype == np.uint16 and colours.max() > 255 else colours, np.uint8)


def _check_colours(encoded: Encoded, dataset: pydicom.Dataset) -> None:
    kind = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    if kind not in _KINDS:
        raise encoded.unreadable(f"its colours are {kind}, which is not read", "Export it as RGB, or as PNG")
