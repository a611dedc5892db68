"""The values that an inspection is made of; everything shown or exported is derived from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from segdetect.errors import SegDetectError
from segdetect.grid import TileLayout
from segdetect.settings import EngineName, RuleName, Scope, Settings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Verdict(StrEnum):
    """What is said of a whole picture."""

    NORMAL = "normal"
    SUSPICIOUS = "suspicious"
    ANOMALOUS = "anomalous"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A picture that tiles were compared with.

    Args:
        name: as the user gave it.
        sha256: hex digest of its bytes.
        layout: its tiles, to which `TileScores.nearest_tile` points.
        page: the page of the file, 0-based.
    """

    name: str
    sha256: str
    layout: TileLayout
    page: int = 0

    @property
    def identity(self) -> tuple[str, int]:
        """As `LoadedImage.identity`."""
        return (self.sha256, self.page)


@dataclass(frozen=True, slots=True, eq=False)
class TileScores:
    """How unlike the others each tile of one picture is. All arrays have one entry per tile, row-major, read-only.

    Args:
        layout: the tiles.
        scores: finite, at least 0; higher is more anomalous. NaN for tiles without a score, of which nothing or hardly
            anything is to be looked at; at least one tile has one.
        sources: the pictures compared with; the picture itself first where it took part.
        nearest_source: index into `sources` of each tile's nearest look-alike, never the tile itself; -1 where there is
            none.
        nearest_tile: the look-alike's tile in that source; -1 where there is none.
        nearest_similarity: cosine similarity to the look-alike, -1..1; NaN where there is none.
        cell_map: `(rows, cols)` float32 scores of a dense engine's cells, NaN for those without; None when a cell is a
            tile.
        varied: the picture was compared with itself alone and is not the same everywhere: an object or a scene, whose
            tiles cannot be judged by one another.
        doubtful: it may be an object all the same: what is flagged counts, but that nothing is says little.
        unlikeness: cosine distance, in the last layer, that a quarter of a dense engine's cells exceed to the nearest
            in the other pictures; NaN without such pictures or where a cell is a tile.
        strongest_cell: the cell of a dense engine under each tile's highest point, which look-alikes are sought for;
            None when a cell is a tile.
        neighbour_lists: `(tiles, k)` float64 similarities to the nearest other tiles, where a cell is a tile
            and the picture was compared with itself; None elsewhere.
    """

    layout: TileLayout
    scores: Floats
    sources: tuple[Source, ...]
    nearest_source: Ints
    nearest_tile: Ints
    nearest_similarity: Floats
    cell_map: npt.NDArray[np.float32] | None = None
    varied: bool = False
    doubtful: bool = False
    unlikeness: float = math.nan
    strongest_cell: Ints | None = None
    neighbour_lists: Floats | None = None

    @property
    def scored(self) -> Flags:
        """`(tiles,)` True for tiles with a score."""
        return ~np.isnan(self.scores)

    @property
    def comparable(self) -> Floats:
        """The scores, and -1 for tiles without one, which is below all of them."""
        return np.where(self.scored, self.scores, -1.0)

    @property
    def highest(self) -> float:
        """The highest score."""
        return float(np.nanmax(self.scores))

    @property
    def ranks(self) -> Ints:
        """1 for the highest score; equal scores are ranked in tile order, and tiles without one come last."""
        ranks = np.empty(len(self.scores), np.int64)
        ranks[np.argsort(-self.scores, kind="stable")] = np.arange(1, len(self.scores) + 1)
        return ranks


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """Which tiles are flagged, and what is said of the picture.

    Args:
        rule: the rule that decided (never `AUTO`).
        threshold: lowest score that is flagged under this rule, in score units.
        flags: `(tiles,)` bool, read-only.
        verdict: what is said of the picture.
        reason: why, in a sentence for the user.
        needed: the score that the strongest tile must reach before any is flagged; None where that is the threshold.
    """

    rule: RuleName
    threshold: float
    flags: Flags
    verdict: Verdict
    reason: str
    needed: float | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inspection:
    """One picture's answer.

    Args:
        image: the picture's name as given.
        sha256: hex digest of its bytes.
        size_wh: width and height in pixels.
        page: the page that was read, 0-based.
        settings: what was asked for.
        engine: the engine that ran (never `AUTO`).
        engine_version: its version.
        scope: what the tiles were compared with in fact; `SELF` where a wanted scope offered no other picture.
        scores: the tiles with their scores and look-alikes.
        decision: flags and verdict.
        notes: what was done that the user should know: to the picture, or an engine taken in place of another.
        seconds: time taken by each step, by its name; 0 for what came from the cache.
    """

    image: str
    sha256: str
    size_wh: tuple[int, int]
    page: int
    settings: Settings
    engine: EngineName
    engine_version: str
    scope: Scope
    scores: TileScores
    decision: Decision
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, int]:
        """As `LoadedImage.identity`."""
        return (self.sha256, self.page)

    @property
    def flagged_tiles(self) -> list[int]:
        """Flagged tiles, the most anomalous first."""
        order = np.argsort(-self.scores.scores, kind="stable")
        return [int(tile) for tile in order if self.decision.flags[tile]]

    @property
    def strongest_tile(self) -> int:
        """The tile with the highest score."""
        return int(np.nanargmax(self.scores.scores))

    @property
    def threshold(self) -> float | None:
        """The lowest score that is flagged; None where nothing was learnt that a score could be held against.

        That is where there are too few tiles, an object was compared with itself, or there was nothing to learn from.
        The decision then has the lowest number that no tile reaches.
        """
        threshold = self.decision.threshold
        if self.decision.flags.any() and threshold < math.inf:
            return threshold
        known = math.nextafter(self.scores.highest, math.inf) < threshold < math.inf
        return threshold if known else None

    @property
    def needed(self) -> float | None:
        """The score that the strongest tile must reach before any is flagged; None where nothing was learnt.

        Once it has, others are flagged from another score on, which goes by the strongest: the threshold.
        """
        return self.threshold if self.threshold is None else self.decision.needed or self.threshold

    @property
    def excess(self) -> float | None:
        """How many times what it takes the strongest tile scores: something is flagged from 1 on; None likewise."""
        return self.scores.highest / self.needed if self.needed else None

    @property
    def ignored_share(self) -> float:
        """Share of the picture that was not to be looked at, 0..1."""
        return 0.0 if self.settings.ignore is None else self.settings.ignore.share

    @property
    def total_seconds(self) -> float:
        """Time taken by all steps."""
        return float(sum(self.seconds.values()))


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that could not be inspected.

    Args:
        image: its name as given.
        error: why, with the remedy.
        sha256: hex digest of its bytes; empty where they could not be read.
    """

    image: str
    error: SegDetectError
    sha256: str = ""
