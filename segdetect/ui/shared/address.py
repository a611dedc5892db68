"""What of the address Streamlit does not keep by itself: the picture a link was made for, and the threshold."""

from __future__ import annotations

import math
from typing import Final

import streamlit as st

from segdetect.pictures.loading import LoadedImage
from segdetect.settings import Rule, RuleName
from segdetect.ui.shared.page import callback
from segdetect.ui.shared.texts import plain

# Enough of the digest to tell pictures apart, short enough for a link.
_DIGITS: Final = 16
_PARAMETER: Final = "picture"
_WANTED: Final = "wanted-picture"
_MISSED: Final = "missed-picture"
_THRESHOLD: Final = "threshold"
_RECORDED: Final = "threshold-recorded"
_OWN: Final = "threshold-own"
FIRST_THRESHOLD: Final = 0.5


def record_picture(image: LoadedImage, *, is_sample: bool) -> None:
    """Put the picture's SHA-256 in the address; a sample is named there already.

    Where the visitor came by a link that was made for another picture, say so while the first one they give is shown.
    """
    wanted, digest = _wanted_picture(), image.sha256[:_DIGITS]
    st.session_state[_WANTED] = ""
    if wanted not in ("", digest):
        st.session_state[_MISSED] = wanted, digest
    if is_sample:
        _forget_picture()
        return
    _set_parameter(_PARAMETER, digest)
    missed, shown = st.session_state.get(_MISSED, ("", ""))
    if shown == digest:
        st.warning(
            f"The link you opened was made for another picture (SHA-256 {plain(missed[:_DIGITS])}...). These are its "
            f"settings on {plain(image.name)}.",
            icon=":material/link:",
        )


def show_wanted_picture() -> None:
    """On the empty page: say which picture the visitor's link was made for; no picture of their own stays named."""
    wanted = _wanted_picture()
    if not wanted:
        _forget_picture()
        return
    st.info(
        f"This link was made for a picture that stays on its owner's machine. Drop in the file whose SHA-256 "
        f"begins with **{plain(wanted[:_DIGITS])}** to see the same view; the settings are restored already.",
        icon=":material/link:",
    )


def _set_parameter(name: str, value: str) -> None:
    """Have the address say this; one that does is not sent to the browser again, which Streamlit does for each word."""
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def _wanted_picture() -> str:
    """What the address named when the visitor came; empty once they have seen a picture, as it is then ours."""
    return str(st.session_state.setdefault(_WANTED, st.query_params.get(_PARAMETER, "")))


def _forget_picture() -> None:
    if _PARAMETER in st.query_params:
        del st.query_params[_PARAMETER]


def read_threshold() -> float:
    """The visitor's own threshold: from the address where that has news, as after Back; else as it was left."""
    asked, recorded = st.query_params.get(_THRESHOLD), st.session_state.get(_RECORDED)
    if asked is None or asked == recorded:
        if _THRESHOLD in st.session_state:
            return float(st.session_state[_THRESHOLD])
        asked = recorded
    try:
        threshold = float(asked or FIRST_THRESHOLD)
    except ValueError:
        threshold = FIRST_THRESHOLD
    # The slider's range follows the scores, so the address cannot be bound to it; this is what it starts from.
    st.session_state[_THRESHOLD] = threshold if math.isfinite(threshold) and threshold >= 0 else FIRST_THRESHOLD
    return float(st.session_state[_THRESHOLD])


@callback
def own_threshold_again(prefix: str) -> None:
    """Callback of the choice of a rule: their own number is what they set it to last, not what another rule says.

    Args:
        prefix: of the control's key; empty on the Inspect page, whose number alone is kept in the address.
    """
    if not prefix and st.session_state["rule"] is RuleName.THRESHOLD and _OWN in st.session_state:
        st.session_state[_THRESHOLD] = st.session_state[_OWN]


def record_threshold(rule: Rule) -> None:
    """Keep the visitor's own threshold in the address while it decides."""
    if rule.threshold is not None:
        st.session_state[_OWN] = rule.threshold
        st.session_state[_RECORDED] = f"{rule.threshold:.6g}"
        _set_parameter(_THRESHOLD, st.session_state[_RECORDED])
    elif _THRESHOLD in st.query_params:
        del st.query_params[_THRESHOLD]
