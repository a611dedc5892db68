"""The plan that a page works by: chosen, changed and made from what is on the page.

A prefix tells apart the pages, as for their controls: the Inspect page has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.errors import SegDetectError, StorageError
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.settings import PlanVersion, Scope, Settings
from segdetect.storage.plans.conversion import convert
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.starting_points import STARTING_POINTS
from segdetect.ui.shared.applying import PLAN_IN_USE, apply_settings, as_shown, say_the_same
from segdetect.ui.shared.file_pages import FilePage, count_of, pages_of
from segdetect.ui.shared.ignored import ignored, keep_ignored
from segdetect.ui.shared.kept import attempt, show_damaged, show_trouble
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.originals import file_bytes
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload, kept_uploads
from segdetect.ui.shared.texts import plain

PLANS_PAGE: Final = "pages/plans.py"
_GOOD_OF: Final = "good-pictures-of"
_PARAMETER: Final = "plan"
_FOLLOWED: Final = "plan-of-address-followed"


def plans() -> Plans:
    """The kept plans; what former versions kept is among them."""
    kept = Plans()
    st.session_state["plans-not-converted"] = convert(kept)
    return kept


def not_converted() -> Sequence[SegDetectError]:
    """What former versions kept and no plan could be made of, as found by the last call of `plans`."""
    return tuple(st.session_state.get("plans-not-converted", ()))


def plan_in_use(prefix: str = "") -> Plan | None:
    """The plan that the page works by; None where it works by none, or once it was deleted for good."""
    return _kept(f"{prefix}{PLAN_IN_USE}")


def _kept(key: str) -> Plan | None:
    chosen: PlanVersion | None = st.session_state.get(key)
    if chosen is None:
        return None
    try:
        return Plans().get(chosen.name, chosen.version)
    except SegDetectError:
        st.session_state[key] = None
        return None


def follow_plan(troubles: DeltaGenerator) -> None:
    """At a session's first run: work by the plan that the address names, whose settings stand there as well.

    Args:
        troubles: where to say that it is not kept here.
    """
    asked = st.query_params.get(_PARAMETER)
    if st.session_state.setdefault(_FOLLOWED, asked is None) or asked is None:
        return
    st.session_state[_FOLLOWED] = True
    name, _, version = asked.rpartition("~")
    try:
        plan = Plans().get(name, int(version) if version.isdecimal() else None)
        if plan.good and not kept_uploads("references"):
            use_good(plan)
    except SegDetectError as error:
        with troubles:
            st.warning(
                f"The link names a plan that cannot be used here. {plain(localized(error.message))}",
                icon=":material/bookmarks:",
            )
        return
    st.session_state[PLAN_IN_USE] = plan.applied.plan
    if plan.settings.ignore is not None and ignored().regions is None:
        keep_ignored(plan.settings.ignore)


def record_plan() -> None:
    """Keep the plan that the Inspect page works by in the address, so that a reload and a link keep it, too."""
    st.session_state[_FOLLOWED] = True
    chosen: PlanVersion | None = st.session_state.get(PLAN_IN_USE)
    if chosen is not None:
        st.query_params[_PARAMETER] = f"{chosen.name}~{chosen.version}"
    elif _PARAMETER in st.query_params:
        del st.query_params[_PARAMETER]


def use_plan(plan: Plan, prefix: str = "") -> None:
    """Callback: set a page's controls and known-good pictures to those of a plan; the picture stays.

    Raises:
        StorageError: a picture of it cannot be read.
    """
    if plan.good:
        use_good(plan)
    apply_settings(as_shown(plan.applied), prefix=prefix)
    if not prefix:
        keep_ignored(plan.settings.ignore)


def use_good(plan: Plan) -> None:
    """Callback: compare with the known-good pictures of a plan; raises as `use_plan`."""
    st.session_state["references"] = _files(plan)
    st.session_state[_GOOD_OF] = plan.applied.plan


def drop_plan(prefix: str = "") -> None:
    """Callback: work by no plan any more; the controls stay as they are."""
    st.session_state[f"{prefix}{PLAN_IN_USE}"] = None


def reference_pages() -> list[FilePage]:
    """The known-good pictures in use: of a plan's files the pages that it names, of others all."""
    uploads, plan = kept_uploads("references"), _good_of()
    return pages_of(uploads) if plan is None else _pages(plan, {upload.sha256: upload for upload in uploads})


def good_plan() -> PlanVersion | None:
    """The plan whose known-good pictures are in use; None where they are no plan's."""
    plan = _good_of()
    return None if plan is None else plan.applied.plan


def _good_of() -> Plan | None:
    plan = _kept(_GOOD_OF)
    digests = {upload.sha256 for upload in kept_uploads("references")}
    return plan if plan is not None and digests == {one.sha256 for one in plan.good} else None


def good_pages(plan: Plan) -> list[FilePage]:
    """The known-good pictures of a plan; raises `StorageError` where one cannot be read."""
    return _pages(plan, {upload.sha256: upload for upload in _files(plan)})


def _pages(plan: Plan, files: Mapping[str, Upload]) -> list[FilePage]:
    return [FilePage(files[one.sha256], one.page, count_of(files[one.sha256])) for one in plan.good]


def _files(plan: Plan) -> tuple[Upload, ...]:
    """The files that its known-good pictures are pages of."""
    opened = Plans().opened(plan)
    names = {one.sha256: one.name.removesuffix(f"#{one.page + 1}") for one in plan.good}
    return tuple(Upload(name, opened.bytes_of(sha256)) for sha256, name in names.items())


def allowed_files(settings: Settings) -> list[SourceFile]:
    """The pictures with places that the plan of these settings allows, read when needed."""
    if settings.plan is None:
        return []
    try:
        return Plans().open(settings.plan.name, settings.plan.version).allowed_files()
    except StorageError:
        return []  # it was deleted for good, with what it allowed


def allowed_images(settings: Settings) -> tuple[LoadedImage, ...]:
    """The same opened; raises `SegDetectError` where one cannot be."""
    files = allowed_files(settings)
    key = (settings.plan, *((file.sha256, file.page) for file in files))
    return remembered("allowed", key, lambda: tuple(map(load_source, files))) if files else ()


def planned(settings: Settings, prefix: str = "") -> Settings:
    """The settings of the page as an answer has them: the plan's own where nothing was changed since it was chosen."""
    plan = plan_in_use(prefix)
    if plan is None:
        return settings
    if prefix:
        # Regions to ignore are painted on the Inspect page alone.
        settings = replace(settings, ignore=plan.settings.ignore)
    # Controls have fewer numbers to choose from than the command line.
    return plan.applied if say_the_same(settings, plan.settings) else replace(settings, plan=plan.applied.plan)


def _changed(plan: Plan, settings: Settings) -> list[str]:
    """What was changed since the plan was chosen, in words."""
    told = []
    wanted = as_shown(plan.settings)
    if settings.grid != wanted.grid:
        told.append(f"grid {settings.grid}")
    if settings.engine != wanted.engine:
        told.append(f"engine {settings.engine}")
    if settings.scope != wanted.scope:
        told.append(f"scope {settings.scope}")
    if settings.ignore != wanted.ignore:
        told.append("regions to ignore")
    if not told and not say_the_same(settings, plan.settings):
        told.append("what is flagged")
    if settings.scope is Scope.REFERENCES and {page.place for page in reference_pages()} != {
        g.identity for g in plan.good
    }:
        told.append("known-good pictures")
    return told


@part("The list of plans")
def show_plans(settings: Settings, prefix: str = "", *, image: LoadedImage | None = None) -> None:
    """Draw the choice of a plan, what was changed since, and a way to make one of what is on the page.

    Args:
        settings: what the controls say.
        prefix: the page's.
        image: the picture that is shown, by which a plan without good pictures is known.
    """
    kept, plan = plans(), plan_in_use(prefix)
    found = kept.kept()
    label = "Plans" if plan is None else f"Plan: {plain(plan.name)}"
    with st.popover(label, icon=":material/bookmarks:", width="stretch"):
        for one in found.whole:
            _offer(one, f"version {one.version}, {count_good(one)}", prefix)
        show_damaged(found.damaged, kept.discard, kind="plan")
        if not found.whole:
            st.caption("Set up a part or a material once, keep it as a plan, and choose it here next time.")
        st.page_link(PLANS_PAGE, label="All about your plans", icon=":material/arrow_forward:")
        with st.expander("Starting points"):
            for one in STARTING_POINTS:
                _offer(one, one.notes, prefix)
    if plan is not None:
        _show_in_use(plan, settings, prefix)
    with st.popover("Keep as a plan", icon=":material/bookmark_add:", width="stretch"):
        _offer_keeping(settings, prefix, image)
    show_trouble("plan")


def offer_good() -> None:
    """Draw the choice of the good pictures of a plan, without its settings."""
    kept = [plan for plan in plans().kept().whole if plan.good]
    if not kept:
        return
    with st.popover("Those of a plan", icon=":material/collections_bookmark:", width="stretch"):
        for plan in kept:
            st.button(
                plain(plan.name),
                key=f"use-good-{plan.name}",
                on_click=attempt,
                args=(use_good, plan),
                kwargs={"kind": "good-pictures"},
                width="stretch",
            )
            st.caption(plain(count_good(plan)))


def count_good(plan: Plan) -> str:
    """How many known-good pictures it has, in words."""
    count = len(plan.good)
    return f"{count:d} known-good picture{'' if count == 1 else 's'}" if count else "no known-good pictures"


def count_allowed(plan: Plan) -> str:
    """How many places it allows, in words."""
    count = len(plan.allowed)
    return f"{count:d} place{'' if count == 1 else 's'}" if count else "no places"


def _offer(plan: Plan, told: str, prefix: str) -> None:
    with st.container(gap="xxsmall"):
        st.button(
            plain(plan.name),
            key=f"use-plan-{plan.name}-{plan.version}",
            on_click=attempt,
            args=(use_plan, plan, prefix),
            kwargs={"kind": "plan"},
            width="stretch",
        )
        st.caption(plain(told))


def _show_in_use(plan: Plan, settings: Settings, prefix: str) -> None:
    changed = _changed(plan, settings)
    since = f", changed since: {plain(', '.join(changed))}" if changed else ""
    st.caption(f"Working by **{plain(plan.name)}**, version {plan.version:d}{since}")
    with st.container(horizontal=True, gap="small", key="plan-in-use"):
        if changed:
            st.button(
                f"Save as version {_next(plan):d}",
                key="save-plan",
                icon=":material/save:",
                on_click=attempt,
                args=(_save_change, plan, settings, prefix),
                kwargs={"kind": "plan"},
            )
            st.button(
                "Back to it",
                key="back-to-plan",
                icon=":material/undo:",
                on_click=attempt,
                args=(use_plan, plan, prefix),
                kwargs={"kind": "plan"},
            )
        st.button(
            "Work without it", key="drop-plan", icon=":material/close:", on_click=callback(drop_plan), args=(prefix,)
        )


def _next(plan: Plan) -> int:
    return 1 + max((one.version for one in Plans().versions(plan.name)), default=plan.version)


def _save_change(plan: Plan, settings: Settings, prefix: str) -> None:
    good, pictures = _good_in_use(settings)
    changed = replace(plan, settings=settings, good=good or plan.good)
    st.session_state[f"{prefix}{PLAN_IN_USE}"] = plans().keep(changed, pictures).applied.plan


def _offer_keeping(settings: Settings, prefix: str, image: LoadedImage | None) -> None:
    count = len(reference_pages()) if settings.scope is Scope.REFERENCES else 0
    with_good = f", with {count:d} known-good picture{'' if count == 1 else 's'}" if count else ""
    face = ", and this picture to know it by" if not count and image is not None else ""
    st.caption(f"Grid, engine, comparison and rule as they are now{with_good}{face}.")
    with st.form("keep-plan", clear_on_submit=True, border=False):
        name = st.text_input("Name", placeholder="the part or the material", max_chars=80, key="keep-plan-name")
        if st.form_submit_button("Keep", width="stretch"):
            _keep(name, settings, prefix, image)


def _keep(name: str, settings: Settings, prefix: str, image: LoadedImage | None) -> None:
    try:
        good, pictures = _good_in_use(settings)
        face = None if good or image is None else file_bytes(image.sha256)
        plan = Plan(name=name, settings=settings, good=good)
        if image is not None and face is not None:
            plan, pictures = replace(plan, picture=image.sha256), {image.sha256: face}
        kept = plans().keep(plan, pictures)
    except SegDetectError as error:
        show_error(error)
    else:
        st.session_state[f"{prefix}{PLAN_IN_USE}"] = kept.applied.plan
        st.toast(f"{plain(kept.name)} is kept as a plan.", icon=":material/bookmark_added:")
        st.rerun()


def _good_in_use(settings: Settings) -> tuple[tuple[GoodPicture, ...], dict[str, bytes]]:
    pages = reference_pages() if settings.scope is Scope.REFERENCES else []
    good = tuple(GoodPicture(page.name, page.upload.sha256, page.page) for page in pages)
    return good, {page.upload.sha256: page.upload.data for page in pages}
