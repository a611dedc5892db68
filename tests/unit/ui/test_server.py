"""What the dashboard's process does beside Streamlit's own start."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: what is left out of collections stays so until the process ends.
PROGRAM = """
import gc
from unittest import mock
from streamlit import runtime
from segdetect.ui import server
from segdetect.ui.shared import background_runs, watchers
with mock.patch.object(runtime, "exists", lambda: True), mock.patch("segdetect.log.begin_log"), \\
        mock.patch.object(background_runs, "runs"), mock.patch.object(watchers, "watchers"):
    server.go_on()
    assert background_runs.runs.called and watchers.watchers.called
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_no_collection_goes_over_what_was_imported() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    left_out, gone_over = map(int, done.stdout.split())
    assert left_out > 100_000 > 10 * gone_over
