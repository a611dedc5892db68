"""The evaluations that go on in the background: what each is to do, and whose it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from segdetect.errors import StorageError
from segdetect.evaluation.datasets import Dataset
from segdetect.evaluation.figures import Evaluation
from segdetect.evaluation.records import keep_record, records_folder
from segdetect.evaluation.run import evaluate
from segdetect.progress import Progress
from segdetect.runs.long_runs import LongRun, LongRuns
from segdetect.settings import Settings
from segdetect.ui.shared.controls import RULE_LABELS, SCOPE_LABELS
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.process import one_per_process
from segdetect.ui.shared.session import inspector

_OPENED = "evaluation"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be evaluated, and how."""

    dataset: Dataset
    settings: Settings

    @property
    def title(self) -> str:
        """It in a line."""
        grid, scope, rule = self.settings.grid, SCOPE_LABELS[self.settings.scope], RULE_LABELS[self.settings.rule.name]
        return f"{self.dataset.name} · {self.settings.engine} · {grid} tiles · {scope.lower()} · {rule.lower()}"


def same_plan(one: Plan, other: Plan) -> bool:
    """Whether two are of the same data set, with the same settings."""
    return (one.dataset.name, one.settings) == (other.dataset.name, other.settings) and [
        picture.path for picture in one.dataset.pictures
    ] == [picture.path for picture in other.dataset.pictures]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an evaluation; `unkept` says why there is no record of it, where there is none."""

    evaluation: Evaluation
    unkept: StorageError | None = None


EvaluationRun = LongRun[Plan, Outcome]


@one_per_process
def _runs() -> LongRuns[Plan, Outcome]:
    return LongRuns()


def start_run(dataset: Dataset, settings: Settings) -> None:
    """Callback: begin an evaluation, or queue it, and open it in this tab."""
    owner, plan = account(), Plan(dataset, settings)
    st.session_state[_OPENED] = _runs().start(owner, plan, _work(plan, owner)).name


def _work(plan: Plan, owner: str) -> Callable[[Progress], Outcome]:
    of_all, folder = inspector(), records_folder(owner)

    def work(progress: Progress) -> Outcome:
        evaluation = evaluate(of_all, plan.dataset, plan.settings, progress)
        try:
            keep_record(evaluation, folder)
        except StorageError as error:
            # What took minutes to find is not lost for want of a file.
            return Outcome(evaluation, error)
        return Outcome(evaluation)

    return work


def all_runs() -> list[EvaluationRun]:
    """The visitor's runs, under way and ended, the newest first, whichever tab they were started in."""
    return _runs().of(account())


def runs_ahead(run: EvaluationRun) -> int:
    """How many runs, of this visitor's and of others', a queued one waits for."""
    return _runs().ahead(run)


def opened_run() -> EvaluationRun | None:
    """The run that this tab shows; it survives a change of page."""
    return _runs().get(account(), st.session_state.get(_OPENED, ""))


def open_run(name: str) -> None:
    """Callback: show a run in this tab."""
    st.session_state[_OPENED] = name


def stop_run(name: str) -> None:
    """Callback: stop a run."""
    _runs().stop(account(), name)


def dismiss_run(name: str) -> None:
    """Callback: forget a run that has ended; its record stays on disk."""
    _runs().dismiss(account(), name)
