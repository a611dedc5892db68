"""What is called out of a picture, to be read across a room."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from segdetect.inspection import Failure, Inspection, Verdict


class Call(StrEnum):
    """What whoever stands at the line is to do with the part."""

    OK = "OK"
    NOT_OK = "NOT OK"
    LOOK = "LOOK"


# Whatever is not sure is for a person to look at.
_CALLS: Final = {Verdict.NORMAL: Call.OK, Verdict.ANOMALOUS: Call.NOT_OK}


def call_of(result: Inspection | Failure) -> Call:
    """What is called out of an answer, or of a picture that has none."""
    return _CALLS.get(result.decision.verdict, Call.LOOK) if isinstance(result, Inspection) else Call.LOOK
