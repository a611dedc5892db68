"""A picture with the tiles that it is cut in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from segdetect.grid import TileLayout, tile_layout
from segdetect.inspection import Source
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.measured import both
from segdetect.regions import Regions
from segdetect.settings import GridSize, RuleName, Settings


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture with its tiles and what is not looked at of it.

    `turned` when it is to be described in several positions, as a reference.
    """

    image: LoadedImage
    layout: TileLayout
    turned: bool = False
    ignore: Regions | None = None

    @property
    def source(self) -> Source:
        """What an inspection remembers of it."""
        return Source(self.image.name, self.image.sha256, self.layout, self.image.page)

    @property
    def what_is_left(self) -> LoadedImage:
        """The picture with what is ignored taken for no measurement: for engines that see no more than single tiles."""
        if self.ignore is None:
            return self.image
        return replace(self.image, valid=both(self.image.valid, ~self.ignore.fitted(self.image.size_wh)))


def cut_picture(image: LoadedImage, grid: GridSize, stock: bool, ignore: Regions | None = None) -> Picture:
    """A picture in the grid's tiles.

    Raises:
        GridTooFineError: the tiles would be too small.
        InputError: the regions to ignore have other proportions.
    """
    if ignore is not None:
        ignore.check(image.size_wh, name=image.name)
    return Picture(image, tile_layout(image.size_wh, grid, stock=stock, name=image.name), ignore=ignore)


def cut_as(image: LoadedImage, settings: Settings) -> Picture:
    """A picture as settings have it cut; raises what `cut_picture` does."""
    return cut_picture(image, settings.grid, settings.rule.name is RuleName.STOCK, settings.ignore)
