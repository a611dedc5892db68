"""Logging in, where whoever runs the server has configured Streamlit's login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st
from streamlit.errors import StreamlitAuthError, StreamlitMissingAuthlibError, StreamlitSecretNotFoundError

from segdetect.errors import SettingsError
from segdetect.ui.shared.jobs import account
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.texts import plain

# What stands in the section for all providers, or is one's own where there is but one.
_ONLY: Final = "client_id"


def show_login() -> None:
    """Draw how to log in, or out; nothing where no login is configured."""
    providers = _providers()
    if not providers:
        return
    if account():
        st.button("Log out", icon=":material/logout:", on_click=attempt, args=(_log_out,), kwargs={"kind": "login"})
    for provider in () if account() else providers:
        st.button(
            f"Log in with {plain(provider)}" if provider else "Log in",
            key=f"login-{provider}",
            icon=":material/login:",
            on_click=attempt,
            args=(_log_in, provider),
            kwargs={"kind": "login"},
        )
    show_trouble("login")


def _providers() -> list[str]:
    """Names of the providers that `.streamlit/secrets.toml` has; an empty one stands for the only one there is."""
    try:
        section: Mapping[str, Any] = st.secrets.get("auth", {})
    except StreamlitSecretNotFoundError:
        return []
    named = [name for name, value in section.items() if isinstance(value, Mapping)]
    return ["", *named] if _ONLY in section else named


def _log_in(provider: str) -> None:
    try:
        st.login(provider or None)
    except (StreamlitAuthError, StreamlitMissingAuthlibError) as error:
        raise SettingsError(
            "logging in is not set up as it should be on this server",
            remedy="Tell whoever runs it: Streamlit's login needs the package Authlib and a whole [auth] section",
        ) from error


def _log_out() -> None:
    st.logout()
