"""What a visitor has on the desk, there again after a reload: pictures, known-good ones, regions to ignore.

It is kept in this process's memory, within its one budget, and found by the browser that asks together with the address
that it shows: a link alone opens nobody's pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st

from segdetect.memo import process_budget
from segdetect.message import counted
from segdetect.ui.shared.page import callback
from segdetect.ui.shared.session import Upload, kept_uploads
from segdetect.ui.shared.texts import plain

_COOKIE: Final = "_streamlit_xsrf"
_TAKEN: Final = "desk-taken-back"
_LAID: Final = "desk-laid"
# What goes with the files, by its name in the session.
_BESIDE: Final = ("uploads", "references", "good-pictures-of", "ignored")
# Of one browser's tabs; the pictures of more are not worth their memory.
_MOST: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    sample: str
    things: Mapping[str, Any] = field(repr=False)

    @property
    def uploads(self) -> tuple[Upload, ...]:
        return tuple(self.things.get("uploads") or ())

    @property
    def names(self) -> tuple[str, ...]:
        """What it is known by: the sample that is shown, or the pictures' digests."""
        return (self.sample,) if self.sample else tuple(upload.sha256 for upload in self.uploads)

    @property
    def nbytes(self) -> int:
        files = (*self.uploads, *(self.things.get("references") or ()))
        return sum(len(upload.data) for upload in files)


def browser_of_visitor() -> str:
    """A secret that the browser sends with each of its tabs, by which it is known again; empty where it sends none."""
    parts = str(st.context.cookies.get(_COOKIE, "")).split("|")
    try:
        mask, token = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
    except (IndexError, ValueError):
        return ""
    # The server may mask the same token anew each time.
    return bytes(byte ^ mask[at % len(mask)] for at, byte in enumerate(token)).hex() if mask else ""


def take_back(prefix: str = "") -> None:
    """At a session's first run: put back what this browser had when the address was made; nothing where that is gone.

    Args:
        prefix: of the page, as for its controls.
    """
    if st.session_state.setdefault(_TAKEN, False) or kept_uploads("uploads"):
        return
    st.session_state[_TAKEN] = True
    digest, sample = st.query_params.get("picture", ""), st.query_params.get(f"{prefix}sample", "")
    desk = next((one for one in _desks() if _fits(one, digest, sample)), None)
    if desk is None:
        return
    for name, thing in desk.things.items():
        st.session_state[name] = thing
    if digest:
        at = next(at for at, upload in enumerate(desk.uploads) if upload.sha256.startswith(digest))
        st.session_state["shown"] = at


def _fits(desk: _Desk, digest: str, sample: str) -> bool:
    if sample:
        return desk.sample == sample
    return bool(digest) and not desk.sample and any(name.startswith(digest) for name in desk.names)


def lay(sample: str | None) -> None:
    """Keep what is on the desk now; `sample` is the one that is shown in place of the visitor's pictures."""
    things = {name: st.session_state[name] for name in _BESIDE if st.session_state.get(name)}
    desk, browser = _Desk(sample or "", things), browser_of_visitor()
    told = (desk.names, tuple(things.get("references") or ()), _versions(things.get("ignored") or {}))
    if not browser or not things or st.session_state.get(_LAID) == told:
        return
    st.session_state[_LAID] = told
    _keep([desk, *(one for one in _desks() if one.names != desk.names)][:_MOST])


def _versions(ignored: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((owner, one.version) for owner, one in ignored.items())


def show_forget() -> None:
    """Draw a way to forget the pictures, where the uploader does not list them any more; it can be taken back."""
    _offer("uploads", "files", "picture")


def show_forget_good() -> None:
    """The same for the known-good pictures."""
    _offer("references", "reference-files", "known-good picture")


def _offer(kept: str, widget: str, noun: str) -> None:
    uploads, gone = kept_uploads(kept), st.session_state.get(f"{kept}-forgotten")
    if uploads and not st.session_state.get(widget):
        what = uploads[0].name if len(uploads) == 1 else counted(len(uploads), noun)
        st.caption(f"{plain(what)}: kept in this server's memory, also if you reload.")
        st.button("Forget", key=f"forget-{kept}", icon=":material/delete:", on_click=_forget, args=(kept,))
    elif gone and not uploads:
        st.button("Take back what was forgotten", key=f"unforget-{kept}", on_click=_unforget, args=(kept,))


@callback
def _forget(kept: str) -> None:
    st.session_state[f"{kept}-forgotten"], st.session_state[kept] = kept_uploads(kept), ()
    gone = {upload.sha256 for upload in st.session_state[f"{kept}-forgotten"]}
    # Without its pictures a desk is empty; without the good ones it is laid anew when it is drawn next.
    _keep([one for one in _desks() if kept != "uploads" or gone.isdisjoint(one.names)])
    st.session_state[_LAID] = None


@callback
def _unforget(kept: str) -> None:
    st.session_state[kept] = st.session_state.pop(f"{kept}-forgotten")


def _desks() -> Sequence[_Desk]:
    browser = browser_of_visitor()
    found = process_budget().find(("desks", browser)) if browser else None
    return found if isinstance(found, tuple) else ()


def _keep(desks: Sequence[_Desk]) -> None:
    process_budget().keep(("desks", browser_of_visitor()), tuple(desks), sum(desk.nbytes for desk in desks))
