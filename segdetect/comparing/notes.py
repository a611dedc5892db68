"""What is to be said of a comparison besides its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segdetect.comparing.tiled import Picture
from segdetect.engines.base import Embeddings
from segdetect.errors import NothingToScoreError
from segdetect.inspection import TileScores
from segdetect.message import Message
from segdetect.regions import Regions
from segdetect.settings import Scope

_ALONE: Final = {
    Scope.REFERENCES: "There is no known-good picture other than this one, so it was compared with itself.",
    Scope.BATCH: "There is no other picture in the batch, so it was compared with itself.",
}


def alone_note(wanted: Scope, scope: Scope) -> tuple[str, ...]:
    """That a picture was compared with itself, where that was not wanted."""
    return () if scope is wanted else (_ALONE[wanted],)


def unscored_note(scores: TileScores, ignore: Regions | None) -> tuple[str, ...]:
    """How much of a picture was not looked at."""
    unscored = int((~scores.scored).sum())
    ignored = () if ignore is None else (Message("{share:.3g} % of it is ignored.", share=100 * ignore.share),)
    if not unscored:
        return ignored
    if ignored:
        return (*ignored, f"{unscored} of its {len(scores.scores)} tiles have too little left and have no score.")
    return (f"{unscored} of its {len(scores.scores)} tiles hold hardly anything that was measured and have no score.",)


def unused_note(bank: Sequence[Picture], embeddings: Sequence[Embeddings]) -> tuple[str, ...]:
    """Which pictures of the bank have nothing to be compared with."""
    names = [member.image.name for member, one in zip(bank, embeddings, strict=True) if not len(one.counted)]
    if not names:
        return ()
    return (f"It was not compared with {', '.join(names)}: no part of that holds enough that was measured.",)


def nothing_to_score(picture: Picture) -> NothingToScoreError:
    """Why no tile of a picture can have a score."""
    name = picture.image.name
    if picture.ignore is not None:
        problem = "no tile of it has enough left to look at: the rest is ignored, is padding or stands for no data"
        return NothingToScoreError(problem, remedy="Ignore less of it, or choose a finer grid", file=name)
    return NothingToScoreError(
        "no tile of it holds enough that was measured: the rest is padding or stands for no data",
        remedy="Choose a finer grid or another picture",
        file=name,
    )
