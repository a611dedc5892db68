"""A plan together with its pictures, wherever these lie."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from segdetect.errors import DamagedPlanError
from segdetect.pictures.source_file import SourceFile
from segdetect.settings import Scope
from segdetect.storage.plans.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class OpenPlan:
    """A plan whose pictures can be read.

    Args:
        plan: the plan.
        read: gives the bytes of one of its pictures by its digest; raises `StorageError` where it cannot.
    """

    plan: Plan
    read: Callable[[str], bytes]

    def good_files(self) -> list[SourceFile]:
        """Its known-good pictures by their pages, read when needed."""
        return [
            SourceFile(one.name, partial(self.bytes_of, one.sha256), page=one.page, sha256=one.sha256)
            for one in self.plan.good
        ]

    def allowed_files(self) -> list[SourceFile]:
        """The pictures with places that it allows, each once, read when needed."""
        found: dict[tuple[str, int], SourceFile] = {}
        for one in self.plan.allowed:
            read = partial(self.bytes_of, one.sha256)
            file = found.get(one.identity) or SourceFile(one.name, read, page=one.page, sha256=one.sha256)
            found[one.identity] = replace(file, allowed=(*file.allowed, *one.boxes_ltrb))
        return [*found.values()]

    def bank_files(self, scope: Scope) -> list[SourceFile]:
        """What pictures are compared with in this scope, beside those of their batch, read when needed."""
        return [*(self.good_files() if scope is Scope.REFERENCES else ()), *self.allowed_files()]

    def bytes_of(self, sha256: str) -> bytes:
        """The bytes of one of its pictures, which are those that were put in.

        Raises:
            DamagedPlanError: they are damaged or gone.
            StorageError: they cannot be read.
        """
        data = self.read(sha256)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise damaged_picture(self.plan, sha256)
        return data


def name_of(plan: Plan, sha256: str) -> str:
    """What a picture of a plan is called."""
    return next((name for digest, name in plan.names if digest == sha256), "a picture")


def damaged_picture(plan: Plan, sha256: str) -> DamagedPlanError:
    """The error for a picture of a plan that is gone or is not what it was."""
    # It alone would take the place of all the known-good ones.
    is_good = any(one.sha256 == sha256 for one in plan.good)
    what = "the plan all of its known-good pictures" if is_good else "it to the plan"
    return DamagedPlanError(
        f"{name_of(plan, sha256)} is damaged or gone (SHA-256 {sha256[:16]}...)",
        remedy=f"Give {what} once more, or import the plan from a file that has it",
        file=plan.name,
    )
