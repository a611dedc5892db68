"""What the tests share."""

from __future__ import annotations

import pytest

from scripts.browser import find_chromium, remedy


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium that starts, for Playwright's `executable_path`; the test is skipped where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip(f"no Chromium or Chrome that Playwright can drive on this machine ({remedy()})")
    return path
