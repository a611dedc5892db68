"""A plan tried on pictures, and two of its versions on the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from segdetect.errors import SegDetectError
from segdetect.inspection import Inspection
from segdetect.output.annotation import annotated_thumbnail
from segdetect.output.plan_changes import plan_changes
from segdetect.output.thumbnails import data_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.progress import part_of
from segdetect.storage.plans.plan import Plan
from segdetect.ui.plans.pictures import bank_of
from segdetect.ui.shared.file_pages import FilePage, pages_of
from segdetect.ui.shared.left_out import show_left_out
from segdetect.ui.shared.locale import localized, number, number_column
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.progress import Progressing, passing
from segdetect.ui.shared.session import inspector, keep_uploads, kept_uploads, upload_errors, uploads_left_out
from segdetect.ui.shared.texts import capitalized, plain, shown
from segdetect.ui.shared.verdict import signed

_FILES: Final = "plan-trial"
# A run of more is a batch, which goes on in the background.
_MOST: Final = 24
_PICTURE_SIDE: Final = 700


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A picture, and its answers by the version that is shown and by the other one."""

    image: LoadedImage
    now: Inspection
    other: Inspection | None


@part("The trial")
def show_trial(plan: Plan) -> None:
    """Draw the plan's answers for pictures that are dropped in, beside those of another version where one is chosen."""
    st.subheader("Try it on pictures")
    other = _choose_other(plan)
    if other is not None:
        _show_changes(other, plan)
    pages = _pictures()
    if not pages:
        st.caption("Drop in a few pictures, good and bad ones, and see what this plan says of each.")
        return
    if plan.lacks_good or (other is not None and other.lacks_good):
        st.info("It compares with known-good pictures and has none: give it some on Inspect.", icon=":material/info:")
        return
    trials = tried(plan, other, pages[:_MOST])
    if len(pages) > _MOST:
        st.caption(f"The first {_MOST:d} of {len(pages):d}. A run of many pictures is for the Batch page.")
    if trials:
        names = [f"version {version.version}" for version in (plan, other) if version is not None]
        show_trials(trials, names, key=f"plan-trials-{plan.version}-{0 if other is None else other.version}")


def _choose_other(plan: Plan) -> Plan | None:
    versions = {one.version: one for one in plans().versions(plan.name) if one.version != plan.version}
    if not versions:
        return None
    chosen = st.selectbox(
        "Beside another version",
        sorted(versions, reverse=True),
        format_func=lambda version: f"version {version}",
        index=None,
        placeholder="none",
        key=f"plan-other-{plan.name}-{plan.version}",
        width=320,
    )
    return versions.get(chosen) if chosen is not None else None


@part("What differs between the versions")
def _show_changes(before: Plan, after: Plan) -> None:
    found = plan_changes(before, after)
    if not found:
        st.caption("Both versions ask for the same.")
        return
    rows = [{"what": capitalized(c.what), "before": _written(c.before), "after": _written(c.after)} for c in found]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"what": "What", "before": f"Version {before.version:d}", "after": f"Version {after.version:d}"},
        alt="What differs between the two versions of the plan",
    )


def _written(value: str | float | None) -> str:
    if value is None:
        return "none"
    return number(value, 3) if isinstance(value, float) else shown(localized(value))


def _pictures() -> list[FilePage]:
    st.file_uploader(
        "Pictures to try it on",
        accept_multiple_files=True,
        key="plan-trial-files",
        on_change=keep_uploads,
        args=("plan-trial-files", _FILES),
        help="Also as a ZIP. They stay on this machine, and are kept nowhere.",
    )
    for error in upload_errors(_FILES):
        show_error(error)
    show_left_out(uploads_left_out(_FILES))
    own = kept_uploads(_FILES)
    inspected = kept_uploads("uploads")
    if not own and inspected and st.toggle("Those that are open on Inspect", key="plan-trial-inspect"):
        return pages_of(inspected)
    return pages_of(own)


def tried(plan: Plan, other: Plan | None, pages: Sequence[FilePage]) -> list[Trial]:
    """An answer for each that can be opened and inspected; why not is drawn for the others."""
    bank, other_bank = bank_of(plan), () if other is None else bank_of(other)
    found = []
    with passing() as slot:
        report = Progressing(slot)
        for at, page in enumerate(pages):
            share = part_of(report, at / len(pages), (at + 1) / len(pages))
            try:
                image = page.load()
                now = inspector().inspect(image, plan.applied, bank=bank, progress=share)
                then = None if other is None else inspector().inspect(image, other.applied, bank=other_bank)
            except SegDetectError as error:
                show_error(error)
            else:
                found.append(Trial(image, now, then))
    return found


def show_trials(trials: Sequence[Trial], names: Sequence[str], *, key: str) -> None:
    """Draw a row for each picture, and the one that is chosen, or else the first, with its flagged tiles.

    Args:
        trials: at least one.
        names: what to call the answers: the one now, and the other where there is one.
        key: of the table.
    """
    _show_pictures(trials[_show_table(trials, names, key)], names)


def _show_table(trials: Sequence[Trial], names: Sequence[str], key: str) -> int:
    table = pd.DataFrame([_row(trial) for trial in trials])
    digits = number_column(3)
    now, then = names[0], names[-1]
    event = st.dataframe(
        table,
        key=f"{key}-{len(trials)}",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        column_config={
            "name": "Picture",
            "verdict": capitalized(now) if len(names) > 1 else "Verdict",
            "flagged": st.column_config.NumberColumn("Flagged", **number_column(0)),
            "strongest": st.column_config.NumberColumn("Strongest", **digits),
            "other verdict": capitalized(then),
            "other flagged": st.column_config.NumberColumn(f"Flagged by {plain(then)}", **number_column(0)),
            "changed": "What changed",
        },
        alt="What the plan says of each picture",
    )
    if len(names) > 1:
        changed = sum(bool(row) for row in table["changed"])
        st.caption(f"{changed:d} of {len(trials):d} pictures get another answer than by {plain(then)}.")
    rows = [row for row in event["selection"]["rows"] if row < len(trials)]
    return rows[0] if rows else 0


def _row(trial: Trial) -> dict[str, Any]:
    now, other = trial.now, trial.other
    row = {
        "name": shown(trial.image.name),
        "verdict": signed(now.decision.verdict.value),
        "flagged": len(now.flagged_tiles),
        "strongest": round(now.scores.highest, 3),
    }
    if other is None:
        return row
    return row | {
        "other verdict": signed(other.decision.verdict.value),
        "other flagged": len(other.flagged_tiles),
        "changed": _what_changed(now, other),
    }


def _what_changed(now: Inspection, other: Inspection) -> str:
    told = []
    if now.decision.verdict is not other.decision.verdict:
        told.append("verdict")
    same_tiles = now.scores.layout.key == other.scores.layout.key
    if not same_tiles:
        told.append("tiles")
    elif (now.decision.flags != other.decision.flags).any():
        told.append("flags")
    return " and ".join(told)


def _show_pictures(trial: Trial, names: Sequence[str]) -> None:
    answers = [answer for answer in (trial.now, trial.other) if answer is not None]
    for column, name, inspection in zip(st.columns(2), names, answers, strict=False):
        with column:
            st.image(
                data_uri(annotated_thumbnail(trial.image, inspection, _PICTURE_SIDE)),
                alt=shown(f"{trial.image.name} with the tiles that {name} flags"),
            )
            verdict = signed(inspection.decision.verdict.value)
            st.caption(f"{plain(capitalized(name))}: {plain(verdict)}, {len(inspection.flagged_tiles):d} flagged")
