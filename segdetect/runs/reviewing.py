"""What reviews are asked for, what they make of a plan, and what they say of how good it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from segdetect.inspection import Inspection
from segdetect.output.segments import segments
from segdetect.runs.lessons import confidence_interval
from segdetect.storage.history.entries import Entry
from segdetect.storage.history.reviews import Box, Judgement, Review, Standing, place_of, standings
from segdetect.storage.plans.plan import AllowedPlace, GoodPicture, Plan
from segdetect.storage.plans.plans import Plans


@dataclass(frozen=True, slots=True)
class Question:
    """A flagged segment that a person is asked about.

    Args:
        entry: the inspection in the history.
        boxes_ltrb: the segment's tiles.
        tile: its strongest tile.
        strength: the segment's highest score over what it takes to flag any; less certain where it is lower. Below 1
            where it was flagged only since another place stood out.
    """

    entry: Entry
    boxes_ltrb: tuple[Box, ...]
    tile: int
    strength: float

    @property
    def place(self) -> str:
        """As `Review.place`."""
        return place_of(self.boxes_ltrb)

    @property
    def about(self) -> tuple[object, ...]:
        """As `Review.about`."""
        return (self.entry.id, self.entry.created, self.place)


def tile_boxes(inspection: Inspection, tiles: Sequence[int]) -> tuple[Box, ...]:
    """The pixel boxes of tiles."""
    boxes = inspection.scores.layout.boxes_ltrb[list(tiles)].tolist()
    return tuple((left, top, right, bottom) for left, top, right, bottom in boxes)


def questions(entry: Entry, inspection: Inspection) -> list[Question]:
    """The flagged segments of an inspection."""
    needed = inspection.needed or 0.0
    return [
        Question(
            entry,
            tile_boxes(inspection, segment.tiles),
            segment.strongest_tile,
            segment.max_score / needed if needed > 0 else math.inf,
        )
        for segment in segments(inspection)
    ]


def least_certain_first(found: Iterable[Question]) -> list[Question]:
    """Questions in the order in which answers teach most; equal ones the newest first."""
    return sorted(found, key=lambda one: (one.strength, -one.entry.id, one.tile))


def settled_plan(plan: Plan, review: Review, reviews: Iterable[Review]) -> Plan:
    """The plan with a place allowed or no longer allowed, as all that is said of it comes to.

    It is allowed while somebody says that it is no defect and nobody that it is one, in whichever inspection of the
    picture by this plan.

    Args:
        plan: the plan in its last version.
        review: of the place in question.
        reviews: all of what was inspected by the plan.
    """
    if not review.boxes_ltrb or review.drawn is not None:
        return plan
    same = [r for r in reviews if (r.sha256, r.page, r.place) == (review.sha256, review.page, review.place)]
    said = {standing.judgement for standing in standings(same)} - {Judgement.UNSURE}
    place = AllowedPlace(review.image, review.sha256, review.page, review.boxes_ltrb)
    return plan.allowing(place) if said == {Judgement.NO_DEFECT} else plan.forbidding(place)


def learn_from(plans: Plans, review: Review, reviews: Iterable[Review], picture: bytes | None) -> Plan | None:
    """Make what is said of a place count in the plan that it was inspected by.

    Args:
        plans: the kept plans.
        review: of the place in question.
        reviews: all of what was inspected by this plan, this one among them.
        picture: the picture's bytes; None where they are not at hand, and the place then cannot be allowed.

    Returns:
        The plan's new version; None where nothing is to be changed.

    Raises:
        StorageError: there is no such plan any more, it was changed at the same moment, the picture is missing, or the
            folder cannot be written.
        SettingsError: it has no room for a further place.
    """
    if review.plan is None:
        return None
    plan = plans.get(review.plan)
    settled = settled_plan(plan, review, reviews)
    if settled == plan:
        return None
    return plans.keep(settled, {} if picture is None else {review.sha256: picture})


def still_flagged(question: Question, inspection: Inspection) -> bool:
    """Whether a later answer for the same picture flags any of a segment's tiles."""
    boxes = set(question.boxes_ltrb)
    return any(boxes.intersection(tile_boxes(inspection, [tile])) for tile in inspection.flagged_tiles)


def make_good(plans: Plans, entry: Entry, picture: bytes) -> Plan:
    """Make a picture that a person found to be without defect one of the known-good ones of its plan; raises as
    `learn_from`."""
    plan = plans.get(entry.plan or "")
    good = (*plan.good, GoodPicture(entry.image, entry.sha256, entry.page))
    return plans.keep(replace(plan, good=good), {entry.sha256: picture})


@dataclass(frozen=True, slots=True)
class Worth:
    """How good a plan is, by what people said.

    Args:
        found: defects that it flagged.
        alarms: flagged places that are no defects.
        missed: defects that it did not flag and somebody drew.
        open: places that people are unsure of, or disagree about.
    """

    found: int = 0
    alarms: int = 0
    missed: int = 0
    open: int = 0

    @property
    def precision(self) -> float | None:
        """The share of what it flagged that is defective; None where nothing was judged."""
        return self.found / (self.found + self.alarms) if self.found + self.alarms else None

    @property
    def recall(self) -> float | None:
        """The share of the known defects that it flagged; None where none is known."""
        return self.found / (self.found + self.missed) if self.found + self.missed else None

    @property
    def precision_interval(self) -> tuple[float, float] | None:
        """Between which shares the truth lies, 19 times in 20; None where nothing was judged."""
        return confidence_interval(self.found, self.found + self.alarms) if self.found + self.alarms else None

    @property
    def recall_interval(self) -> tuple[float, float] | None:
        """The same of the recall."""
        return confidence_interval(self.found, self.found + self.missed) if self.found + self.missed else None


def worth_of(said: Iterable[Standing]) -> Worth:
    """What is said of places, counted; whole pictures do not count."""
    found = alarms = missed = left = 0
    for standing in said:
        first = standing.opinions[0]
        if not first.boxes_ltrb:
            continue
        match standing.judgement:
            case Judgement.DEFECT if first.drawn is not None:
                missed += 1
            case Judgement.DEFECT:
                found += 1
            case Judgement.NO_DEFECT if first.drawn is None:
                alarms += 1
            case _:
                left += 1
    return Worth(found, alarms, missed, left)


def worth_over_time(reviews: Iterable[Review]) -> dict[date, Worth]:
    """What all pictures inspected up to each day come to, by the day."""
    said = standings(reviews)
    days = sorted({_day(one) for one in said})
    return {day: worth_of([one for one in said if _day(one) <= day]) for day in days}


def _day(standing: Standing) -> date:
    return standing.opinions[0].inspected.astimezone().date()
