"""An engine that stops of itself: told once a day, and plans that use it are shown another engine beside it."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from segdetect.engines.expiry import Expiry
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.storage import told
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.ui.shared.session import Engines
from tests.support.pages import captions, markdown, open_page, press, unescaped
from tests.support.pictures import png, weave
from tests.support.tiny_engine import TinyTileEngine

pytestmark = pytest.mark.usefixtures("page_engines")

CLEAN = [png(weave((224, 224), seed=seed)) for seed in range(1, 4)]
FILES = {hashlib.sha256(data).hexdigest(): data for data in CLEAN}
GOOD = tuple(GoodPicture(f"good-{n}.png", sha256) for n, sha256 in enumerate(FILES))
SETTINGS = Settings(
    grid=GridSize(4, 4),
    engine=EngineName.FASTDUP,
    scope=Scope.REFERENCES,
    rule=Rule(RuleName.THRESHOLD, threshold=0.4),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    monkeypatch.setattr(told, "_told", {})
    return tmp_path


def expire(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """The tiny tile engine stops in so many days."""
    expiry = Expiry("tiny 1", date.today() + timedelta(days=days))
    monkeypatch.setattr(TinyTileEngine, "expiry", expiry, raising=False)


@pytest.mark.parametrize(("engine", "days", "times"), [("fastdup", 25, 1), ("fastdup", 31, 0), ("texture", 25, 0)])
def test_the_pages_say_so_once_a_day(engine: str, days: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expire(monkeypatch, days)
    toasts = [*open_page(engine=engine).toast, *open_page("pages/compare.py", **{"left-engine": engine}).toast]
    assert len(toasts) == times
    assert [toast for toast in toasts if f"in {days} days" not in unescaped(toast.value)] == []


def test_of_the_engine_that_auto_takes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    expire(monkeypatch, 25)
    monkeypatch.setattr(Engines, "auto", EngineName.FASTDUP)
    assert len(open_page(engine="auto").toast) == 1


def test_a_plan_is_shown_by_both_engines_and_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    expire(monkeypatch, 25)
    Plans().keep(Plan(name="Gasket", settings=SETTINGS, good=GOOD), FILES)
    app = open_page("pages/plans.py")
    assert "The plan asks for it: from then on nothing can be inspected by it." in markdown(app)
    app.toggle(key="plan-switch").set_value(True).run()
    assert not app.exception
    both = next(frame.value for frame in app.dataframe if "other verdict" in frame.value)
    assert both["name"].tolist() == ["good-0.png", "good-1.png", "good-2.png"]
    assert "pictures get another answer than by texture" in captions(app)
    app = press(app, "Switch to texture")
    settings = Plans().get("Gasket").settings
    assert (settings.engine, settings.rule) == (EngineName.TEXTURE, Rule())
    assert Plans().get("Gasket", 1).settings == SETTINGS
    assert "When its engine stops" not in [header.value for header in app.subheader]


def test_afterwards_it_can_still_be_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    expire(monkeypatch, -3)
    Plans().keep(Plan(name="Gasket", settings=SETTINGS, good=GOOD), FILES)
    app = open_page("pages/plans.py")
    assert "does not run any more" in captions(app)
    assert not any(toggle.key == "plan-switch" for toggle in app.toggle)
    press(app, "Switch to texture")
    assert Plans().get("Gasket").version == 2


def test_long_before_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    expire(monkeypatch, 90)
    Plans().keep(Plan(name="Gasket", settings=SETTINGS, good=GOOD), FILES)
    assert "When its engine stops" not in [header.value for header in open_page("pages/plans.py").subheader]
