"""The known-good pictures that the pages compare with, a plan's or others."""

from __future__ import annotations

from typing import Final

import streamlit as st

from segdetect.settings import PlanVersion, Scope, Settings
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.ui.shared.file_pages import FilePage, pages_of
from segdetect.ui.shared.kept import attempt
from segdetect.ui.shared.plan_pictures import good_uploads, pages_among
from segdetect.ui.shared.plans import count_good, kept_plan, plans
from segdetect.ui.shared.session import kept_uploads
from segdetect.ui.shared.texts import plain

_GOOD_OF: Final = "good-pictures-of"


def use_good(plan: Plan) -> None:
    """Callback: compare with the known-good pictures of a plan; raises as `use_plan`."""
    st.session_state["references"] = good_uploads(plan)
    st.session_state[_GOOD_OF] = plan.applied.plan


def reference_pages() -> list[FilePage]:
    """The known-good pictures in use: of a plan's files the pages that it names, of others all."""
    uploads, plan = kept_uploads("references"), _good_of()
    return pages_of(uploads) if plan is None else pages_among(plan, uploads)


def good_plan() -> PlanVersion | None:
    """The plan whose known-good pictures are in use; None where they are no plan's."""
    plan = _good_of()
    return None if plan is None else plan.applied.plan


def _good_of() -> Plan | None:
    plan = kept_plan(_GOOD_OF)
    digests = {upload.sha256 for upload in kept_uploads("references")}
    return plan if plan is not None and digests == {one.sha256 for one in plan.good} else None


def good_in_use(settings: Settings) -> tuple[tuple[GoodPicture, ...], dict[str, bytes]]:
    """Those that a plan of these settings would have, and their files by their digests."""
    pages = reference_pages() if settings.scope is Scope.REFERENCES else []
    good = tuple(GoodPicture(page.name, page.upload.sha256, page.page) for page in pages)
    return good, {page.upload.sha256: page.upload.data for page in pages}


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
