"""What the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.browser import find_chromium, remedy


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium that starts, for Playwright's `executable_path`; the test is skipped where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip(f"no Chromium or Chrome that Playwright can drive on this machine ({remedy()})")
    return path


@pytest.fixture(scope="module")
def page_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pages without the real fastdup and dinov2; gives the empty folder in which they keep things."""
    import streamlit as st

    from segdetect.engines.texture import TextureEngine
    from segdetect.settings import EngineName
    from tests.pages import MissingEngine
    from tests.tiny_engine import TinyTileEngine

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_HOME", str(home))
        patch.setattr(
            "segdetect.pipeline.default_engines",
            lambda: {
                EngineName.FASTDUP: TinyTileEngine(),
                EngineName.DINOV2: MissingEngine(),
                EngineName.TEXTURE: TextureEngine(),
            },
        )
        st.cache_resource.clear()
        yield home
    st.cache_resource.clear()
