"""The plans as cards, plans from files, and deletions that can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import streamlit as st
from PIL import Image, ImageOps

from segdetect.errors import SegDetectError
from segdetect.output.thumbnails import data_uri
from segdetect.pictures.limits import MAX_FILE_BYTES
from segdetect.samples.catalogue import SAMPLES, sample_bytes
from segdetect.settings import Settings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import KEPT_DELETED
from segdetect.storage.plans.segplan import read_segplan
from segdetect.ui.shared.gallery import in_fours
from segdetect.ui.shared.kept import attempt, show_damaged, show_trouble
from segdetect.ui.shared.page import callback, part, show_error
from segdetect.ui.shared.plan_in_use import plan_in_use
from segdetect.ui.shared.plans import count_good, not_converted, plans
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload, loaded
from segdetect.ui.shared.texts import dotted, plain, shown

_OPENED: Final = "plans-opened"
# A link to this page may name a plan.
_PARAMETER: Final = "plan"
_COVER: Final = (320, 200)
# The page's own grey, light or dark.
_NO_COVER: Final = (
    '<div style="aspect-ratio: 8 / 5; border-radius: .5rem; background: #7c8aa033; display: grid; '
    'place-items: center">no picture</div>'
)
_FIRST: Final = """
A plan keeps the grid, the engine, what to compare with, how strict to be, and the pictures of good parts. Each answer
says which version of it was used.

1. On **Inspect**, open a picture and set it up until the answer is right.
2. There, **Keep as a plan** gives it a name.
3. Here you see what its good pictures taught it, try it on more pictures, and take it to another machine as one file.
"""


@part("The list of plans")
def show_list() -> Plan | None:
    """Draw the plans, and return the one that is opened."""
    kept = plans()
    found = kept.kept()
    for error in not_converted():
        show_error(error)
    show_damaged(found.damaged, kept.discard, kind="plans")
    if not found.whole:
        _show_first()
    opened = _opened(found.whole)
    for column, (at, plan) in in_fours([*enumerate(found.whole)]):
        with column, st.container(border=True, key=f"plan-card-{at}"):
            _show_card(plan, is_opened=opened is not None and plan.name == opened.name)
    with st.container(horizontal=True):
        _offer_import()
        _offer_deleted()
    show_trouble("plans")
    return opened


def open_plan(name: str) -> None:
    """Show a plan on the Plans page."""
    st.session_state[_OPENED] = name


def _opened(found: Sequence[Plan]) -> Plan | None:
    asked = st.query_params.pop(_PARAMETER, None)
    if asked is not None:
        open_plan(asked)
    used = plan_in_use()
    wanted = st.session_state.get(_OPENED) or ("" if used is None else used.name)
    return next((plan for plan in found if plan.name == wanted), found[0] if len(found) == 1 else None)


def _show_first() -> None:
    st.markdown(_FIRST)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("streamlit_app.py", label="Go to Inspect", icon=":material/frame_inspect:")
        st.button(
            f"Make one of the sample “{plain(SAMPLES[0].title)}”",
            icon=":material/science:",
            key="plan-of-sample",
            on_click=attempt,
            args=(_keep_sample,),
            kwargs={"kind": "plans"},
        )


def _keep_sample() -> None:
    sample = SAMPLES[0]
    upload = Upload(f"{sample.key}.png", sample_bytes(sample.key))
    plan = Plan(name=sample.title, settings=Settings(), picture=upload.sha256, notes="Made of the bundled sample.")
    plans().keep(plan, {upload.sha256: upload.data})
    open_plan(sample.title)


def _show_card(plan: Plan, *, is_opened: bool) -> None:
    _show_cover(plan)
    st.markdown(f"**{plain(plan.name)}**")
    st.caption(plain(dotted(f"version {plan.version:d}", count_good(plan), f"{plan.settings.grid} tiles")))
    st.button(
        "Shown below" if is_opened else "Show",
        key=f"show-plan-{plan.name}",
        disabled=is_opened,
        on_click=callback(open_plan),
        args=(plan.name,),
        width="stretch",
    )


def _show_cover(plan: Plan) -> None:
    uri = None
    if plan.cover:
        try:
            uri = remembered("plan-cover", plan.cover, lambda: _cover(plan))
        except SegDetectError as error:
            show_error(error)
    if uri is None:
        st.html(_NO_COVER)
    else:
        st.image(uri, width="stretch", alt=shown(f"Picture of the plan {plan.name}"))


def _cover(plan: Plan) -> str:
    upload = Upload(plan.name, plans().opened(plan).bytes_of(plan.cover))
    page = next((one.page for one in plan.good if one.sha256 == plan.cover), 0)
    picture = Image.fromarray(loaded(upload, page=page).pixels)
    return data_uri(ImageOps.fit(picture, _COVER, Image.Resampling.LANCZOS))


def _offer_import() -> None:
    done = st.session_state.get("plan-files", 0)
    # After an import it is another one, which is closed and empty, and lies over nothing of the new plan.
    with st.popover("Import", icon=":material/upload_file:", key=f"plans-import-{done}"):
        file = st.file_uploader(
            "A plan that was exported",
            type=["segplan"],
            key=f"plan-file-{done}",
            max_upload_size=MAX_FILE_BYTES // 1_000_000,
        )
        name = st.text_input("Under the name", placeholder="its own", max_chars=80, key=f"import-name-{done}")
        st.button(
            "Import",
            type="primary",
            key="import-plan",
            disabled=file is None,
            on_click=attempt,
            args=(_import, file, name),
            kwargs={"kind": "plans"},
        )


def _import(file: object, name: str) -> None:
    assert hasattr(file, "getvalue")
    assert hasattr(file, "name")
    found = read_segplan(file.getvalue(), name=file.name)
    plan = replace(found.plan, name=name, version=0) if name.strip() not in ("", found.plan.name) else found.plan
    kept = plans().put(plan, found.pictures)
    open_plan(kept.name)
    st.session_state["plan-files"] = st.session_state.get("plan-files", 0) + 1


def _offer_deleted() -> None:
    deleted = plans().deleted()
    if not deleted:
        return
    with st.popover(f"Deleted ({len(deleted):d})", icon=":material/restore_from_trash:", key="plans-deleted"):
        st.caption(f"Each goes for good {KEPT_DELETED.days:d} days after it was deleted.")
        for plan in deleted:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(plan.name)}**, version {plan.version:d}")
                st.button(
                    "Take back",
                    key=f"restore-{plan.name}",
                    icon=":material/undo:",
                    on_click=attempt,
                    args=(_restore, plan.name),
                    kwargs={"kind": "plans"},
                )
                st.button(
                    "Delete for good",
                    key=f"for-good-{plan.name}",
                    icon=":material/delete_forever:",
                    on_click=attempt,
                    args=(_delete_for_good, plan.name),
                    kwargs={"kind": "plans"},
                )


def _restore(name: str) -> None:
    plans().restore(name)
    open_plan(name)


def _delete_for_good(name: str) -> None:
    plans().delete(name, for_good=True)
