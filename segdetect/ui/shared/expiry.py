"""That an engine stops of itself soon, told once a day."""

from __future__ import annotations

from datetime import date
from typing import Final

import streamlit as st

from segdetect.engines.expiry import Expiring
from segdetect.message import Message
from segdetect.settings import EngineName
from segdetect.storage.told import is_due
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.locale import localized
from segdetect.ui.shared.session import engines, inspector
from segdetect.ui.shared.texts import plain

_ICON: Final = ":material/event_upcoming:"


def tell_expiry(wanted: EngineName, *, today: date | None = None) -> None:
    """Say once a day, from 30 days before, that the engine in use stops.

    Args:
        wanted: what the visitor has chosen.
        today: the day that is counted from; the computer's by default.
    """
    used = engines().auto if wanted is EngineName.AUTO else wanted
    engine = None if used is None else inspector().engines[used]
    expiry, day = engine.expiry if isinstance(engine, Expiring) else None, today or date.today()
    if expiry is None or not expiry.is_near(day) or not is_due(f"expiry of {expiry.version} {account()}", day):
        return
    told = Message(
        "{sentence}. The Plans page says what follows.",
        sentence=expiry.sentence(day),
    )
    st.toast(plain(localized(told)), icon=_ICON, duration="long")
