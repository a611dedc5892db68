"""A plan as one file, to be taken to another machine: a ZIP with the plan and its pictures.

    plan.json            what `plan_record` makes
    pictures/SHA256      each picture

Nothing in such a file is taken on trust: it may come from anywhere.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segdetect.errors import InputError, StorageError
from segdetect.pictures import limits
from segdetect.pictures.archives import ZIP_ERRORS, Archive, Member, OpenZip, search
from segdetect.storage.plans.opened import OpenPlan
from segdetect.storage.plans.plan import Plan, plan_record, read_plan
from segdetect.storage.shelf import DAMAGE

SUFFIX: Final = ".segplan"
_PLAN: Final = "plan.json"
_PICTURES: Final = "pictures/"
# The largest plan has 500 pictures with names of up to 65,000 characters; people's have a few kilobytes.
_MAX_PLAN_BYTES: Final = 40_000_000
# The same plan is the same file, whenever it is exported.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_ANOTHER: Final = "Choose a file that was exported from a plan"
_AGAIN: Final = "Export the plan again, and copy the file whole"


@dataclass(frozen=True, slots=True, eq=False)
class PlanFile:
    """What such a file holds.

    Args:
        plan: the plan.
        pictures: the bytes of all of its pictures, by their digests, which were checked.
    """

    plan: Plan
    pictures: Mapping[str, bytes]

    @property
    def opened(self) -> OpenPlan:
        """The plan with its pictures."""
        return OpenPlan(self.plan, self.pictures.__getitem__)


def write_segplan(plan: OpenPlan) -> bytes:
    """A plan as a file.

    Raises:
        StorageError: a picture cannot be read, or is damaged.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        text = json.dumps(plan_record(plan.plan), indent=1)
        archive.writestr(_entry(_PLAN), text.encode(), zipfile.ZIP_DEFLATED)
        for sha256 in sorted(plan.plan.digests):
            # Pictures are compressed already.
            archive.writestr(_entry(f"{_PICTURES}{sha256}"), plan.bytes_of(sha256), zipfile.ZIP_STORED)
    return file.getvalue()


def read_segplan(data: bytes, *, name: str) -> PlanFile:
    """What a file of a plan holds.

    Args:
        data: the file's bytes.
        name: what it is called in errors.

    Raises:
        InputError: it is none, is damaged, holds what no plan has, or unpacks to more than it may.
        StorageError: a newer SegDetect wrote it.
    """
    try:
        members = _members(data, name)
        if _PLAN not in members:
            raise InputError("it is no plan that SegDetect exported", remedy=_ANOTHER, file=name)
        plan = read_plan(json.loads(_read(members.pop(_PLAN), _MAX_PLAN_BYTES)))
        _check_names(plan, members, name)
        pictures = {digest: _read(members[f"{_PICTURES}{digest}"], limits.MAX_FILE_BYTES) for digest in plan.digests}
        if any(hashlib.sha256(one).hexdigest() != digest for digest, one in pictures.items()):
            raise ValueError("a picture is not what its name says")
        return PlanFile(plan, pictures)
    except InputError as error:
        raise type(error)(error.problem, remedy=error.remedy, file=name) from error
    except StorageError as error:
        raise StorageError(error.problem, remedy=error.remedy, file=name) from error
    except (*ZIP_ERRORS, *DAMAGE) as error:
        raise InputError("this plan is damaged", remedy=_AGAIN, file=name) from error


def open_segplan(path: Path) -> PlanFile:
    """The same of a file on this machine; raises `InputError` also where it cannot be read."""
    try:
        if path.stat().st_size > limits.MAX_FILE_BYTES:
            raise InputError("it has more than a gigabyte", remedy=_ANOTHER, file=str(path))
        data = path.read_bytes()
    except OSError as error:
        problem = f"it cannot be read ({error.strerror or error})"
        raise InputError(problem, remedy="Check the path", file=str(path)) from error
    return read_segplan(data, name=str(path))


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _EPOCH)


def _members(data: bytes, name: str) -> dict[str, Member]:
    """What is in it, by name; names are only looked up, and never become part of a path."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise InputError("it is no plan that SegDetect exported", remedy=_ANOTHER, file=name)
    found: dict[str, Member] = {}
    for item in search(Archive(lambda: io.BytesIO(data)), OpenZip(), name=name):
        if not isinstance(item, Member) or item.name in found:
            raise _foreign(item.name)
        found[item.name] = item
    room = limits.upload_limit(len(data))
    if sum(member.size for member in found.values()) > room:
        raise InputError(f"it unpacks to more than {room // 1_000_000} megabytes", remedy=_ANOTHER, file=name)
    return found


def _check_names(plan: Plan, members: Mapping[str, Member], name: str) -> None:
    wanted = {f"{_PICTURES}{digest}" for digest in plan.digests}
    for member in members:
        if member not in wanted:
            raise _foreign(member)
    missing = len(wanted - set(members))
    if missing:
        raise InputError(f"{missing} of its {len(wanted)} pictures are not in it", remedy=_AGAIN, file=name)


def _foreign(member: str) -> InputError:
    return InputError(f"it holds '{member[:200]}', which is no part of a plan", remedy=_ANOTHER)


def _read(member: Member, most: int) -> bytes:
    if member.size > most:
        raise InputError(f"a part of it has more than {most // 1_000_000} megabytes", remedy=_ANOTHER)
    return member.read(None)
