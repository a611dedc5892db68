"""What travels to whoever inspects a part of a run: names, digests and settings; bytes only of files not seen there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from segdetect import __version__
from segdetect.documents.failures import failure_document, read_failure
from segdetect.documents.settings import read_settings, settings_record
from segdetect.errors import SegDetectError
from segdetect.inspection import Failure
from segdetect.message import packed, unpacked
from segdetect.pictures.page_choice import DEFAULT_PAGES, PageChoice
from segdetect.pictures.places import Place, State, read_place, state_of
from segdetect.pictures.source_file import SourceFile
from segdetect.settings import EngineName, Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture file as it is named to a worker.

    Args:
        number: its place in the run, from 0 on; of references, among these.
        name: as the outputs name it.
        notes: what was assumed about it.
        named: it was given by itself.
        page: the page that is meant, 0-based; of references.
        sha256: hex digest of its bytes, where it is known; of references.
        place: where it lies; None where only the sender has it.
        state: how it looked from there.
        allowed: as in `LoadedImage`; of what others are compared with.
        done: so many of its pages are done already.
        data: its bytes, for a worker that does not see it.
        failure: why the sender cannot read it, as `failure_document` has it.
    """

    number: int
    name: str
    notes: tuple[str, ...] = ()
    named: bool = False
    page: int = 0
    sha256: str = ""
    place: Place | None = None
    state: State | None = None
    allowed: tuple[tuple[int, int, int, int], ...] = ()
    done: int = 0
    data: bytes | None = field(default=None, repr=False, compare=False)
    failure: Mapping[str, Any] | None = field(default=None, compare=False)

    @classmethod
    def of(cls, number: int, file: SourceFile) -> Self:
        """A file of a run, by its place where it lies on a disk, else with its bytes."""
        state = None if file.place is None else state_of(file.place)
        wanted = cls(
            number=number,
            name=file.name,
            notes=file.notes,
            named=file.named,
            page=file.page,
            sha256=file.sha256,
            place=None if state is None else file.place,
            state=state,
            allowed=file.allowed,
        )
        return wanted if state is not None else wanted.with_bytes(file)

    def with_bytes(self, file: SourceFile) -> Self:
        """The same with its bytes, or with the reason why there are none."""
        try:
            return replace(self, data=file.data())
        except SegDetectError as error:
            return replace(self, failure=failure_document(Failure(file.name, error)))

    @property
    def has_come(self) -> bool:
        """Whether it can be read here: it came with its bytes, or the same file lies at its place."""
        if self.data is not None or self.failure is not None:
            return True
        return self.place is not None and state_of(self.place) == self.state

    def file(self) -> SourceFile:
        """The file, read by whoever asks."""
        return SourceFile(
            self.name,
            self._read,
            notes=self.notes,
            page=self.page,
            named=self.named,
            sha256=self.sha256,
            place=self.place,
            allowed=self.allowed,
        )

    def _read(self) -> bytes:
        if self.failure is not None:
            raise read_failure(self.failure).error
        if self.data is not None:
            return self.data
        assert self.place is not None
        return read_place(self.place)

    @property
    def size(self) -> int:
        """How many bytes it has, or its archive, as far as that is known."""
        if self.state is not None and self.place is not None and not self.place.members:
            return self.state.size
        return len(self.data or b"")

    def record(self) -> dict[str, Any]:
        """As values that any version of SegDetect can take."""
        return asdict(self) | {"notes": packed(self.notes)}


def read_wanted(record: Mapping[str, Any]) -> Wanted:
    """What `Wanted.record` made."""
    place, state = record["place"], record["state"]
    return Wanted(
        **{
            **record,
            "notes": tuple(unpacked(record["notes"])),
            "place": None if place is None else Place(place["path"], tuple(place["members"])),
            "state": None if state is None else State(**state),
            # None was allowed in runs from before it could be.
            "allowed": tuple((a, b, c, d) for a, b, c, d in record.get("allowed", ())),
        }
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Order:
    """What is to be done with each picture of a run, alike for all its parts.

    Args:
        settings: what was asked for.
        engine: the engine that answers.
        engine_version: its version, which a worker must have, too.
        engine_notes: what was said of the choice.
        bank: the references by their pages, or in scope batch the files that each is compared with.
        pages: which pages of files are taken.
        page_names: names of files that a page must not get.
        annotated: whether annotated pictures are to be drawn.
        thumbnail: the longest side of small annotated pictures, in pixels; 0 for none.
    """

    settings: Settings
    engine: EngineName
    engine_version: str
    engine_notes: tuple[str, ...] = ()
    bank: tuple[Wanted, ...] = ()
    pages: PageChoice = DEFAULT_PAGES
    page_names: tuple[str, ...] = ()
    annotated: bool = False
    thumbnail: int = 0

    @cached_property
    def bank_key(self) -> tuple[object, ...]:
        """Equal for orders whose banks hold the same pictures."""
        return (self.settings.scope, self.bank, self.pages, self.page_names)

    def record(self) -> dict[str, Any]:
        """As values that any version of SegDetect can take."""
        return {
            "segdetect": __version__,
            "settings": settings_record(self.settings),
            "engine": self.engine.value,
            "engine_version": self.engine_version,
            "engine_notes": packed(self.engine_notes),
            "bank": [wanted.record() for wanted in self.bank],
            "pages": asdict(self.pages),
            "page_names": list(self.page_names),
            "annotated": self.annotated,
            "thumbnail": self.thumbnail,
        }


def read_order(record: Mapping[str, Any]) -> Order:
    """What `Order.record` made."""
    return Order(
        settings=read_settings(record["settings"]),
        engine=EngineName(record["engine"]),
        engine_version=record["engine_version"],
        engine_notes=tuple(unpacked(record["engine_notes"])),
        bank=tuple(map(read_wanted, record["bank"])),
        pages=PageChoice(**record["pages"]),
        page_names=tuple(record["page_names"]),
        annotated=record["annotated"],
        thumbnail=record["thumbnail"],
    )
