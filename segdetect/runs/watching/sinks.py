"""Where a watcher's answers go: files, the history, another program, and the ledger, which comes last."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from segdetect.inspection import Inspection
from segdetect.output.run import Run
from segdetect.pictures.names import as_text
from segdetect.runs.watching.arrivals import Stamp
from segdetect.runs.watching.inspecting import Inspecting, Picture
from segdetect.runs.watching.ledger import Ledger
from segdetect.runs.watching.outlet import Outlet
from segdetect.runs.watching.remembering import Remembering
from segdetect.runs.watching.webhook import Webhook
from segdetect.runs.watching.wishes import Wish, state_folder
from segdetect.storage.history import entries
from segdetect.storage.history.history import History


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A file that was inspected.

    Args:
        inner: its path below the watched folder.
        stamp: how it looked.
        sha256: hex digest of its bytes; empty where they could not be read.
        pictures: what it holds; none where it was known already.
    """

    inner: str
    stamp: Stamp
    sha256: str
    pictures: tuple[Picture, ...]


class Sinks:
    """Keeps what a watcher finds. Use as a context manager.

    Args:
        wish: what is wanted.
        inspecting: what inspects.
        ledger: of the folder.
        history: keeps what is found; None keeps nothing.
        shown: whether pictures are kept to be shown.
        say: told what goes wrong and stops nothing.
    """

    def __init__(
        self,
        wish: Wish,
        inspecting: Inspecting,
        ledger: Ledger,
        history: History | None,
        *,
        shown: bool,
        say: Callable[[str], object],
    ) -> None:
        self._wish, self._inspecting, self._ledger = wish, inspecting, ledger
        self._history, self._shown, self._say = history, shown, say
        self._outlet: Outlet | None = None
        self._webhook: Webhook | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            if self._wish.out is not None:
                outlet = Outlet(self._wish.out, self._output_run(), self._wish.folder.resolve())
                self._outlet = opened.enter_context(outlet)
            if self._wish.webhook:
                self._webhook = opened.enter_context(Webhook(self._wish.webhook, tell=self._say))
            self._kept = opened.enter_context(Remembering(self._history, self._run(), tell=self._say))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def keep(self, answered: Answered) -> None:
        """Keep what came of a file.

        Raises:
            StorageError: it cannot be kept; the file will be inspected again.
        """
        now, pictures = time.time(), answered.pictures
        seconds = max(0.0, now - answered.stamp.changed / 1e9)
        if self._webhook is not None:
            for picture in pictures:
                self._webhook.post(message_of(picture, now))
        if self._outlet is not None and pictures:
            finished = [one.finished(last=one is pictures[-1], annotated=True) for one in pictures]
            self._outlet.add(finished, [one.image for one in pictures])
        self._kept.add(pictures)
        seen = [one.seen(now, seconds, shown=self._shown) for one in pictures]
        self._ledger.add(answered.inner, answered.stamp, answered.sha256, seen)

    def _output_run(self) -> Run:
        engine = self._inspecting.engine
        return Run(
            settings=self._inspecting.settings,
            engine=engine.name.value,
            engine_version=engine.version,
            mm_per_pixel=self._wish.plan.plan.mm_per_pixel,
        )

    def _run(self) -> entries.Run:
        """The run of the history that all this belongs to, continued by each watcher of this folder by this plan."""
        inspecting, wish = self._inspecting, self._wish
        engine, settings = inspecting.engine, inspecting.settings
        told = f"{state_folder(wish.folder)} {settings.plan} {engine.name} {engine.version} {wish.account}"
        return entries.Run(
            id=hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest(),
            name=f"watched: {as_text(wish.folder.name)}"[:200],
            settings=settings,
            engine=engine.name.value,
            engine_version=engine.version,
            account=wish.account,
        )


def message_of(picture: Picture, at: float) -> dict[str, Any]:
    """What another program is told of a picture, as JSON values."""
    result = picture.result
    told: dict[str, Any] = {
        "image": result.image,
        "sha256": result.sha256,
        "at": at,
        "call": picture.call.value,
        "reason": picture.reason,
    }
    if not isinstance(result, Inspection):
        return told | {"verdict": "failed", "plan": None, "score": None, "threshold": None, "flagged": []}
    plan, boxes = result.settings.plan, result.scores.layout.boxes_ltrb
    return told | {
        "verdict": result.decision.verdict.value,
        "plan": None if plan is None else {"name": plan.name, "version": plan.version},
        "score": result.scores.highest,
        "threshold": result.threshold,
        "flagged": [{"tile": int(tile), "box": boxes[tile].tolist()} for tile in result.flagged_tiles],
    }
