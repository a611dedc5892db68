"""What is seen from across the room: the last picture, what was called out of it, the ones before, and the counts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

import streamlit as st

from segdetect.output.thumbnails import encoded_uri
from segdetect.runs.watching.calls import Call
from segdetect.runs.watching.ledger import SHOWN, Seen, Shift
from segdetect.runs.watching.watchers import WatcherState
from segdetect.ui.browser.sound import offer_sound
from segdetect.ui.shared.drift import show_drift
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.kept import attempt
from segdetect.ui.shared.locale import moment, number, reader_zone
from segdetect.ui.shared.page import part, show_error
from segdetect.ui.shared.phone import is_phone
from segdetect.ui.shared.polling import poll
from segdetect.ui.shared.texts import DOT, escaped, plain, shown
from segdetect.ui.shared.watchers import watchers

_POLL_SECONDS: Final = 1.0
# So often what stands below, the drift, is drawn anew.
_REST_SECONDS: Final = 30.0
_IN_A_ROW: Final = 10
# There, three stand beside each other: only the last line has room left.
_IN_A_ROW_ON_PHONE: Final = 12
# Never colour alone: each has a sign as well, which the style sheet draws for the verdicts.
_SIGNS: Final = {Call.OK: "✓", Call.NOT_OK: "⬢", Call.LOOK: "△"}
_KINDS: Final = {Call.OK: "normal", Call.NOT_OK: "anomalous", Call.LOOK: "suspicious"}
_STYLE: Final = """
<style>
.sd-call { display: flex; align-items: center; justify-content: center; gap: .18em; border-radius: .1em;
  padding: .06em .25em; color: #fff; font-size: clamp(3.5rem, 11vw, 11rem); font-weight: 800; line-height: 1.1; }
.sd-call .sd-icon { flex: none; width: .8em; height: .8em; background: #fff; }
.sd-call.sd-normal { background: #1a7f37; } .sd-call.sd-anomalous { background: #c2330b; }
.sd-call.sd-suspicious { background: #8a5a00; }
.sd-awaited { display: grid; place-content: center; min-height: min(420px, 50vh); padding: 1rem; text-align: center;
  border: 1px dashed #7c8aa0; border-radius: .6rem; } .sd-awaited p { margin: 0; line-height: 1.6; }
.st-key-watch-large img { max-height: 66vh; width: 100%; object-fit: contain; background: #10101810; }
.st-key-watch-last [data-testid="stCaptionContainer"] p { overflow-wrap: anywhere; font-size: .8rem; }
</style>
"""
# Where the picture will be, so that nothing moves when it comes.
_NO_PICTURE: Final = (
    '<div class="sd-awaited"><p><strong>Waiting for the first picture</strong></p>'
    "<p>It is shown here as soon as it is inspected.</p></div>"
)


@part("The pictures")
def show_line(state: WatcherState) -> None:
    """Draw the pictures of a watcher, and keep them up to date while it goes on."""
    st.html(_STYLE)
    id, drawn, at = state.record.id, _standing(state), time.monotonic()
    newest = watchers().ledger(id).newest

    def until() -> bool:
        now = watchers().get(account(), id)
        if now is None or _standing(now) != drawn:
            return True
        return time.monotonic() - at > _REST_SECONDS and watchers().ledger(id).newest != newest

    if state.goes_on:
        poll(partial(_draw, id), until=until, seconds=_POLL_SECONDS)
    else:
        _draw(id)


@part("Drift")
def show_line_drift(state: WatcherState) -> None:
    """Draw whether the pictures of the plan become less like the good ones."""
    if state.version is not None:
        st.subheader("Over time")
        show_drift(state.version, key="watch-drift")


def _standing(state: WatcherState) -> tuple[object, ...]:
    """What the whole page depends on."""
    return (state.goes_on, str(state.trouble), state.version)


def _draw(id: str) -> None:
    state = watchers().get(account(), id)
    if state is None:
        return
    ledger = watchers().ledger(id)
    last = ledger.last()
    _show_state(state)
    if last:
        _show_call(last[0])
    picture, side = st.columns([4, 1], gap="medium")
    with picture:
        _show_large(last)
    with side:
        _show_shift(ledger.shift(), state, id)
        if last:
            offer_sound(last[0].id, last[0].call.value)
    _show_last(last)


def _show_state(state: WatcherState) -> None:
    if state.trouble is not None:
        show_error(state.trouble)
    elif not state.goes_on:
        st.info("It is stopped. *Go on* takes up what has come meanwhile.", icon=":material/stop_circle:")
    elif not state.standing.ready:
        st.info("Making the engine ready…", icon=":material/hourglass_top:")
    for said in state.standing.said[-2:]:
        st.warning(plain(said), icon=":material/warning:")


def _show_call(seen: Seen) -> None:
    kind = escaped(_KINDS[seen.call])
    st.html(
        f'<div class="sd-call sd-{kind}" role="status" aria-live="polite">'
        f'<span class="sd-icon" aria-hidden="true"></span><span>{escaped(seen.call.value)}</span></div>'
    )


def _show_large(last: Sequence[Seen]) -> None:
    if not last:
        st.html(_NO_PICTURE)
        return
    seen = last[0]
    if seen.large is not None:
        with st.container(key="watch-large"):
            st.image(
                encoded_uri(seen.large),
                width="stretch",
                alt=shown(f"{seen.name}: {seen.call.value}, {seen.flagged} tiles flagged"),
            )
    st.markdown(f"**{plain(seen.name)}**{DOT}{plain(_time(seen.at))}{DOT}{plain(seen.verdict)}")
    if seen.reason:
        st.caption(plain(seen.reason))


def _show_shift(shift: Shift, state: WatcherState, id: str) -> None:
    with st.container(key="watch-counts"):
        for call, count in shift.counts.items():
            st.metric(plain(f"{_SIGNS[call]} {call.value}"), number(count, 0))
    if shift.since is not None:
        st.caption(f"since {plain(_time(shift.since, day=True))}")
    st.button(
        "Count anew",
        key="watch-shift",
        icon=":material/restart_alt:",
        on_click=attempt,
        args=(watchers().ledger(id).begin_shift,),
        kwargs={"kind": "watch"},
    )
    if state.goes_on and state.standing.waiting:
        waiting = state.standing.waiting
        st.warning(
            f"{number(waiting, 0)} more {'waits' if waiting == 1 else 'wait'}", icon=":material/hourglass_empty:"
        )
    if state.standing.polling:
        st.caption("Searched every few seconds: a network drive does not say what comes.")


def _show_last(last: Sequence[Seen]) -> None:
    if len(last) < 2:
        return
    st.markdown(f"**The last {min(SHOWN, len(last)):d}**")
    with st.container(key="watch-last"):
        many = _IN_A_ROW_ON_PHONE if is_phone() else _IN_A_ROW
        for start in range(0, len(last), many):
            for column, seen in zip(st.columns(many), last[start : start + many], strict=False):
                with column:
                    _show_small(seen)


def _show_small(seen: Seen) -> None:
    said = f"{_SIGNS[seen.call]} {seen.call.value}"
    if seen.thumbnail is not None:
        st.image(encoded_uri(seen.thumbnail), alt=shown(f"{seen.name}: {seen.call.value}"))
    st.caption(f"**{plain(said)}** {plain(_time(seen.at))}  \n{plain(seen.name)}")


def _time(at: float, *, day: bool = False) -> str:
    """A moment on the reader's clock."""
    there = datetime.fromtimestamp(at, reader_zone())
    return moment(there) if day else f"{there:%H:%M:%S}"
