"""What a plan is, and its form in JSON."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from segdetect.documents.checked import number, whole
from segdetect.documents.settings import read_settings, settings_record
from segdetect.errors import SettingsError, StorageError
from segdetect.files import checked_name
from segdetect.message import Message
from segdetect.settings import PlanVersion, Scope, Settings

# Raised when a field changes its meaning or goes; a new field that may be absent raises nothing.
FORMAT: Final = 1
# Each is described anew where it is not in memory, and compared with all the others to learn from.
MAX_GOOD: Final = 500
# So is each picture with an allowed place, and so is every picture that is inspected with it.
MAX_ALLOWED: Final = 200
MAX_LABELS: Final = 50
MAX_NOTES: Final = 10_000
_KIND: Final = "segdetect plan"
_DIGITS: Final = frozenset("0123456789abcdef")

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class GoodPicture:
    """A known-good picture of a plan.

    Args:
        name: as answers call it.
        sha256: hex digest of its file's bytes.
        page: the page of the file, 0-based.

    Raises:
        SettingsError: a digest or a page that is none.
    """

    name: str
    sha256: str
    page: int = 0

    def __post_init__(self) -> None:
        _check_digest(self.sha256)
        if self.page < 0:
            raise SettingsError(f"there is no page {self.page}", remedy="Count pages from 0 on", file=self.name)

    @property
    def identity(self) -> tuple[str, int]:
        """As `LoadedImage.identity`."""
        return (self.sha256, self.page)


@dataclass(frozen=True, slots=True)
class AllowedPlace:
    """A place in a picture that was flagged and is no defect: what looks like it is not held against a picture.

    Args:
        name: what the picture is called.
        sha256: hex digest of its file's bytes.
        page: the page of the file, 0-based.
        boxes_ltrb: the place in pixels, right and bottom exclusive, such as the tiles of a segment; at least one.

    Raises:
        SettingsError: a digest, a page or a box that is none.
    """

    name: str
    sha256: str
    page: int
    boxes_ltrb: tuple[Box, ...]

    def __post_init__(self) -> None:
        _check_digest(self.sha256)
        if self.page < 0 or not self.boxes_ltrb or not all(map(_is_box, self.boxes_ltrb)):
            raise SettingsError("a place that is allowed lies in no picture", remedy="Allow another", file=self.name)
        object.__setattr__(self, "boxes_ltrb", tuple(sorted(self.boxes_ltrb)))

    @property
    def identity(self) -> tuple[str, int]:
        """As `LoadedImage.identity`."""
        return (self.sha256, self.page)

    def is_same(self, other: AllowedPlace) -> bool:
        """Whether it is the same place, whatever its picture is called."""
        return (self.identity, self.boxes_ltrb) == (other.identity, other.boxes_ltrb)


def _is_box(box: Box) -> bool:
    left, top, right, bottom = box
    return 0 <= left < right and 0 <= top < bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What someone sets up once for a part or a material. Pictures are named by their digests and kept beside it.

    Args:
        name: as its users write it, in any script; without spaces around it, 1 to 80 characters.
        settings: grid, engine, scope, rule and regions to ignore.
        good: the known-good pictures, up to 500, each page once.
        allowed: places that were flagged and are no defects, up to 200.
        picture: digest of the picture that it is known by; empty for that of the first good one.
        mm_per_pixel: how many millimetres a pixel is wide and high, where that is known; finite, above 0.
        labels: what reviewers may call what they mark.
        notes: for whoever uses it.
        version: which of its versions this is, from 1 on; 0 before it was first kept.
        created: when this version was.

    Raises:
        SettingsError: a name, a scale, a digest or a list that will not do.
    """

    name: str
    settings: Settings = field(default_factory=Settings)
    good: tuple[GoodPicture, ...] = ()
    allowed: tuple[AllowedPlace, ...] = ()
    picture: str = ""
    mm_per_pixel: float | None = None
    labels: tuple[str, ...] = ()
    notes: str = ""
    version: int = 0
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", plan_name(self.name))
        # What a plan asks for is its own, wherever its settings come from.
        object.__setattr__(self, "settings", replace(self.settings, plan=None))
        object.__setattr__(self, "good", tuple({one.identity: one for one in self.good}.values()))
        object.__setattr__(self, "labels", tuple(dict.fromkeys(checked_name(one, "label") for one in self.labels)))
        if self.picture:
            _check_digest(self.picture)
        _check_most(len(self.good), MAX_GOOD, "known-good pictures")
        _check_most(len(self.allowed), MAX_ALLOWED, "allowed places")
        _check_most(len(self.labels), MAX_LABELS, "labels")
        _check_most(len(self.notes), MAX_NOTES, "characters of notes")
        if self.mm_per_pixel is not None and not (math.isfinite(self.mm_per_pixel) and self.mm_per_pixel > 0):
            raise SettingsError(
                Message("a pixel of {size} mm was asked for", size=self.mm_per_pixel),
                remedy="Give a number above 0, or leave it out",
            )

    @property
    def applied(self) -> Settings:
        """The settings as an inspection by this plan has them: with its name and version, once it was kept."""
        known = PlanVersion(self.name, self.version) if self.version else None
        return replace(self.settings, plan=known)

    @property
    def cover(self) -> str:
        """Digest of the picture that it is known by; empty where there is none."""
        return self.picture or (self.good[0].sha256 if self.good else "")

    @property
    def digests(self) -> frozenset[str]:
        """Of all pictures that belong to it."""
        return frozenset({self.picture, *(digest for digest, _ in self.names)} - {""})

    @property
    def names(self) -> list[tuple[str, str]]:
        """Digest and name of each picture that it has for a reason of its own."""
        good = [(one.sha256, one.name) for one in self.good]
        return [*good, *((one.sha256, one.name) for one in self.allowed)]

    def allowing(self, place: AllowedPlace) -> Plan:
        """The same with a place allowed, once."""
        return self if any(map(place.is_same, self.allowed)) else replace(self, allowed=(*self.allowed, place))

    def forbidding(self, place: AllowedPlace) -> Plan:
        """The same without it."""
        return replace(self, allowed=tuple(one for one in self.allowed if not one.is_same(place)))

    @property
    def lacks_good(self) -> bool:
        """Whether it compares with known-good pictures and has none."""
        return self.settings.scope is Scope.REFERENCES and not self.good


def plan_name(name: str) -> str:
    """A plan's name as it is kept: equal for what looks the same, however it was typed.

    Raises:
        SettingsError: as `checked_name`.
    """
    return checked_name(unicodedata.normalize("NFC", name))


def plan_record(plan: Plan) -> dict[str, Any]:
    """A plan as JSON values; `read_plan` makes an equal one of them."""
    return {
        "document": _KIND,
        "format": FORMAT,
        "name": plan.name,
        "version": plan.version,
        "created": plan.created.isoformat(),
        "settings": settings_record(plan.settings),
        "good": [{"name": one.name, "sha256": one.sha256, "page": one.page} for one in plan.good],
        "allowed": [
            {"name": one.name, "sha256": one.sha256, "page": one.page, "boxes": [list(box) for box in one.boxes_ltrb]}
            for one in plan.allowed
        ],
        "picture": plan.picture,
        "mm_per_pixel": plan.mm_per_pixel,
        "labels": list(plan.labels),
        "notes": plan.notes,
    }


def read_plan(record: Mapping[str, Any]) -> Plan:
    """The plan that a record was made of.

    Raises:
        StorageError: a newer SegDetect wrote it.
        SettingsError, ValueError, TypeError, LookupError, AttributeError: it is something else.
    """
    if record["document"] != _KIND:
        raise ValueError("it is no plan")
    if whole(record["format"]) > FORMAT:
        raise StorageError(
            f"it is a plan of format {record['format']}, and this SegDetect reads format {FORMAT}",
            remedy="Install the SegDetect that wrote it, or a newer one",
            file=str(record["name"]),
        )
    return Plan(
        name=record["name"],
        settings=read_settings(record["settings"]),
        good=tuple(GoodPicture(str(g["name"]), g["sha256"], whole(g["page"])) for g in record["good"]),
        # Nothing was allowed in those from before it could be.
        allowed=tuple(map(_read_place, record.get("allowed", ()))),
        picture=record["picture"],
        mm_per_pixel=None if record["mm_per_pixel"] is None else number(record["mm_per_pixel"]),
        labels=tuple(map(str, record["labels"])),
        notes=str(record["notes"]),
        version=whole(record["version"]),
        created=datetime.fromisoformat(record["created"]),
    )


def _read_place(record: Mapping[str, Any]) -> AllowedPlace:
    boxes = [tuple(map(whole, box)) for box in record["boxes"]]
    place = tuple((left, top, right, bottom) for left, top, right, bottom in boxes)
    return AllowedPlace(str(record["name"]), record["sha256"], whole(record["page"]), place)


def _check_digest(sha256: str) -> None:
    if len(sha256) != 64 or set(sha256) - _DIGITS:
        raise SettingsError(f"'{sha256[:80]}' is no SHA-256", remedy="Name a picture by its digest")


def _check_most(count: int, most: int, what: str) -> None:
    if count > most:
        raise SettingsError(f"a plan got {count} {what}, and has room for {most}", remedy="Leave some out")
