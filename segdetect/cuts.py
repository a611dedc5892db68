"""Pictures with their tiles, as they go through an inspection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from segdetect.engines.base import Engine
from segdetect.grid import TileLayout, tile_layout
from segdetect.images import LoadedImage
from segdetect.inspection import Source
from segdetect.settings import GridSize, RuleName, Scope, Settings

# Few references show a part in few positions; they are then also seen turned, once each. Many show it as it comes.
MAX_TURNED_REFERENCES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture with its tiles; `turned` when it is to be described in several positions, as a reference."""

    image: LoadedImage
    layout: TileLayout
    turned: bool = False

    @property
    def source(self) -> Source:
        """What an inspection remembers of it."""
        return Source(self.image.name, self.image.sha256, self.layout)


def cut_picture(image: LoadedImage, grid: GridSize, stock: bool) -> Picture:
    """A picture in the grid's tiles.

    Raises:
        GridTooFineError: the tiles would be too small.
    """
    return Picture(image, tile_layout(image.size_wh, grid, stock=stock, name=image.name))


def embedding_keys(engine: Engine, pictures: Sequence[Picture]) -> list[tuple[object, ...]]:
    """Two pictures with equal keys have equal descriptions."""
    version = engine.version  # some engines look it up anew each time, which takes as long as deciding does
    keys = [(engine.name, version, picture.turned and engine.dense, *picture.image.key) for picture in pictures]
    return keys if engine.dense else [(*k, *p.layout.key) for k, p in zip(keys, pictures, strict=True)]


def cut_bank(bank: Sequence[LoadedImage], settings: Settings) -> list[Picture]:
    """The pictures to compare with; none in scope self."""
    if settings.scope is Scope.SELF:
        return []
    pictures = [cut_picture(image, settings.grid, settings.rule.name is RuleName.STOCK) for image in bank]
    turned = settings.scope is Scope.REFERENCES and len(pictures) <= MAX_TURNED_REFERENCES
    return [replace(picture, turned=turned) for picture in pictures]


def without(picture: Picture, bank: Sequence[Picture]) -> list[Picture]:
    """The pictures of the bank other than this one, under whatever name."""
    return [other for other in bank if other.image.sha256 != picture.image.sha256]
