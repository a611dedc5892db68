"""Finished inspections: kept, listed, found, reopened, deleted."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final

import sqlalchemy as sa

from segdetect.documents.settings import read_settings
from segdetect.errors import InputError, StorageError
from segdetect.inspection import Failure, Inspection
from segdetect.storage.history.adding import add, note_picture
from segdetect.storage.history.database import Database
from segdetect.storage.history.entries import (
    Entry,
    Finding,
    Place,
    Run,
    Search,
    countable,
    result_of,
    unpacked_document,
)
from segdetect.storage.history.hiding import hide, is_shown, is_unwanted, show
from segdetect.storage.history.retention import NO_LIMITS, Limits, Size, excess, limits_of, size_of
from segdetect.storage.history.reviewing import add_reviews, reviews_of
from segdetect.storage.history.reviews import Review
from segdetect.storage.history.schema import make_ready
from segdetect.storage.history.scores import NormalScores, normal_scores
from segdetect.storage.history.searching import entry_of, listed, matching
from segdetect.storage.history.statements import parts_of
from segdetect.storage.history.tables import documents, inspections, limits, pictures, runs
from segdetect.storage.pictures import Pictures

SWITCH: Final = "SEGDETECT_HISTORY"


def is_on() -> bool:
    """Whether anything is kept: `SEGDETECT_HISTORY=0` turns it off."""
    return os.environ.get(SWITCH, "").strip().lower() not in ("0", "off", "no", "false")


class History:
    """The history.

    Args:
        url: of its database; by default as `Database` has it.
        pictures: where pictures lie that are kept too.
    """

    def __init__(self, url: str | None = None, *, pictures: Pictures | None = None) -> None:
        self.database = Database(url)
        self.pictures = pictures or Pictures()
        self._starting = threading.Lock()
        self._ready = False

    def start(self) -> str:
        """Make its tables, or bring them to this version's form; whatever is asked of it does so first.

        Returns:
            What the user should know of that; empty where there is nothing to be told.

        Raises:
            StorageError: a later version of SegDetect has been at it, or it cannot be read or written.
        """
        with self._starting:
            told = "" if self._ready else make_ready(self.database)
            self._ready = True
            return told

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        self.start()
        with self._checking_again(), self.database.reading() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        self.start()
        with self._checking_again(), self.database.writing() as connection:
            yield connection

    @contextmanager
    def _checking_again(self) -> Iterator[None]:
        """After trouble look anew: its file may have been moved away, or a later version been at it."""
        try:
            yield
        except StorageError:
            self._ready = False
            raise

    def add(self, run: Run, findings: Sequence[Finding]) -> list[int]:
        """Keep findings of a run, all of them or none.

        Returns:
            Their entries' numbers; one that takes the place of an earlier one has the number of that.

        Raises:
            StorageError: it cannot be written.
        """
        kept = {f.result.sha256: f.picture for f in findings if f.picture is not None}
        with self.pictures.changing() if kept else nullcontext(), self._writing() as connection:
            numbers = add(connection, run, findings)
            for sha256, data in kept.items():
                self.pictures.put(data, sha256)
            return numbers

    def find(self, search: Search, *, after: Place | None = None, count: int = 50) -> list[Entry]:
        """Entries that are asked for, with their thumbnails, the newest first.

        Args:
            search: which.
            after: only those that come after this place; from the first one unless given.
            count: so many at most.

        Raises:
            StorageError: it cannot be read.
        """
        with self._reading() as connection:
            return listed(connection, search, after=after, count=count)

    def count(self, search: Search) -> int:
        """How many entries are asked for; raises `StorageError` where it cannot be read."""
        with self._reading() as connection:
            return connection.execute(sa.select(sa.func.count()).where(*matching(search))).scalar_one()

    def entry(self, number: int, *, account: str = "") -> Entry:
        """An account's entry by its number.

        Raises:
            InputError: there is none, or no more.
            StorageError: it cannot be read.
        """
        with self._reading() as connection:
            return entry_of(connection, number, account)

    def document(self, number: int, *, account: str = "") -> dict[str, Any]:
        """What `segdetect.documents` made of an account's entry; raises as `entry` does, and where it is damaged."""
        query = sa.select(documents.c.document).join(inspections).where(*_owned([number], account), is_shown())
        with self._reading() as connection:
            data = connection.execute(query).scalar()
        if data is None:
            raise InputError(f"there is no entry {number} in the history, or no more", remedy="Choose another")
        return dict(unpacked_document(data))

    def result(self, number: int, *, account: str = "") -> Inspection | Failure:
        """An account's entry exactly as it was; raises as `entry` does, and where it is damaged."""
        return result_of(self.document(number, account=account))

    def normal_scores(self, plan: str, version: int, *, account: str = "", first: int, last: int) -> NormalScores:
        """Scores of normal pictures by a version of a plan, as the function of this name has them.

        Raises:
            StorageError: it cannot be read.
        """
        with self._reading() as connection:
            return normal_scores(connection, plan, version, account=account, first=first, last=last)

    def run(self, id: str) -> Run:
        """A run by its id; raises `InputError` where there is none, or no more."""
        with self._reading() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == id)).mappings().first()
        if row is None:
            raise InputError("there is no such run in the history, or no more", remedy="Choose another")
        values = {name: row[name] for name in ("name", "engine", "engine_version", "account", "id", "started")}
        return Run(**values, settings=read_settings(json.loads(row["settings"])))

    def places(self, run: Run) -> frozenset[str]:
        """What the entries of a run are told by, as `Finding.place` has it; hidden ones, too.

        Raises:
            StorageError: it cannot be read.
        """
        with self._reading() as connection:
            found = connection.execute(sa.select(inspections.c.key).where(inspections.c.run == run.id))
            return frozenset(found.scalars())

    def picture(self, entry: Entry) -> bytes | None:
        """The picture of an entry; None where it was not kept, or not on this machine.

        Raises:
            StorageError: it cannot be read, or is damaged.
        """
        return self.pictures.get(entry.sha256) if entry.has_picture else None

    def review(self, *reviews: Review, account: str = "") -> list[int]:
        """Keep reviews of an account, all of them or none; none that is kept already is altered.

        Returns:
            Their numbers.

        Raises:
            StorageError: it cannot be written.
        """
        with self._writing() as connection:
            return add_reviews(connection, reviews, account)

    def reviews(
        self, *, plan: str | None = None, entries: Sequence[int] | None = None, account: str = ""
    ) -> list[Review]:
        """An account's reviews in the order in which they came, those that no longer count among them.

        Args:
            plan: only those of what was inspected by a plan of this name.
            entries: only those of these entries of the history.
            account: whose.

        Raises:
            StorageError: it cannot be read.
        """
        with self._reading() as connection:
            return reviews_of(connection, account, plan=plan, entries=entries)

    def keep_picture(self, entry: Entry, data: bytes) -> None:
        """Keep the picture of an entry, too, as if that had been asked for when it was inspected.

        Raises:
            StorageError: it cannot be written.
        """
        with self.pictures.changing(), self._writing() as connection:
            note_picture(connection, entry.sha256, len(data))
            connection.execute(sa.update(inspections).where(_is_entry(entry)).values(picture=entry.sha256))
            self.pictures.put(data, entry.sha256)

    def hide(self, numbers: Iterable[int], *, account: str = "") -> int:
        """Delete an account's entries so that `show` brings them back for five minutes; how many there were.

        Raises:
            StorageError: it cannot be written.
        """
        with self._writing() as connection:
            return sum(hide(connection, [*_owned(some, account), is_shown()]) for some in parts_of(numbers))

    def show(self, numbers: Iterable[int], *, account: str = "") -> int:
        """Bring back those of an account's entries that are hidden still; otherwise as `hide`."""
        with self._writing() as connection:
            return sum(show(connection, _owned(some, account)) for some in parts_of(numbers))

    def hidden(self, numbers: Sequence[int], *, account: str = "") -> int:
        """How many of an account's entries `show` would bring back; raises `StorageError` where it cannot be read."""
        query = sa.select(sa.func.count()).where(*_owned(numbers, account), ~is_shown())
        with self._reading() as connection:
            return connection.execute(query).scalar_one()

    def purge(self) -> int:
        """Delete the entries of all accounts that were hidden too long ago to be wanted back; otherwise as `delete`."""
        unwanted = is_unwanted()
        with self._reading() as connection:
            if connection.execute(sa.select(inspections.c.id).where(unwanted).limit(1)).first() is None:
                return 0
        return self._delete([unwanted])

    def absent(self, numbers: Iterable[int], *, account: str = "") -> list[int]:
        """Those of these numbers under which an account has nothing, in their order.

        Raises:
            StorageError: it cannot be read.
        """
        missing: list[int] = []
        with self._reading() as connection:
            for some in parts_of(numbers):
                found = {*connection.execute(sa.select(inspections.c.id).where(*_owned(some, account))).scalars()}
                missing += [number for number in some if number not in found]
        return missing

    def delete(self, numbers: Iterable[int], *, account: str = "") -> int:
        """Delete an account's entries, and pictures that no other has.

        Returns:
            How many there were.

        Raises:
            StorageError: it cannot be written.
        """
        return sum(self._delete(_owned(some, account)) for some in parts_of(numbers))

    def delete_found(self, search: Search) -> int:
        """Delete all entries that are asked for; otherwise as `delete`."""
        return self._delete(matching(search))

    def _delete(self, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
        with self._writing() as connection:
            gone = connection.execute(sa.delete(inspections).where(*conditions)).rowcount
            used = sa.exists().where(inspections.c.run == runs.c.id)
            connection.execute(sa.delete(runs).where(~used))
        if gone:
            self._tidy()
        return gone

    def _tidy(self) -> None:
        """Remove pictures that no entry has any more."""
        used = sa.exists().where(inspections.c.picture == pictures.c.sha256)
        unused = sa.select(pictures.c.sha256).where(~used)
        with self._reading() as connection:
            if connection.execute(unused.limit(1)).first() is None:
                return
        with self.pictures.changing():
            with self._writing() as connection:
                digests = [*connection.execute(unused).scalars()]
                connection.execute(sa.delete(pictures).where(pictures.c.sha256.in_(digests)))
            self.pictures.remove(digests)

    def size(self, *, account: str = "") -> Size:
        """How much an account's entries hold; raises `StorageError` where it cannot be read."""
        with self._reading() as connection:
            return size_of(connection, account)

    def limits(self, *, account: str = "") -> Limits:
        """How long, and how much, is kept for an account; raises `StorageError` where it cannot be read."""
        with self._reading() as connection:
            return limits_of(connection, account)

    def set_limits(self, new: Limits, *, account: str = "") -> None:
        """Change that; raises `StorageError` where it cannot be written."""
        with self._writing() as connection:
            connection.execute(sa.delete(limits).where(limits.c.account == account))
            if new != NO_LIMITS:
                connection.execute(sa.insert(limits).values(account=account, days=new.days, bytes=new.bytes))

    def trim(self, *, account: str = "", sure: bool = False) -> int:
        """Delete what is beyond an account's limits, the oldest first, and what `purge` does; otherwise as `delete`.

        Args:
            account: whose entries.
            sure: somebody asks for it who sees the date. Otherwise nothing goes for its age in the week after the date
                went on by more than a week without entries: it may be wrong.
        """
        gone = self.purge()
        while True:
            with self._reading() as connection:
                numbers = excess(connection, account, sure=sure)
            if not numbers:
                return gone
            gone += self.delete(numbers, account=account)


def _is_entry(entry: Entry) -> sa.ColumnElement[bool]:
    return sa.and_(inspections.c.id == entry.id, inspections.c.sha256 == entry.sha256)


def _owned(numbers: Sequence[int], account: str) -> Sequence[sa.ColumnElement[bool]]:
    return (inspections.c.id.in_(countable(numbers)), inspections.c.account == account)
