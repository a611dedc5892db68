"""Streamlit's server, which asks nobody; `python -m segdetect.ui.shared.server run ...` is `streamlit run ...`.

By itself it asks a site outside for this machine's public address, whenever a page of another origin tries its
websocket. Such a page is refused with that address or without.
"""

from __future__ import annotations

from streamlit import net_util


def ask_nobody() -> None:
    """From now on this process does not know its public address, and does not ask for it."""
    net_util.get_external_ip = _unknown


def _unknown() -> str | None:
    return None


if __name__ == "__main__":
    # Pages need no more of this module than the above.
    from streamlit.web import cli

    ask_nobody()
    cli.main(prog_name="streamlit")
