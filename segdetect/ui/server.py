"""The dashboard's server; `python -m segdetect.ui.server run ...` is `streamlit run ...`, and asks nobody outside.

Runs and watchers that a former process left under way go on as soon as it serves, whether a page is opened or not.
"""

from __future__ import annotations

import gc
import threading
import time
from typing import Final

from streamlit import runtime
from streamlit.web import cli

from segdetect.ui.shared.public_address import ask_nobody

_LOOK_SECONDS: Final = 0.2


def go_on() -> None:
    """Wait until the server serves, which is when its settings are known, then take up what was under way."""
    while not runtime.exists():
        time.sleep(_LOOK_SECONDS)
    # The server's own start has no use for the engines, nor for the time that their import takes.
    from segdetect.log import begin_log
    from segdetect.ui.shared.background_runs import runs
    from segdetect.ui.shared.watchers import watchers

    # All that these imports made stays for good. To go over it takes a whole collection a seventh of a second, in which
    # no page is drawn; without it a hundredth.
    gc.freeze()
    begin_log("dashboard")
    runs()
    watchers()


if __name__ == "__main__":
    ask_nobody()
    threading.Thread(target=go_on, name="goes on", daemon=True).start()
    cli.main(prog_name="streamlit")
