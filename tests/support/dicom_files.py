"""DICOM files built in code."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian


def dicom_file(
    values: npt.NDArray[Any], *, syntax: str = ExplicitVRLittleEndian, frame: bytes = b"", **tags: Any
) -> bytes:
    """A DICOM file of one grey frame.

    Args:
        values: `(height, width)` words as they are stored.
        syntax: the transfer syntax.
        frame: the frame as that syntax compresses it; empty for uncompressed ones.
        tags: further elements by keyword, which take the place of those derived from `values`.
    """
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated = dataset.BitsStored = 8 * values.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = encapsulate([frame]) if frame else values.tobytes()
    dataset["PixelData"].VR = "OB" if frame else "OW"
    for tag, value in tags.items():
        setattr(dataset, tag, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def computed_tomogram(*, padding: int | None = -2000, defect: bool = False, side: int = 224) -> npt.NDArray[np.int16]:
    """A section in Hounsfield units: even tissue with grain in a round field of view, padding around it.

    Args:
        padding: the value around the field of view; None for tissue everywhere.
        defect: darken one place by as much as four times the grain.
        side: of the square picture, in pixels.
    """
    y, x = np.indices((side, side)) - (side - 1) / 2
    values = 40 + np.random.default_rng(3).normal(0, 8, (side, side))
    if defect:
        values[abs(y - 0.05 * side) + abs(x + 0.12 * side) < 0.07 * side] -= 32
    values = np.rint(values).astype(np.int16)
    if padding is not None:
        values[x**2 + y**2 > (0.46 * side) ** 2] = padding
    return values
