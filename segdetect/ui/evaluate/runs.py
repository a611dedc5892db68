"""The evaluations that go on in the background: what each is to do, and whose it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from segdetect.errors import CancelledError, SegDetectError, StorageError
from segdetect.evaluation.datasets import Dataset
from segdetect.evaluation.figures import Evaluation
from segdetect.evaluation.records import keep_record, records_folder
from segdetect.evaluation.run import evaluate
from segdetect.progress import Progress
from segdetect.runs.long_runs import LongRun, LongRuns
from segdetect.settings import EngineName, Settings
from segdetect.ui.shared.controls import RULE_LABELS, SCOPE_LABELS
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.process import one_per_process
from segdetect.ui.shared.session import inspector
from segdetect.ui.shared.texts import dotted

_OPENED = "evaluation"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be evaluated, and how.

    Args:
        dataset: the pictures.
        settings: what to do with each.
        engines: all that are gone through, one after the other; empty for that of the settings alone.
    """

    dataset: Dataset
    settings: Settings
    engines: tuple[EngineName, ...] = ()

    @property
    def title(self) -> str:
        """It in a line."""
        return dotted(self.dataset.name, self.how(", ".join(self.engines) or self.settings.engine))

    def how(self, engine: str) -> str:
        """What is done by an engine, in a line that does not name the data set."""
        grid, scope, rule = self.settings.grid, SCOPE_LABELS[self.settings.scope], RULE_LABELS[self.settings.rule.name]
        return dotted(engine, f"{grid} tiles", scope.lower(), rule.lower())

    @property
    def each(self) -> list[Settings]:
        """The settings for each engine in turn."""
        return [replace(self.settings, engine=name) for name in self.engines] or [self.settings]


def answers_plan(run: Plan, chosen: Plan) -> bool:
    """Whether a run is of the data set that is chosen, with its settings; one of several engines, of any of them."""
    settings = chosen.settings
    if settings.engine in (*run.engines, EngineName.AUTO) and run.engines:
        settings = replace(settings, engine=run.settings.engine)
    return (run.dataset.name, run.settings) == (chosen.dataset.name, settings) and [
        picture.path for picture in run.dataset.pictures
    ] == [picture.path for picture in chosen.dataset.pictures]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Args:
        evaluations: one for each engine that came to an end, in the order of the plan; at least one.
        failed: the engines that could not, with the reason.
        unkept: why there is no record of one of them, where there is none.
    """

    evaluations: tuple[Evaluation, ...]
    failed: tuple[tuple[EngineName, SegDetectError], ...] = ()
    unkept: StorageError | None = None


EvaluationRun = LongRun[Plan, Outcome]


@one_per_process
def _runs() -> LongRuns[Plan, Outcome]:
    return LongRuns()


def start_run(dataset: Dataset, settings: Settings, engines: Sequence[EngineName] = ()) -> None:
    """Callback: begin an evaluation, or queue it, and open it in this tab; `engines` as in `Plan`."""
    # Which engine is chosen is of no matter where all are gone through.
    settings = replace(settings, engine=engines[0]) if engines else settings
    owner, plan = account(), Plan(dataset, settings, tuple(engines))
    st.session_state[_OPENED] = _runs().start(owner, plan, _work(plan, owner)).name


def _work(plan: Plan, owner: str) -> Callable[[Progress], Outcome]:
    of_all, folder = inspector(), records_folder(owner)

    def work(progress: Progress) -> Outcome:
        done: list[Evaluation] = []
        failed: list[tuple[EngineName, SegDetectError]] = []
        unkept: StorageError | None = None
        for number, settings in enumerate(plan.each):
            try:
                evaluation = evaluate(of_all, plan.dataset, settings, _turn(progress, plan, number))
            except CancelledError:
                raise
            except SegDetectError as error:
                # The figures of the others are not lost for want of one engine.
                failed.append((settings.engine, error))
                continue
            done.append(evaluation)
            unkept = _keep(evaluation, folder) or unkept
        if not done:
            raise failed[0][1]
        return Outcome(tuple(done), tuple(failed), unkept)

    return work


def _turn(progress: Progress, plan: Plan, number: int) -> Progress:
    """The progress of one engine of a plan, as a part of the whole, under its name where there are others."""
    of_all = len(plan.each)
    name = f"{plan.each[number].engine} ({number + 1} of {of_all}): " if of_all > 1 else ""
    return lambda share, doing: progress((number + share) / of_all, f"{name}{doing}")


def _keep(evaluation: Evaluation, folder: Path) -> StorageError | None:
    """Why there is no record of it, where there is none: what took minutes to find is not lost for want of a file."""
    try:
        keep_record(evaluation, folder)
    except StorageError as error:
        return error
    return None


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
