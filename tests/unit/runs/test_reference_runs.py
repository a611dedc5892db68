"""Which pictures go together and which cuts count, in figures."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from segdetect.comparing.banks import batch_bank
from segdetect.grid import TileLayout
from segdetect.inspection import Inspection
from segdetect.pictures.loading import LoadedImage
from segdetect.runs.batch import chunks
from segdetect.runs.stability import neighbouring_grids, stability
from segdetect.settings import GridSize, Settings


def blank(width: int, height: int, name: str = "blank.png") -> LoadedImage:
    """A picture that takes no memory, however large."""
    return LoadedImage(name, name, np.broadcast_to(np.uint8(0), (height, width, 3)))


class FirstTile:
    """Flags the first tile of every cut."""

    def inspect_layouts(
        self, image: LoadedImage, settings: Settings, layouts: Sequence[TileLayout], **rest: Any
    ) -> list[Inspection]:
        return [self._answer(image, layout) for layout in layouts]  # type: ignore[misc]

    def _answer(self, image: LoadedImage, layout: TileLayout) -> SimpleNamespace:
        flags = np.arange(layout.grid.tiles) == 0
        return SimpleNamespace(
            size_wh=image.size_wh, scores=SimpleNamespace(layout=layout), decision=SimpleNamespace(flags=flags)
        )


def test_stability_is_the_share_of_the_cuts_that_flag_a_spot() -> None:
    """Three cuts of 300 pixels, whose first tiles end at 75, 60 and 50; a column of the map is 300 / 224 pixels wide.

    Column 36 has its centre at 48.9, column 37 at 50.2; 44 at 59.6, 45 at 60.9; 55 at 74.3, 56 at 75.7.
    """
    answer = stability(FirstTile(), blank(300, 30), Settings(grid=GridSize(1, 4)))  # type: ignore[arg-type]
    assert answer.share.shape == (22, 224)
    expected = np.repeat([1, 2 / 3, 1 / 3, 0], [37, 45 - 37, 56 - 45, 224 - 56])
    np.testing.assert_allclose(answer.share, np.broadcast_to(expected, (22, 224)))
    assert (answer.cuts, answer.flagged_cuts) == (3, 3)


def test_cuts_in_fewer_than_four_tiles_do_not_count() -> None:
    assert [(one.rows, one.cols) for one in neighbouring_grids((300, 30), GridSize(1, 5))] == [
        (1, 4),
        (1, 5),
        (1, 6),
        (1, 7),
    ]


@pytest.mark.parametrize(
    ("count", "chosen"),
    [
        (16, list(range(16))),
        (17, list(range(16))),  # every 17 / 16th, rounded down
        (24, [0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19, 21, 22]),
        (32, list(range(0, 32, 2))),
    ],
)
def test_a_batch_is_compared_with_sixteen_of_its_pictures_spread_evenly(count: int, chosen: list[int]) -> None:
    assert batch_bank(range(count)) == chosen


def test_forty_pictures_go_together() -> None:
    found = list(chunks(blank(10, 10) for _ in range(85)))
    assert [len(chunk) for chunk in found] == [40, 40, 5]


def test_pictures_go_together_until_they_have_a_hundred_million_pixels() -> None:
    sizes = [(10_000, 5_000), (10_000, 5_000), (10_000, 9_999), (100, 100), (10_000, 10_000), (10, 10)]
    found = list(chunks(blank(*size) for size in sizes))
    assert [[image.size_wh for image in chunk] for chunk in found] == [sizes[:2], sizes[2:4], sizes[4:5], sizes[5:]]
