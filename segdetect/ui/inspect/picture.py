"""The picture itself with its flagged tiles, and which of them are chosen on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segdetect.grid import fitting_grid
from segdetect.inspection import Inspection
from segdetect.output.charts import HeatmapStyle
from segdetect.pictures.loading import LoadedImage
from segdetect.regions import MAX_AREA
from segdetect.scoring.look_alikes import LookAlike
from segdetect.settings import GridSize
from segdetect.ui.inspect.downloads import mm_per_pixel
from segdetect.ui.inspect.second_opinion import Dispute
from segdetect.ui.inspect.tuning import use_grid
from segdetect.ui.inspect.values import file_values, has_values
from segdetect.ui.shared.ignored import ignored, keep_painted
from segdetect.ui.shared.misses import known_defects
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.session import choose_tiles, inspector, picked_tiles
from segdetect.ui.viewer.messages import ViewerEvent
from segdetect.ui.viewer.painting import Painting
from segdetect.ui.viewer.pane import ByOther, Good, Looks, Mark, Pool, Role
from segdetect.ui.viewer.panes import inspection_pane, look_alike_marks, pane_id
from segdetect.ui.viewer.parts import Elsewhere, last_tried, tile_choice
from segdetect.ui.viewer.told import values_wanted
from segdetect.ui.viewer.viewer import picture_viewer

VIEWER: Final = "picture"
PICTURE_HEIGHT: Final = 460
# What is to be seen beside the picture without scrolling: the bar, the tools and the filmstrip.
_ROOM: Final = 316


@part("The picture")
def show_picture(
    image: LoadedImage,
    inspection: Inspection,
    style: HeatmapStyle,
    *,
    dispute: Dispute | None = None,
    good: Good | None = None,
    paintable: bool = True,
) -> None:
    """Draw the annotated picture, on which regions to ignore are painted; tiles are chosen as `choose_on_picture` says.

    Args:
        image: the picture.
        inspection: the answer.
        style: of the heat layer.
        dispute: what only one of two engines flags.
        good: a known-good picture to hold against this one.
        paintable: regions to ignore can be painted.
    """
    pane = inspection_pane(
        image,
        inspection,
        marks=[] if dispute is None else _disputed(dispute, inspection),
        by_other=None if dispute is None or dispute.engine is inspection.engine else _by_other(dispute),
        style=style,
        good=good,
        mm_per_pixel=mm_per_pixel(),
        truth=known_defects(inspection),
        values=file_values(image) if values_wanted(VIEWER) == pane_id(image) else None,
        pool=_pool(image, inspection) if paintable else None,
    )
    picture_viewer(
        [pane],
        key=VIEWER,
        height=PICTURE_HEIGHT,
        room=_ROOM,
        multiple=True,
        by_choice=True,
        tried=last_tried("histogram"),
        looks=Looks(heat=0.0),
        has_values=has_values(image),
        on_grid=lambda parts: use_grid(GridSize(parts, parts)),
        painting=Painting(ignored().version, MAX_AREA, keep_painted) if paintable else None,
    )


def _disputed(dispute: Dispute, inspection: Inspection) -> list[Mark]:
    """Marks of what only one of two engines flags; those of the other engine are named, since they have no rank."""
    boxes = inspection.scores.layout.boxes_ltrb
    label = "" if dispute.engine is inspection.engine else dispute.engine.value
    return [Mark(tuple(boxes[tile].tolist()), Role.SECOND, label) for tile in dispute.tiles]


def _by_other(dispute: Dispute) -> ByOther:
    return ByOther(engine=dispute.engine.value, tiles=dispute.tiles)


def _pool(image: LoadedImage, inspection: Inspection) -> Pool | None:
    """What other grids can be pooled from; None where the answer to another grid would not come from the same map.

    That is where a cell is a tile, and in the blog's cut, which drops pixels. Where there are not as many rows as
    columns there is no handle, which sets one number for both.
    """
    cells, grid, finest = inspection.scores.cell_map, inspection.settings.grid, fitting_grid(image.size_wh)
    share = inspector().pooled_share(image, inspection)
    if cells is None or share is None or finest is None or inspection.scores.layout.stock or grid.rows != grid.cols:
        return None
    return Pool(cells=cells, share=share, most=min(finest.rows, finest.cols))


@part("The choice of tiles")
def choose_on_picture(
    inspection: Inspection, tile: int, look_alikes: Sequence[LookAlike], nearest: Elsewhere | None
) -> None:
    """Have a click or the arrow keys on the picture select a tile, and the picture show the selected one.

    Args:
        inspection: the answer.
        tile: the selected one.
        look_alikes: its look-alikes, which are marked.
        nearest: the first of them, where it lies in another picture.
    """

    @callback
    def chosen(event: ViewerEvent) -> None:
        choose_tiles(inspection, event.tiles)

    tile_choice(
        key="choice",
        viewer=VIEWER,
        selected=[*(other for other in picked_tiles(inspection) if other != tile), tile],
        marks=look_alike_marks(look_alikes),
        nearest=nearest,
        on_select=chosen,
    )
