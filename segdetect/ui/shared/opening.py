"""Ways to the Inspect page from others: with a picture, with settings, and with an answer as it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import streamlit as st

from segdetect.inspection import Inspection
from segdetect.message import Message
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import RuleName, Scope, Settings
from segdetect.ui.shared.applying import apply_settings, as_shown
from segdetect.ui.shared.controls import RULE_LABELS, SCOPE_LABELS, alarms_label
from segdetect.ui.shared.file_pages import page_key
from segdetect.ui.shared.ignored import keep_ignored
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.page import callback
from segdetect.ui.shared.session import Upload, dropped_exports, kept_uploads
from segdetect.ui.shared.sidebar import Request, choose_sample
from segdetect.ui.shared.texts import plain, shown

_KEPT: Final = "kept-answer"
_AS: Final = "kept-answer-as"
_BESIDE: Final = "kept-answer-beside"
_TAKEN: Final = "exports-taken"
_FRAME_GREY: Final = 150
# Enough of a digest to know the file by.
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """An answer that was not computed for this page.

    Args:
        inspection: the answer.
        created: when it was found; None where that is not known.
    """

    inspection: Inspection
    created: datetime | None = None


def open_on_inspect(settings: Settings, uploads: Sequence[Upload], *, kept: Kept | None = None) -> None:
    """Go to the Inspect page; arguments as of `set_inspect`."""
    set_inspect(settings, uploads, kept=kept)
    # What is set for controls that have not been drawn yet does not reach the address by itself.
    st.switch_page("streamlit_app.py", query_params=address_of(as_controls(settings)))


def set_inspect(settings: Settings, uploads: Sequence[Upload], *, kept: Kept | None = None) -> None:
    """Have the Inspect page show this when it is drawn next.

    Args:
        settings: what its controls are set to.
        uploads: the pictures to show; none where the visitor has to drop them in.
        kept: an answer of the picture that is shown as it is, until the visitor changes a control or asks anew.
    """
    state = st.session_state
    state["uploads"], state["shown"] = tuple(uploads), 0
    choose_sample(None)
    apply_settings(as_controls(settings))
    keep_ignored(settings.ignore)
    _forget()
    if kept is not None:
        _show(kept)


def take_exports() -> None:
    """Open the first of the exported inspections that were just dropped in, and close it when its file goes.

    To be called before any control is drawn, since its settings become theirs.
    """
    exports = dropped_exports()
    told = [(*one.identity, one.settings, one.scores.scores.tobytes()) for one in exports]
    if told == st.session_state.get(_TAKEN, []):
        return
    st.session_state[_TAKEN] = told
    _forget()
    if exports:
        _open_export(exports[0])


def _open_export(inspection: Inspection) -> None:
    digests = [upload.sha256 for upload in kept_uploads("uploads")]
    if inspection.sha256 in digests:
        st.session_state["shown"] = digests.index(inspection.sha256)
    _forget()
    apply_settings(as_controls(inspection.settings))
    keep_ignored(inspection.settings.ignore)
    _show(Kept(inspection))


def _show(kept: Kept) -> None:
    st.session_state[_KEPT] = kept
    st.session_state[page_key(kept.inspection.sha256)] = kept.inspection.page + 1


def framed(request: Request | None) -> Request | None:
    """The request, or where an answer is open whose picture is not here one that shows it in an empty frame.

    It stays until its picture or another one is dropped in.
    """
    kept: Kept | None = st.session_state.get(_KEPT)
    if kept is None:
        return request
    beside = None if request is None else request.image.identity
    if beside not in (None, st.session_state.setdefault(_BESIDE, beside), kept.inspection.identity):
        _forget()
        return request
    if beside == kept.inspection.identity:
        return request
    return Request(_frame(kept.inspection), kept.inspection.settings, is_frame=True)


def _frame(inspection: Inspection) -> LoadedImage:
    """A grey picture of the right size, which takes no memory until it is drawn."""
    width, height = inspection.size_wh
    pixels = np.broadcast_to(np.uint8(_FRAME_GREY), (height, width, 3))
    # What is remembered of a frame is not to be taken for what is remembered of the picture.
    return LoadedImage(inspection.image, f"frame of {width} x {height}", pixels)


def address_of(settings: Settings) -> dict[str, str]:
    """The parameters of a link to the Inspect page with these settings, which were chosen with the same controls."""
    grid, rule = settings.grid, settings.rule
    parameters = {
        "engine": settings.engine.value,
        "scope": SCOPE_LABELS[settings.scope],
        "rule": RULE_LABELS[rule.name],
    }
    if grid.rows == grid.cols:
        parameters["grid"] = str(grid.rows)
    else:
        parameters |= {"apart": "true", "rows": str(grid.rows), "cols": str(grid.cols)}
    if rule.name is RuleName.AUTO:
        parameters["alarms"] = alarms_label(rule.false_alarms)
    return parameters


def as_controls(settings: Settings) -> Settings:
    """Settings of whatever origin, as near as the controls for one picture can say them."""
    scope = Scope.SELF if settings.scope is Scope.BATCH else settings.scope
    return replace(as_shown(settings), scope=scope)


def kept_answer(request: Request) -> Inspection | None:
    """The answer that was opened, while the page asks for what it was opened with; it is forgotten once it does not."""
    kept: Kept | None = st.session_state.get(_KEPT)
    if kept is None or request.is_frame:
        return None if kept is None else kept.inspection
    asked = (request.settings, tuple(image.key for image in request.bank))
    same_picture = kept.inspection.identity == request.image.identity
    if not same_picture or st.session_state.setdefault(_AS, asked) != asked:
        _forget()
        return None
    return kept.inspection


def show_kept_answer() -> None:
    """Draw that the answer was kept, with a way to compute it anew; beside an empty frame, which picture it wants."""
    kept = st.session_state.get(_KEPT)
    if kept is None:
        return
    inspection = kept.inspection
    day = "" if kept.created is None else localized(Message("{day}", day=kept.created.astimezone().date()))
    of_day = f" of {plain(day)}" if day else ""
    if _AS in st.session_state:
        with st.container(horizontal=True, vertical_alignment="center", key="kept-answer"):
            st.markdown(f":material/history: This is the answer{of_day} as it was kept; nothing was computed anew.")
            st.button("Inspect anew", on_click=callback(_forget), icon=":material/refresh:")
        return
    st.info(
        f"The answer{of_day} for {plain(inspection.image)} is open without its picture. Drop that picture in "
        f"to see it here. It is known by its content, whatever its name: its SHA-256 begins with "
        f"**{plain(inspection.sha256[:_DIGITS])}**.",
        icon=":material/history:",
    )
    st.button("Close", on_click=callback(_forget), icon=":material/close:")


def show_exports_opened() -> None:
    """Draw the choice among several exported inspections that were dropped in, where one of them is open."""
    exports = dropped_exports()
    if len(exports) > 1 and st.session_state.get(_KEPT) is not None:
        st.selectbox(
            f"Opened (of {len(exports):d} inspections)",
            range(len(exports)),
            format_func=lambda number: shown(exports[number].image) if number < len(exports) else "",
            key="export-shown",
            on_change=_export_chosen,
        )


@callback
def _export_chosen() -> None:
    exports, number = dropped_exports(), st.session_state["export-shown"]
    if number < len(exports):
        _open_export(exports[number])


def _forget() -> None:
    st.session_state[_KEPT] = None
    for key in (_AS, _BESIDE):
        st.session_state.pop(key, None)
