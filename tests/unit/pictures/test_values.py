"""The values of deep pictures as their files have them."""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from segdetect.errors import UnreadableImageError
from segdetect.pictures.loading import load_values
from segdetect.pictures.raster import Raster
from segdetect.pictures.values import MOST_VALUES, NOT_MEASURED, FileValues, file_values
from segdetect.ui.viewer.picture_bytes import encode_values
from tests.support.dicom_files import computed_tomogram, dicom_file


def _back(values: FileValues) -> npt.NDArray[np.float64]:
    return np.asarray(values.low + values.step * values.codes.astype(np.float64))


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0, 65_535], [7, 300]], np.uint16),
        np.array([[-1000, 3000], [7, -5]], np.int16),
        np.array([[-1000.0, 3000.0], [7.0, -5.0]], np.float32),
        np.arange(12, dtype=np.uint16).reshape(2, 2, 3) * 4000,
    ],
    ids=["16 bits", "signed", "whole floats", "RGB"],
)
def test_whole_values_are_exact(values: npt.NDArray[Any]) -> None:
    found = file_values(Raster(values, deep=True))
    assert found.exact
    assert np.array_equal(_back(found), values)


def test_fractions_are_rounded_to_a_step_and_what_is_no_measurement_is_told_apart() -> None:
    values = np.array([[0.0, 0.25], [1.0, np.inf]])
    found = file_values(Raster(values, deep=True, valid=np.isfinite(values)))
    assert not found.exact
    assert found.codes[1, 1] == NOT_MEASURED
    assert _back(found)[:, 0] == pytest.approx([0, 1])
    assert _back(found)[0, 1] == pytest.approx(0.25, abs=found.step)


def test_of_a_large_picture_each_nth_value_is_there_upright() -> None:
    values = np.arange(MOST_VALUES + 2500, dtype=np.uint32).reshape(-1, 2500).astype(np.uint16)
    found = file_values(Raster(values, deep=True, orientation=3))
    assert found.every == 2
    assert np.array_equal(_back(found), values[::-1, ::-1][::2, ::2])


def test_a_tomogram_is_in_hounsfield_units_with_all_windows_of_its_file() -> None:
    tags = {"WindowCenter": [40, -600], "WindowWidth": [80, 1500], "WindowCenterWidthExplanation": ["SOFT", "LUNG"]}
    rescaled = {"RescaleSlope": 1, "RescaleIntercept": -10, "Modality": "CT", "PixelPaddingValue": -2000}
    stored = computed_tomogram(side=32)
    found = load_values(dicom_file(stored, **tags, **rescaled), name="ct.dcm")
    assert found.unit == "HU"
    assert found.windows == (("SOFT", 0.0, 79.0), ("LUNG", -1350.0, 149.0))
    assert found.codes[0, 0] == NOT_MEASURED
    assert _back(found)[16, 16] == stored[16, 16] - 10
    assert load_values(dicom_file(stored, RescaleType="US"), name="ct.dcm").unit == ""


def test_a_damaged_file_is_said_in_words() -> None:
    with pytest.raises(UnreadableImageError, match=r"ct\.dcm"):
        load_values(dicom_file(computed_tomogram(side=32))[:900], name="ct.dcm")


def test_they_are_packed_for_the_browser_without_loss() -> None:
    codes = np.random.default_rng(1).integers(0, 65_535, (5, 7, 3), np.uint16)
    data = encode_values(FileValues(codes, -3.0, 1.0, unit="<b>", windows=(("A", 0.0, 1.0),))).data
    length = int.from_bytes(data[4:8], "little")
    head = json.loads(data[8 : 8 + length])
    low, high = np.frombuffer(zlib.decompress(data[8 + length :]), np.uint8).reshape(2, -1).astype(np.uint16)
    steps = (low + 256 * high).reshape(codes.shape)
    assert np.array_equal(np.cumsum(steps, axis=1, dtype=np.uint16), codes)
    assert (head["rows"], head["cols"], head["channels"], head["unit"]) == (5, 7, 3, "<b>")
    assert head["windows"] == [["A", 0.0, 1.0]]
