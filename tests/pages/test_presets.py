"""Presets on the page: each says what it is for, and sets every control at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from segdetect.storage.presets import BUILT_IN
from tests.support.pages import captions, open_page, press

pytestmark = pytest.mark.usefixtures("page_engines")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))


def test_each_preset_says_in_words_what_it_is_for() -> None:
    shown = captions(open_page())
    for preset in BUILT_IN:
        assert preset.why in shown


def test_a_preset_sets_the_controls() -> None:
    preset = next(one for one in BUILT_IN if one.settings.grid.rows != 7)
    app = press(open_page(), preset.name)
    assert not app.exception
    assert app.slider(key="grid").value == preset.settings.grid.rows
    assert app.selectbox(key="engine").value == preset.settings.engine
