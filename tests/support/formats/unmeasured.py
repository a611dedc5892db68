"""Values that are no measurement: black, and out of the brightness window that is chosen by percentiles."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
import tifffile

from tests.support.dicom_files import dicom_file
from tests.support.formats.case import Array, Case, H, W, shows, stretched

SLOPE = np.rint(np.linspace(200, 900, W) + np.random.default_rng(4).uniform(0, 40, (H, W)))
HOLE = np.zeros((H, W), bool)
HOLE[8:20, 10:40] = True
LEAST = float(np.finfo(np.float32).min)
BY_NUMPY = "numpy's percentiles of the other values"


def _tiff(values: Array, no_data: str = "") -> Callable[[], bytes]:
    def data() -> bytes:
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, values, extratags=[(42113, "s", 0, no_data, True)] if no_data else [])
        return buffer.getvalue()

    return data


def _holed(value: float, dtype: Any = np.float32) -> Array:
    values = SLOPE.astype(dtype)
    values[HOLE] = value
    return values


def _left_out(kind: str, data: Callable[[], bytes], **options: Any) -> Case:
    low, high = np.percentile(SLOPE[~HOLE], (0.5, 99.5))
    return Case(kind, data, shows(stretched(SLOPE, low, high) * ~HOLE), BY_NUMPY, **options)


def _kept(kind: str, values: Array) -> Case:
    low, high = np.percentile(values, (0.5, 99.5))
    return Case(kind, _tiff(values), shows(stretched(values, low, high)), "numpy's percentiles of all values")


def _table() -> bytes:
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [1024, 0, 12])
    item.add_new("LUTData", "US", (np.arange(1024) * 4).tolist())
    return dicom_file(SLOPE.astype(np.uint16), VOILUTSequence=[item])


def _with_overlay() -> bytes:
    words = SLOPE.astype(np.uint16) | (HOLE.astype(np.uint16) << 15)
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(words, BitsStored=12, HighBit=11)))
    for tag, kind, value in ((0x0010, "US", H), (0x0011, "US", W), (0x0100, "US", 16), (0x0102, "US", 15)):
        dataset.add_new((0x6000, tag), kind, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def rows() -> dict[str, list[Case]]:
    """The rows of this part."""
    padded = _holed(-2000, np.int16)
    within = {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1000}
    bytes8 = np.where(HOLE, 0, np.maximum(SLOPE / 4, 1)).astype(np.uint8)
    return {
        "Values that are no measurement": [
            _left_out("TIFF, no data declared (GDAL), 16 bits", _tiff(_holed(0, np.uint16), "0")),
            _left_out("TIFF, no data declared (GDAL), float", _tiff(_holed(500.5), "500.5")),
            _left_out("TIFF, no data declared (GDAL) as nan", _tiff(_holed(np.nan), "nan")),
            Case("TIFF, no data declared (GDAL), 8 bits", _tiff(bytes8, "0"), shows(bytes8)),
            _left_out("TIFF, NaN", _tiff(_holed(np.nan))),
            _left_out("TIFF, infinite", _tiff(_holed(np.inf))),
            _left_out("TIFF, -9999, undeclared", _tiff(_holed(-9999))),
            _left_out("TIFF, -32768, undeclared", _tiff(_holed(-32768, np.int16))),
            _left_out("TIFF, the least of float32, undeclared", _tiff(_holed(LEAST))),
            _left_out("TIFF, the greatest of float32, undeclared", _tiff(_holed(-LEAST))),
            _kept("TIFF, saturated at 65535: kept", _holed(65535, np.uint16)),
            _kept("TIFF, 0 far from the rest: kept", _holed(0, np.int16)),
            _left_out("DICOM, padding value", lambda: dicom_file(padded, PixelPaddingValue=-2000), name="ct.dcm"),
            _left_out("DICOM, padding range", lambda: dicom_file(padded, **within), name="ct.dcm"),
            Case("TIFF, nothing but NaN", _tiff(np.full((H, W), np.nan, np.float32))),
            Case(
                "DICOM, nothing but padding",
                lambda: dicom_file(np.full((H, W), -2000, np.int16), PixelPaddingValue=-2000),
                name="ct.dcm",
            ),
        ],
        "DICOM: tables and overlays": [
            Case("VOI table", _table, shows(stretched(SLOPE * 4, 0, 4095)), "arithmetic", name="ct.dcm"),
            Case(
                "overlay in an unused bit",
                _with_overlay,
                shows(stretched(SLOPE, 0, 1000)),
                window=(0.0, 1000.0),
                name="ct.dcm",
            ),
        ],
    }
