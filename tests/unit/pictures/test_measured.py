"""Values that are no measurement are told from those that are, on both sides of the rule."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from segdetect.errors import UnreadableImageError
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pictures.measured import fill, find_sentinel

RANDOM = np.random.default_rng(7)
HOLE = np.zeros((60, 80), bool)
HOLE[10:30, 20:60] = True


def terrain(dtype: Any = np.float32, low: float = 200, high: float = 900) -> npt.NDArray[Any]:
    """A slope with grain, from `low` to about `high`."""
    slope = np.linspace(low, high, 80) + RANDOM.uniform(0, (high - low) / 20, (60, 80))
    return np.asarray(np.rint(slope), dtype)


def with_hole(value: float, **options: Any) -> npt.NDArray[Any]:
    values = terrain(**options)
    values[HOLE] = value
    return values


def load(values: npt.NDArray[Any], no_data: str = "", **options: Any) -> LoadedImage:
    buffer = io.BytesIO()
    tags = [(42113, "s", 0, no_data, True)] if no_data else []
    tifffile.imwrite(buffer, values, extratags=tags, **options)
    return load_image(buffer.getvalue(), name="terrain.tif")


LEAST32 = float(np.finfo(np.float32).min)
FOUND = {
    "-9999 in floats": with_hole(-9999),
    "-9999 under a mountain range": with_hole(-9999, low=-400, high=4000),
    "-32768, the least of 16 bits": with_hole(-32768, dtype=np.int16),
    "-32767": with_hole(-32767, dtype=np.int16),
    "the least of 32 bits": with_hole(-(2**31), dtype=np.int32),
    "-999 in double precision": with_hole(-999, dtype=np.float64, low=10, high=40),
    "the least of float32": with_hole(LEAST32),
    "the greatest of float32": with_hole(-LEAST32),
    "a fill value": with_hole(9.96921e36),
}
LEFT_ALONE = {
    "no value stands out": terrain(),
    "white as cameras saturate": with_hole(65535, dtype=np.uint16, high=3000),
    "black as cameras clip": with_hole(0, dtype=np.uint16, low=20000, high=21000),
    "0 in signed values": with_hole(0, dtype=np.int16, low=20000, high=21000),
    "0 in floats": with_hole(0, low=500, high=501),
    "a cold defect of one value": with_hole(-40, low=20, high=21),
    "saturated at the least of 16 bits": with_hole(-32768, dtype=np.int16, low=-32768, high=30000),
    "-9999 among others like it": with_hole(-9999, low=-12000, high=3000),
    "-9999 near the rest": with_hole(-9999, low=-9000, high=3000),
    "-9999 in too few pixels": np.where(np.arange(4800).reshape(60, 80) < 3, -9999, terrain()),
    "8 bits": with_hole(0, dtype=np.uint8, low=100, high=200),
    "nothing else": np.full((60, 80), -9999, np.float32),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_sentinel_far_from_the_rest_is_left_out(name: str) -> None:
    image = load(FOUND[name])
    assert image.valid is not None
    assert np.array_equal(image.valid, ~HOLE)
    assert not image.pixels[HOLE].any()
    assert np.ptp(image.pixels[~HOLE]) == 255
    assert f"{100 * HOLE.mean():.3g} % of its pixels hold" in " ".join(image.notes)
    assert "a value for missing ones" in " ".join(image.notes)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_values_that_a_sensor_gives_are_kept(name: str) -> None:
    assert find_sentinel(LEFT_ALONE[name]) is None
    assert load(LEFT_ALONE[name]).valid is None


def test_few_pixels_are_told_as_a_number() -> None:
    values = np.pad(terrain(), ((0, 200), (0, 200)), mode="reflect")
    values[0, :3] = np.nan
    assert "3 of its pixels hold no finite number and are left out." in load(values).notes


def test_both_ends_may_hold_a_sentinel() -> None:
    values = with_hole(LEAST32)
    values[40:50, 20:60] = -LEAST32
    image = load(values)
    assert image.valid is not None
    assert image.valid.sum() == values.size - HOLE.sum() - 400
    assert image.value_range == (values[image.valid].min(), values[image.valid].max())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_finite_number_is_left_out(value: float) -> None:
    image = load(with_hole(value))
    assert image.valid is not None
    assert np.array_equal(image.valid, ~HOLE)
    assert not image.pixels[HOLE].any()
    assert "hold no finite number and are left out" in " ".join(image.notes)


NO_DATA = {
    "in 16 bits": (with_hole(0, dtype=np.uint16), "0"),
    "in 8 bits": (with_hole(255, dtype=np.uint8, low=10, high=200), "255"),
    "among the others": (with_hole(500), "500"),
    "the least of float32, in digits": (with_hole(LEAST32), "-3.4028234663852886e+38"),
    "in the digits of a float": (with_hole(np.float32(0.1)), "0.1"),
    "NaN": (with_hole(np.nan), "nan"),
}


@pytest.mark.parametrize("name", NO_DATA)
def test_what_gdal_declares_as_no_data_is_left_out(name: str) -> None:
    values, text = NO_DATA[name]
    missing = np.isnan(values) if name == "NaN" else values == values.dtype.type(float(text))
    image = load(values, text)
    assert image.valid is not None
    assert np.array_equal(image.valid, ~missing)
    assert not image.pixels[missing].any()
    assert "left out" in " ".join(image.notes)


@pytest.mark.parametrize("text", ["-9999", "0.5", "1e99", "none", "70000"])
def test_no_data_that_cannot_occur_leaves_all_pixels(text: str) -> None:
    assert load(terrain(dtype=np.uint16), text).valid is None


def test_a_pixel_in_colour_is_no_data_when_all_of_its_colours_are() -> None:
    values = RANDOM.integers(1, 256, (60, 80, 3), dtype=np.uint8)
    values[HOLE] = 0
    values[40, :, 0] = 0
    image = load(values, "0", photometric="rgb")
    assert image.valid is not None
    assert np.array_equal(image.valid, ~HOLE)
    assert np.array_equal(image.pixels, values)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_left_out_is_turned_with_the_picture(orientation: int) -> None:
    values = with_hole(-9999)
    plain = load(values)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, extratags=[(274, "H", 1, orientation, True)])
    turned = load_image(buffer.getvalue(), name="turned.tif")
    assert turned.valid is not None
    assert turned.valid.shape == turned.pixels.shape[:2]
    assert np.array_equal(turned.valid, turned.pixels[..., 0] > 0) or plain.pixels[~HOLE].min() == 0
    assert not turned.pixels[~turned.valid].any()
    assert turned.valid.sum() == (~HOLE).sum()


@pytest.mark.parametrize(
    ("values", "no_data"), [(np.full((20, 20), np.nan, np.float32), ""), (terrain() * 0 - 1, "-1")]
)
def test_a_picture_without_any_measurement_is_refused(values: npt.NDArray[Any], no_data: str) -> None:
    with pytest.raises(UnreadableImageError, match=r"terrain\.tif: none of its values is a measurement"):
        load(values, no_data)


def test_filling_makes_holes_look_like_their_rim() -> None:
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[:, :40], pixels[:, 40:] = 50, 200
    holed = pixels * ~HOLE[..., None]
    assert np.array_equal(fill(holed, ~HOLE), pixels)


def test_a_picture_of_measurements_alone_is_described_as_it_is() -> None:
    image = load(terrain(dtype=np.uint16))
    assert image.filled is image.pixels
