"""The plans that are kept on this machine.

    plans/HASH/000001.json, 000002.json   the versions of a plan, the last one in use; none is altered
    plans/HASH/deleted                    when it was deleted; gone again when that is taken back
    plans/pictures/SHA256                 each picture once, whichever plans have it

The name of a plan is in its versions alone and never becomes part of a path.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Final

from segdetect.errors import NotKeptError, SettingsError, StorageError
from segdetect.files import changing, file_name, home, storage_errors, write_atomic
from segdetect.storage.pictures import Pictures
from segdetect.storage.plans.opened import OpenPlan, damaged_picture
from segdetect.storage.plans.plan import Plan, plan_name, plan_record, read_plan
from segdetect.storage.shelf import Contents, Damaged, Shelf, as_record, shown

# So long a deletion can be taken back.
KEPT_DELETED: Final = timedelta(days=30)
_DELETED: Final = "deleted"
_GONE: Final = ".gone-"
_VERSIONS: Final = "*.json"


class Plans:
    """The kept plans.

    Args:
        folder: made when a plan is first kept; by default one in the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home() / "plans"
        self._pictures = Pictures(self.folder / "pictures")

    def kept(self) -> Contents[Plan]:
        """The plans in their last versions, by name, and what was kept but cannot be read."""
        found = [self._versions(place) for place in self._places() if not (place / _DELETED).exists()]
        last = [contents.whole[-1] for contents in found if contents.whole]
        damaged = [_beside(one, contents.whole) for contents in found for one in contents.damaged]
        return Contents(
            tuple(sorted(last, key=lambda plan: plan.name.casefold())),
            tuple(sorted(damaged, key=lambda one: one.name.casefold())),
        )

    def deleted(self) -> list[Plan]:
        """The plans whose deletion can be taken back, by name."""
        found = [self._versions(place) for place in self._places() if (place / _DELETED).exists()]
        last = [contents.whole[-1] for contents in found if contents.whole]
        return sorted(last, key=lambda plan: plan.name.casefold())

    def versions(self, name: str) -> tuple[Plan, ...]:
        """All versions of a plan that can be read, the first one first, also of one that was deleted."""
        return self._versions(self._place(name)).whole

    def get(self, name: str, version: int | None = None) -> Plan:
        """A plan in its last version, or in this one, which may also be that of a deleted plan.

        Raises:
            StorageError: there is none, or it cannot be read.
        """
        found = self._versions(self._place(name))
        deleted = version is None and (self._place(name) / _DELETED).exists()
        for plan in reversed(found.whole):
            if not deleted and version in (None, plan.version):
                return plan
        if found.damaged and not deleted:
            raise found.damaged[0].error
        if deleted and found.whole:
            remedy = "It was deleted: `segdetect plan restore` or the Plans page takes that back"
            raise NotKeptError("no plan of this name is kept", remedy=remedy, file=name)
        raise _not_kept(name, version, [plan.version for plan in found.whole], self._alike(name))

    def _alike(self, name: str) -> str:
        """A kept plan's name that differs in upper and lower case alone, else nothing."""
        return next((plan.name for plan in self.kept().whole if plan.name.casefold() == name.casefold()), "")

    def open(self, name: str, version: int | None = None) -> OpenPlan:
        """A plan with its pictures; raises as `get`."""
        return self.opened(self.get(name, version))

    def opened(self, plan: Plan) -> OpenPlan:
        """A plan of these with its pictures."""

        def read(sha256: str) -> bytes:
            data = self._pictures.found(sha256)
            if data is None:
                raise damaged_picture(plan, sha256)
            return data

        return OpenPlan(plan, read)

    def keep(self, plan: Plan, pictures: Mapping[str, bytes] | None = None) -> Plan:
        """Keep a plan as a new version of itself; whatever happens, all of it is there afterwards, or nothing.

        Args:
            plan: with the version that it was made from: 0 for a new one.
            pictures: the bytes of those that may not be kept yet, or may be damaged, by their digests.

        Returns:
            The plan with the version that it has now, which is the one that it had where nothing was changed.

        Raises:
            SettingsError: a new one has the name of another.
            StorageError: someone else has changed it meanwhile, a picture is missing, the folder cannot be written, or
                the disk is full.
        """
        with self._changing():
            last = self._check_last(plan)
            if last is not None and replace(plan, created=last.created) == last:
                self._put_pictures(last, pictures or {})
                return last
            number = 1 + max(_numbers(self._place(plan.name)), default=0)
            return self._write(replace(plan, version=number, created=datetime.now(UTC)), pictures or {})

    def lacking(self, plan: Plan) -> list[str]:
        """The digests of the pictures of a plan that are damaged or gone.

        Raises:
            StorageError: one cannot be read.
        """
        return [sha256 for sha256 in sorted(plan.digests) if not self._is_whole(sha256)]

    def _is_whole(self, sha256: str) -> bool:
        data = self._pictures.found(sha256)
        return data is not None and hashlib.sha256(data).hexdigest() == sha256

    def mend(self, plan: Plan, pictures: Mapping[str, bytes]) -> None:
        """Put pictures of a plan in the place of damaged ones, in whichever version it has them.

        Args:
            plan: the plan.
            pictures: their bytes by their digests; those that it does not have are passed over.

        Raises:
            StorageError: the folder cannot be written, or the disk is full.
        """
        with self._changing():
            self._put_pictures(plan, pictures)

    def put(self, plan: Plan, pictures: Mapping[str, bytes]) -> Plan:
        """Keep a plan that was made elsewhere under a name that no plan here has, with the version it has there.

        Args:
            plan: the plan.
            pictures: the bytes of all of its pictures, by their digests.

        Raises:
            SettingsError: there is a plan of this name.
            StorageError: as `keep`.
        """
        with self._changing():
            self._check_last(replace(plan, version=0))
            number = max(plan.version, 1 + max(_numbers(self._place(plan.name)), default=0))
            return self._write(replace(plan, version=number), pictures)

    def delete(self, name: str, *, for_good: bool = False) -> None:
        """Delete a plan so that it can be taken back for 30 days; those deleted before then go for good.

        Args:
            name: the plan's.
            for_good: it goes at once, with pictures that no other has; also one that was deleted before.

        Raises:
            StorageError: there is none, or the folder cannot be written.
        """
        with self._changing():
            if not (for_good and self.versions(name)):
                self.get(name)
            now = datetime.now(UTC)
            moment = datetime.min.replace(tzinfo=UTC) if for_good else now
            write_atomic(self._place(name) / _DELETED, moment.isoformat().encode())
            self._clear(now - KEPT_DELETED)

    def restore(self, name: str) -> Plan:
        """Take a deletion back.

        Raises:
            StorageError: it is gone, or the folder cannot be written.
        """
        with self._changing():
            (self._place(name) / _DELETED).unlink(missing_ok=True)
        return self.get(name)

    def discard(self, damaged: Damaged) -> None:
        """Remove what is left of a damaged version, for good.

        Raises:
            StorageError: the folder cannot be written.
        """
        Shelf(damaged.path.parent, _VERSIONS, _read_version).discard(damaged)

    def _write(self, plan: Plan, pictures: Mapping[str, bytes]) -> Plan:
        for sha256 in sorted(plan.digests - pictures.keys()):
            self.opened(plan).bytes_of(sha256)  # an error that names it, where it is not kept
        self._put_pictures(plan, pictures)
        place = self._place(plan.name)
        write_atomic(place / f"{plan.version:06d}.json", json.dumps(plan_record(plan), indent=1).encode())
        (place / _DELETED).unlink(missing_ok=True)
        return plan

    def _put_pictures(self, plan: Plan, pictures: Mapping[str, bytes]) -> None:
        """Keep those of the plan's that are given, also in place of damaged ones."""
        for sha256 in sorted(plan.digests & pictures.keys()):
            data = pictures[sha256]
            if hashlib.sha256(data).hexdigest() != sha256:
                raise damaged_picture(plan, sha256)
            if self._pictures.found(sha256) != data:
                self._pictures.remove([sha256])
                self._pictures.put(data, sha256)

    def _check_last(self, plan: Plan) -> Plan | None:
        """The last version, if it is the one that this plan was made from."""
        place = self._place(plan.name)
        found = self._versions(place)
        for unread in found.damaged:
            if not unread.can_be_removed:  # a later version may lie there
                raise unread.error
        last = found.whole[-1] if found.whole and not (place / _DELETED).exists() else None
        version = 0 if last is None else last.version
        if version == plan.version:
            return last
        if not plan.version:
            raise SettingsError("there is a plan of this name already", remedy="Choose another name", file=plan.name)
        raise StorageError(
            f"someone else has changed this plan meanwhile: it is at version {version}, and your change was made to "
            f"version {plan.version}",
            remedy="Open it anew and make your change again",
            file=plan.name,
        )

    def _clear(self, before: datetime) -> None:
        """Remove plans deleted before then, and pictures that no version of any plan has; the folder is held."""
        for place in self._places():
            if _deleted_at(place) < before:
                # Half of it would be a plan again, in an earlier version.
                place.rename(place.with_name(f"{_GONE}{place.name}"))
        for gone in self.folder.glob(f"{_GONE}*"):
            rmtree(gone)
        used: set[str] = set()
        for place in self._places():
            found = self._versions(place)
            if found.damaged:
                return  # which pictures it has is not known
            used |= {digest for plan in found.whole for digest in plan.digests}
        there = [path.name for path in self._pictures.folder.glob("?" * 64)]
        self._pictures.remove(digest for digest in there if digest not in used)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with storage_errors(self.folder), changing(self.folder):
            # What a writer that was killed left half done.
            for part in self.folder.glob("*/.*.part"):
                part.unlink(missing_ok=True)
            yield

    def _places(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("?" * len(file_name(""))) if path.is_dir())

    def _place(self, name: str) -> Path:
        return self.folder / file_name(plan_name(name))

    def _versions(self, place: Path) -> Contents[Plan]:
        return Shelf(place, _VERSIONS, _read_version).contents()


def _numbers(place: Path) -> list[int]:
    """Of all versions there were, those that are damaged among them."""
    return [int(path.name[:6]) for path in place.glob("*.json*") if path.name[:6].isdigit()]


def _beside(damaged: Damaged, whole: Sequence[Plan]) -> Damaged:
    """A damaged version, with the one that is in use all the same."""
    if not (whole and damaged.can_be_removed and damaged.path.name[:6].isdigit()):
        return damaged
    number, last = int(damaged.path.name[:6]), whole[-1]
    problem = f"version {number} is damaged and was set aside; version {last.version} is in use"
    what = "Nothing is to be done" if last.version > number else "Make your change again"
    remedy = f"{what}; what is left of it is {shown(damaged.path)}"
    return replace(damaged, name=last.name, problem=problem, remedy=remedy)


def _deleted_at(place: Path) -> datetime:
    """When it was deleted; a day that never comes where it was not, or nobody knows when."""
    try:
        return datetime.fromisoformat((place / _DELETED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def _read_version(file: Path) -> Plan:
    state = file.stat()
    return _parsed(file, state.st_mtime_ns, state.st_size)


# Pages list the plans at every rerun, and a version is never altered.
@functools.lru_cache(maxsize=4096)
def _parsed(file: Path, _mtime: int, _size: int) -> Plan:
    plan = read_plan(as_record(file.read_bytes(), file))
    if file.stem != f"{plan.version:06d}":
        raise ValueError(f"version {plan.version} does not belong here")
    return plan


def _not_kept(name: str, version: int | None, versions: Sequence[int], alike: str) -> NotKeptError:
    """What is said of a plan that is not there, where one with a name `alike` may be, or of a version that is not."""
    if version is None or not versions:
        remedy = f"There is {alike}: upper and lower case count" if alike else ""
        remedy = remedy or "Choose another: `segdetect plan list` names them"
        return NotKeptError("no plan of this name is kept", remedy=remedy, file=name)
    first, last = min(versions), max(versions)
    there = f"It has versions {first} to {last}" if first < last else f"It has version {last} alone"
    return NotKeptError(f"there is no version {version} of this plan", remedy=there, file=name)
