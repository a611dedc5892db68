"""The plan that a page works by.

A prefix tells apart the pages, as for their controls: the Inspect page has none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.errors import SegDetectError
from segdetect.settings import PlanVersion, Scope, Settings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from segdetect.ui.shared.applying import PLAN_IN_USE, apply_settings, as_shown, say_the_same
from segdetect.ui.shared.good_pictures import reference_pages, use_good
from segdetect.ui.shared.ignored import ignored, keep_ignored
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import show_way_to_mend
from segdetect.ui.shared.plans import kept_plan
from segdetect.ui.shared.session import kept_uploads
from segdetect.ui.shared.texts import plain

_PARAMETER: Final = "plan"
_FOLLOWED: Final = "plan-of-address-followed"


def plan_in_use(prefix: str = "") -> Plan | None:
    """The plan that the page works by; None where it works by none, or once it was deleted for good."""
    return kept_plan(f"{prefix}{PLAN_IN_USE}")


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


def drop_plan(prefix: str = "") -> None:
    """Callback: work by no plan any more; the controls stay as they are."""
    st.session_state[f"{prefix}{PLAN_IN_USE}"] = None


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


def changes_since(plan: Plan, settings: Settings) -> list[str]:
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
    good = {one.identity for one in plan.good}
    if settings.scope is Scope.REFERENCES and {page.place for page in reference_pages()} != good:
        told.append("known-good pictures")
    return told


def follow_plan(troubles: DeltaGenerator) -> None:
    """At a session's first run: work by the plan that the address names, whose settings stand there as well.

    Args:
        troubles: where to say that it is not kept here.
    """
    asked = st.query_params.get(_PARAMETER)
    if st.session_state.setdefault(_FOLLOWED, asked is None) or asked is None:
        return
    st.session_state[_FOLLOWED] = True
    name, mark, version = asked.rpartition("~")
    try:
        if not (mark and version.isdecimal()):
            # The name alone, as it is written by hand: nothing else of the address says how to inspect.
            use_plan(Plans().get(asked))
            return
        plan = Plans().get(name, int(version))
        if plan.good and not kept_uploads("references"):
            use_good(plan)
    except SegDetectError as error:
        with troubles:
            st.warning(
                f"The link names a plan that cannot be used here. {plain(localized(error.message))}",
                icon=":material/bookmarks:",
            )
            show_way_to_mend(error)
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
