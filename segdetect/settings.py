"""What a user may choose, validated on construction."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from numbers import Integral, Real
from typing import Final, TypeGuard, TypeVar

import numpy as np

from segdetect.errors import SettingsError
from segdetect.message import Message
from segdetect.regions import Regions

MAX_GRID: Final = 32
DEFAULT_GRID: Final = 7  # the blog's
DEFAULT_FALSE_ALARMS: Final = 0.1
FEW_DEFECTIVE: Final = 0.1  # share of a batch

N = TypeVar("N", bound=StrEnum)


class EngineName(StrEnum):
    """How a picture is described; `AUTO` takes the first healthy one of fastdup, dinov2, texture."""

    AUTO = "auto"
    FASTDUP = "fastdup"
    DINOV2 = "dinov2"
    TEXTURE = "texture"


class Scope(StrEnum):
    """What a tile is compared with."""

    SELF = "self"
    REFERENCES = "references"
    BATCH = "batch"


class RuleName(StrEnum):
    """How scores become flags; `AUTO` takes the rule that fits the scope."""

    AUTO = "auto"
    GATE = "gate"
    CALIBRATED = "calibrated"
    FENCE = "fence"
    STOCK = "stock"
    THRESHOLD = "threshold"


def member(kind: type[N], name: str, what: str) -> N:
    """The member of that name.

    Args:
        kind: the choices.
        name: one of them.
        what: what is chosen, for the error.

    Raises:
        SettingsError: there is none; names those there are.
    """
    try:
        return kind(name)
    except ValueError:
        raise SettingsError(f"there is no {what} {name!r}", remedy=f"Choose one of {', '.join(kind)}") from None


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number; True and False, which Python counts as 1 and 0, are none."""
    return isinstance(value, Integral) and not _is_truth(value)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not _is_truth(value) and math.isfinite(value)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool | np.bool_)


@dataclass(frozen=True, slots=True)
class GridSize:
    """Tiles down and across.

    Raises:
        SettingsError: a side that is no whole number from 1 to 32, or a 1 x 1 grid (a single tile has nothing to
            compare with).
    """

    rows: int = DEFAULT_GRID
    cols: int = DEFAULT_GRID

    def __post_init__(self) -> None:
        for name, value in (("rows", self.rows), ("columns", self.cols)):
            if not is_whole(value) or not 1 <= value <= MAX_GRID:
                # A text or a pair looks like a number only until it is written as Python writes it.
                told = f"the grid has {value!r} {name}"
                kind = "" if is_whole(value) else ", as a whole number"
                raise SettingsError(told, remedy=f"Choose 1 to {MAX_GRID} {name}{kind}")
        if self.rows == self.cols == 1:
            raise SettingsError(
                "a 1 x 1 grid is a single tile with nothing to compare it with",
                remedy="Choose at least two tiles, for example 7 x 7",
            )

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return self.rows * self.cols

    def __str__(self) -> str:
        return f"{self.rows} x {self.cols}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A decision rule and the number it needs.

    Args:
        name: the rule.
        threshold: for `THRESHOLD`: tiles scoring at least this are flagged, in score units, finite.
        false_alarms: for `GATE` and `CALIBRATED`: share of clean pictures that may be flagged by mistake, as far as can
            be told from clean pictures of other kinds or good ones of this kind; 0 < x <= 0.5.
        expected_defective: for `CALIBRATED` in a batch: share of its pictures that is expected to be defective, and not
            to be taken for good; 0 <= x <= 0.5.

    Raises:
        SettingsError: an unknown name, `THRESHOLD` without a finite number, or a share out of range.
    """

    name: RuleName = RuleName.AUTO
    threshold: float | None = None
    false_alarms: float = DEFAULT_FALSE_ALARMS
    expected_defective: float = FEW_DEFECTIVE

    def __post_init__(self) -> None:
        # Programs may give the bare name, which everything after would take for none of the rules.
        object.__setattr__(self, "name", member(RuleName, self.name, "rule"))
        if self.name is RuleName.THRESHOLD and not _is_number(self.threshold):
            raise SettingsError(
                f"the rule 'threshold' got {self.threshold}",
                remedy="Give a finite number as the threshold, for example 0.3",
            )
        if not (_is_number(self.false_alarms) and 0 < self.false_alarms <= 0.5):
            raise SettingsError(
                Message("a false-alarm budget of {share} was asked for", share=self.false_alarms),
                remedy=Message("Choose more than 0 and at most {most} (one clean picture in two)", most=0.5),
            )
        if not (_is_number(self.expected_defective) and 0 <= self.expected_defective <= 0.5):
            raise SettingsError(
                Message("a share of {share} defective pictures was expected", share=self.expected_defective),
                remedy=Message("Choose 0 to {most}: what most of a batch shows is taken for good", most=0.5),
            )


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """Which plan settings were taken from, and which of its versions.

    Raises:
        SettingsError: no name, or a version below 1.
    """

    name: str
    version: int

    def __post_init__(self) -> None:
        if not self.name or not is_whole(self.version) or self.version < 1:
            raise SettingsError(f"there is no version {self.version} of a plan '{self.name}'", remedy="Choose another")

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that decides an answer, apart from the pictures.

    Args:
        grid: the tiles.
        engine: how a picture is described.
        scope: what tiles are compared with.
        rule: how scores become flags.
        plan: the plan that all of this was taken from, so that an old answer can be explained; decides nothing itself.
        ignore: regions that are not looked at, in the picture nor in what it is compared with; None for none.

    Raises:
        SettingsError: an engine or a scope that there is not, or a grid or a rule that is none.
    """

    grid: GridSize = field(default_factory=GridSize)
    engine: EngineName = EngineName.AUTO
    scope: Scope = Scope.SELF
    rule: Rule = field(default_factory=Rule)
    plan: PlanVersion | None = None
    ignore: Regions | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "engine", member(EngineName, self.engine, "engine"))
        object.__setattr__(self, "scope", member(Scope, self.scope, "scope"))
        if not isinstance(self.grid, GridSize):
            raise SettingsError(f"{self.grid!r} is no grid", remedy="Give GridSize(rows, cols), as GridSize(7, 7)")
        if not isinstance(self.rule, Rule):
            raise SettingsError(f"{self.rule!r} is no rule", remedy="Give Rule(name), as Rule('gate')")
