"""Evaluations that go on in the background, and the records of earlier ones."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from segdetect.errors import CancelledError, EngineFailedError, SegDetectError
from segdetect.evaluation.datasets import Dataset
from segdetect.evaluation.run import Evaluation, evaluate
from segdetect.evaluation.tables import json_bytes
from segdetect.settings import Settings
from segdetect.storage.files import home, storage_errors
from segdetect.ui.shared.session import inspector

RECORDS: Final = home() / "evaluations"
_FIGURES: Final = ("ap", "top1", "f1", "hit", "clean_unflagged", "clean")


@dataclass(slots=True)
class EvaluationRun:
    """One evaluation while it goes on and after."""

    dataset: Dataset
    settings: Settings
    share: float = 0.0
    doing: str = "starting"
    result: Evaluation | None = None
    error: SegDetectError | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin in a thread of its own."""
        threading.Thread(target=self._work, name="evaluation", daemon=True).start()

    def _work(self) -> None:
        try:
            self.result = evaluate(inspector(), self.dataset, self.settings, self._tell)
            keep_record(self.result)
        except SegDetectError as error:
            self.error = error
        except Exception as error:
            # A thread's exception would vanish: the visitor is told, and the log has the rest.
            self.error = EngineFailedError(f"the evaluation failed unexpectedly ({error})", remedy="See the log")
            raise
        finally:
            self.finished.set()

    def _tell(self, share: float, doing: str) -> None:
        if self.cancelled.is_set():
            raise CancelledError("the evaluation was stopped")
        self.share, self.doing = share, doing


@st.cache_resource(show_spinner=False)
def _runs() -> dict[str, EvaluationRun]:
    return {}


def current_run() -> EvaluationRun | None:
    """The visitor's run, going on or finished; it survives a change of page."""
    return _runs().get(st.session_state.get("evaluation", ""))


def start_run(dataset: Dataset, settings: Settings) -> None:
    """Start an evaluation for this visitor; one that is going on is stopped."""
    stop_run()
    _runs().pop(st.session_state.get("evaluation", ""), None)
    name = uuid.uuid4().hex
    run = EvaluationRun(dataset, settings)
    _runs()[name] = run
    st.session_state["evaluation"] = name
    run.start()


def stop_run() -> None:
    """Stop the visitor's evaluation, if one is going on."""
    run = current_run()
    if run is not None:
        run.cancelled.set()


def keep_record(evaluation: Evaluation) -> None:
    """Write the evaluation's JSON beside those of earlier runs.

    Raises:
        StorageError: the folder cannot be written.
    """
    stamp = evaluation.started.replace(":", "").replace("+0000", "")
    with storage_errors(RECORDS):
        RECORDS.mkdir(parents=True, exist_ok=True)
        (RECORDS / f"{stamp}-{evaluation.engine}-{evaluation.settings.scope}.json").write_bytes(json_bytes(evaluation))


def earlier_records() -> pd.DataFrame:
    """A row per earlier evaluation, the newest first; a file that was damaged or changed by hand is left out."""
    rows = (_row(path) for path in sorted(RECORDS.glob("*.json"), reverse=True)[:50])
    return pd.DataFrame([row for row in rows if row is not None])


def _row(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        grid, rule = record["settings"]["grid"], record["settings"]["rule"]
        return {
            "started": datetime.fromisoformat(record["started"]),
            "data set": record["dataset"],
            "engine": record["engine"],
            "scope": record["settings"]["scope"],
            "rule": rule["name"],
            "grid": f"{grid['rows']} x {grid['cols']}",
            **{name: record["overall"][name] for name in _FIGURES},
        }
    except (ValueError, KeyError, TypeError):
        return None
