"""What people say of what was found: values, and what becomes of several about one place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from segdetect.errors import SettingsError
from segdetect.regions import Regions, read_regions_record
from segdetect.storage.history.entries import Entry, storable

MAX_NOTE: Final = 2000
_MAX_BOXES: Final = 1024  # the tiles of the finest grid
_LONGEST: Final = 80

Box = tuple[int, int, int, int]


class Judgement(StrEnum):
    """What a person says of a place in a picture, or of the whole picture."""

    DEFECT = "defect"
    NO_DEFECT = "not a defect"
    UNSURE = "unsure"
    # What the same person said of it before no longer counts.
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one person said of one place. It is kept for good, also when the entry that it is about is deleted.

    Args:
        inspection: number of the entry in the history.
        inspected: when that was; an entry that took its place has another time, and is not what was reviewed.
        image: the picture's name.
        sha256: hex digest of its bytes.
        page: the page that was read, 0-based.
        size_wh: its width and height in pixels.
        plan: name of the plan that it was inspected by; None where there is none.
        plan_version: of that plan.
        boxes_ltrb: the place in pixels, right and bottom exclusive: the tiles of a segment, or what is around a region
            that was drawn. Empty for the whole picture.
        drawn: the region of a defect that the program missed; None for what it flagged.
        judgement: what was said.
        label: one of the plan's, or empty.
        note: in their own words.
        who: their name.
        created: when it was said.
        id: its number, once it is kept; a later one has a higher one.

    Raises:
        SettingsError: nobody said it, or a label or a note is too long.
    """

    inspection: int
    inspected: datetime
    image: str
    sha256: str
    page: int
    size_wh: tuple[int, int]
    plan: str | None = None
    plan_version: int | None = None
    boxes_ltrb: tuple[Box, ...] = ()
    drawn: Regions | None = None
    judgement: Judgement
    label: str = ""
    note: str = ""
    who: str
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "who", storable(self.who).strip())
        if not self.who or len(self.who) > _LONGEST:
            raise SettingsError("a review needs somebody's name", remedy=f"Give one of 1 to {_LONGEST} characters")
        if len(self.label) > _LONGEST or len(self.note) > MAX_NOTE:
            raise SettingsError(
                "the label or the note is too long",
                remedy=f"Give a label of at most {_LONGEST} characters and a note of at most {MAX_NOTE}",
            )
        if len(self.boxes_ltrb) > _MAX_BOXES:
            raise SettingsError("a review is of too many tiles", remedy=f"Give at most {_MAX_BOXES}")

    @classmethod
    def of(cls, entry: Entry, **values: Any) -> Review:
        """A review of something in an entry of the history; the other arguments by name."""
        return cls(
            inspection=entry.id,
            inspected=entry.created,
            image=entry.image,
            sha256=entry.sha256,
            page=entry.page,
            size_wh=entry.size_wh,
            plan=entry.plan,
            plan_version=entry.plan_version,
            **values,
        )

    @property
    def place(self) -> str:
        """What tells it from other places of the picture: equal for equal ones, whoever reviewed them."""
        return place_of(self.boxes_ltrb, self.drawn)

    @property
    def about(self) -> tuple[int, datetime, str]:
        """Equal for reviews of one place of one answer."""
        return (self.inspection, self.inspected, self.place)

    def row(self, account: str) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "account": storable(account),
            "inspection": self.inspection,
            "inspected": self.inspected,
            "image": storable(self.image),
            "sha256": self.sha256,
            "page": self.page,
            "width": self.size_wh[0],
            "height": self.size_wh[1],
            "plan": None if self.plan is None else storable(self.plan),
            "plan_version": self.plan_version,
            "place": self.place,
            "boxes": json.dumps(self.boxes_ltrb),
            "drawn": None if self.drawn is None else json.dumps(self.drawn.record()),
            "judgement": self.judgement.value,
            "label": storable(self.label),
            "note": storable(self.note),
            "who": self.who,
            "created": self.created,
        }


def place_of(boxes_ltrb: Iterable[Box], drawn: Regions | None = None) -> str:
    """`Review.place` of a place.

    >>> place_of(()) == place_of([]) != place_of([(0, 0, 8, 8)])
    True
    """
    text = json.dumps([sorted(boxes_ltrb), None if drawn is None else drawn.sha256])
    return hashlib.sha256(text.encode()).hexdigest()


def read_review(row: Any) -> Review:
    """The review that a row of the database was made of."""
    kept = ("inspection", "inspected", "image", "sha256", "page", "plan", "plan_version")
    said = ("label", "note", "who", "created", "id")
    return Review(
        **{name: row[name] for name in (*kept, *said)},
        size_wh=(row["width"], row["height"]),
        boxes_ltrb=tuple((left, top, right, bottom) for left, top, right, bottom in json.loads(row["boxes"])),
        drawn=read_regions_record(None if row["drawn"] is None else json.loads(row["drawn"])),
        judgement=Judgement(row["judgement"]),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What is said of one place at present.

    Args:
        opinions: the last review of each person who has not taken theirs back, in the order in which they came.
    """

    opinions: tuple[Review, ...]

    @property
    def judgement(self) -> Judgement | None:
        """What all say who are sure; `UNSURE` where nobody is, None where they disagree."""
        sure = {one.judgement for one in self.opinions} - {Judgement.UNSURE}
        if len(sure) > 1:
            return None
        return sure.pop() if sure else Judgement.UNSURE

    @property
    def disputed(self) -> bool:
        """Whether two people who are sure disagree."""
        return self.judgement is None

    def by(self, who: str) -> Review | None:
        """What one person says."""
        return next((one for one in self.opinions if one.who == who), None)


def standings(reviews: Iterable[Review]) -> list[Standing]:
    """What is said of each place, in the order in which the first of the reviews that count came."""
    last: dict[tuple[tuple[int, datetime, str], str], Review] = {}
    for review in sorted(reviews, key=lambda one: one.id):
        last[review.about, review.who] = review
    found: dict[tuple[int, datetime, str], list[Review]] = {}
    for review in sorted(last.values(), key=lambda one: one.id):
        if review.judgement is not Judgement.TAKEN_BACK:
            found.setdefault(review.about, []).append(review)
    return [Standing(tuple(opinions)) for opinions in found.values()]
