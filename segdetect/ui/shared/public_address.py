"""Streamlit's server is kept from asking a site outside for this machine's public address.

By itself it asks, whenever a page of another origin tries its websocket. Such a page is refused with that address or
without.
"""

from __future__ import annotations

from streamlit import net_util


def ask_nobody() -> None:
    """From now on this process does not know its public address, and does not ask for it."""
    net_util.get_external_ip = _unknown


def _unknown() -> str | None:
    return None
