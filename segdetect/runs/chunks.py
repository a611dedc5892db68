"""A part of a run, inspected in whichever process takes it: in plain values, out plain values."""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
from cachetools import LRUCache
from PIL import Image

from segdetect import __version__
from segdetect.cores import threads
from segdetect.errors import ClusterError
from segdetect.inspection import Failure
from segdetect.log import begin_log, event
from segdetect.output.annotation import annotated_thumbnail, png_bytes
from segdetect.output.finished import Finished
from segdetect.pictures.image import LoadedImage
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.page_choice import Pages
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress, part_of
from segdetect.runs.batch import Answer, answers_of, chunks, load_bank, load_each, parts_of
from segdetect.runs.orders import Order, Wanted, read_order, read_wanted
from segdetect.settings import Scope

# Of the work on a part; the rest is drawing what was found, after which there are answers.
_INSPECTING: Final = 0.95
# So many runs at a time have their bank in a worker's memory.
_BANKS: Final = 2
_banks: LRUCache[object, list[LoadedImage]] = LRUCache(_BANKS)
_banks_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Part:
    """What came of a part of a run.

    Args:
        finished: the pictures that are done.
        files: so many of its files are done with; the rest is another part.
        pages: so many pages of the file after these are done.
        unseen: numbers of files that are not seen here and must be sent; nothing is done then.
        unseen_bank: the same of the bank.
    """

    finished: tuple[Finished, ...] = ()
    files: int = 0
    pages: int = 0
    unseen: tuple[int, ...] = ()
    unseen_bank: tuple[int, ...] = ()

    def record(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "finished": [(one.record, one.annotated, one.thumbnail) for one in self.finished],
            "files": self.files,
            "pages": self.pages,
            "unseen": self.unseen,
            "unseen_bank": self.unseen_bank,
        }


def forget_banks() -> None:
    """Let go of the pictures that runs of this process compared with."""
    with _banks_lock:
        _banks.clear()


def read_part(record: Mapping[str, Any]) -> Part:
    """What `Part.record` made."""
    return Part(**{**record, "finished": tuple(Finished(*one) for one in record["finished"])})


def inspect_chunk(
    order: Mapping[str, Any],
    files: Sequence[Mapping[str, Any]],
    *,
    inspector: Inspector | None = None,
    references: Sequence[LoadedImage] = (),
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Inspect as many of the files as go in together; whoever asked sends the rest again.

    Args:
        order: what `Order.record` made.
        files: what `Wanted.record` made of each.
        inspector: what inspects; this process's own, kept from one part to the next, if left out.
        references: the pictures of the order's bank, where they are at hand already.
        progress: told the share of the part that is done; may raise `CancelledError`.

    Returns:
        What `Part.record` makes.

    Raises:
        EngineUnavailableError: the engine cannot run here.
        ClusterError: this process has another SegDetect or another version of the engine.
    """
    if order["segdetect"] != __version__:
        raise _other("SegDetect", str(order["segdetect"]), __version__)
    known = read_order(order)
    # In scope batch what is at hand is but a part of the bank: what is allowed.
    at_hand = references if known.settings.scope is not Scope.BATCH else ()
    bank, unseen_bank = (at_hand, ()) if at_hand else _bank_of(known)
    wanted = [read_wanted(file) for file in files]
    unseen = tuple(file.number for file in wanted if not file.has_come)
    if unseen or unseen_bank:
        return Part(unseen=unseen, unseen_bank=unseen_bank).record()
    return _inspect(known, wanted, _settled(inspector or _own_inspector(), known), bank, progress).record()


@functools.cache
def _own_inspector() -> Inspector:
    begin_log("worker")
    cv2.setNumThreads(threads())  # it alone does not ask for the share of this worker
    return Inspector()


def _other(what: str, wanted: str, found: str) -> ClusterError:
    return ClusterError(
        f"a worker has {what} {found}, and this run wants {wanted}",
        remedy="Install the same versions on all machines",
    )


def _settled(inspector: Inspector, order: Order) -> Inspector:
    """An inspector that answers by the engine of the order, in its version."""
    settled = inspector.settled_as(order.settings.engine, order.engine, order.engine_notes)
    engine, _ = settled.choose(order.settings.engine)
    if engine.version != order.engine_version:
        raise _other("the engine", order.engine_version, engine.version)
    return settled


def _inspect(
    order: Order, files: Sequence[Wanted], inspector: Inspector, bank: Sequence[LoadedImage], progress: Progress
) -> Part:
    taken = _Taken(order, files)
    chunk = next(chunks(load_each(taken.pictures(), order.settings, load_source)), [])
    start, stop = taken.shares
    drawn_from = start + _INSPECTING * (stop - start)
    answers = list(answers_of(chunk, inspector, order.settings, bank, part_of(progress, start, drawn_from)))
    images = [item for item in chunk if isinstance(item, LoadedImage)]
    progress(drawn_from, "drawing them")
    finished = tuple(taken.finished(answers))
    inspector.forget(images, order.settings, bank=bank)
    return Part(finished, *taken.end)


def _bank_of(order: Order) -> tuple[list[LoadedImage], tuple[int, ...]]:
    """The pictures to compare with, kept from one part to the next, or the numbers of those that must be sent."""
    with _banks_lock:
        if order.bank_key in _banks:
            return _banks[order.bank_key], ()
        unseen = tuple(one.number for one in order.bank if not _is_same(one))
        if unseen:
            return [], unseen
        bank = _load_bank(order)
        _banks[order.bank_key] = bank
        return bank, ()


def _is_same(wanted: Wanted) -> bool:
    if not wanted.has_come or not wanted.sha256 or wanted.data is not None:
        return wanted.has_come
    return hashlib.sha256(wanted.file().data()).hexdigest() == wanted.sha256


def _load_bank(order: Order) -> list[LoadedImage]:
    files = [one.file() for one in order.bank]
    if order.settings.scope is not Scope.BATCH:
        return [load_source(file) for file in files]
    peers, allowed = ([file for file in files if bool(file.allowed) is wanted] for wanted in (False, True))
    return [
        *load_bank(peers, order.settings, load_source, lambda file: Pages(order.pages, order.page_names).of(file)),
        *map(load_source, allowed),
    ]


class _Taken:
    """The pictures of a part as they are taken from its files, and where in these it has come to.

    Args:
        order: says which pages are pictures.
        files: the files.
    """

    def __init__(self, order: Order, files: Sequence[Wanted]) -> None:
        self._order, self._files = order, files
        # For each picture, in order, the keywords of its `Finished`; None in place of a picture where a file has none.
        self._steps: list[tuple[bool, dict[str, Any]]] = []
        self.end = (0, 0)
        # Where it begins and has come to, in files; a page is a part of one.
        self._places = (0.0, 0.0)

    @property
    def shares(self) -> tuple[float, float]:
        """Which of the files are taken, as shares 0..1 of them: large ones go in fewer at a time."""
        files = max(1, len(self._files))
        return self._places[0] / files, self._places[1] / files

    def pictures(self) -> Iterator[SourceFile | Failure]:
        """The pages of the files that are taken and not done yet."""
        for index, wanted in enumerate(self._files):
            pages = Pages(self._order.pages, self._order.page_names)
            parts = parts_of(wanted.file(), pages.of)
            begin = self._places[0] if index else wanted.done / max(1, len(parts))
            for number, part in enumerate(parts[wanted.done :], wanted.done + 1):
                last = number == len(parts)
                self._add(True, wanted, last=last, left_out=pages.left_out if last else ())
                self.end = (index + 1, 0) if last else (index, number)
                self._places = (begin, index + number / len(parts))
                yield part
            if len(parts) <= wanted.done:
                self._add(False, wanted, last=True, left_out=pages.left_out)
                self.end = (index + 1, 0)
                self._places = (begin, index + 1.0)

    def _add(self, has_picture: bool, wanted: Wanted, *, last: bool, left_out: tuple[LeftOut, ...]) -> None:
        known = {"file": wanted.number, "last": last, "left_out": left_out, "state": wanted.state}
        self._steps.append((has_picture, known))

    def finished(self, answers: Sequence[Answer | Failure]) -> Iterator[Finished]:
        """What is told of each picture, given their answers."""
        coming = iter(answers)
        for has_picture, known in self._steps:
            if not has_picture:
                yield Finished.of(None, **known)
                continue
            answer = next(coming)
            if isinstance(answer, Failure):
                _log_failure(answer)
            yield Finished.of(answer, **known) if isinstance(answer, Failure) else self._drawn(answer, known)

    def _drawn(self, answer: Answer, known: dict[str, Any]) -> Finished:
        image, inspection, side = answer.image, answer.inspection, self._order.thumbnail
        return Finished.of(
            inspection,
            notes=image.notes,
            annotated=png_bytes(image, inspection) if self._order.annotated else b"",
            thumbnail=_jpeg(annotated_thumbnail(image, inspection, side)) if side else b"",
            **known,
        )


def _log_failure(failure: Failure) -> None:
    error = failure.error
    event(
        "failed",
        level=logging.WARNING,
        sha256=failure.sha256,
        error=type(error).__name__,
        problem=str(error.problem),
    )


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
