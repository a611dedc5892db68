"""Plans on the Inspect page: chosen, changed, kept in one click; a damaged one is named and stops nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from segdetect.documents.settings import settings_record
from segdetect.files import file_name
from segdetect.inspection import Inspection
from segdetect.regions import regions_of
from segdetect.settings import EngineName, GridSize, PlanVersion, Rule, Scope, Settings
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import SWITCH, History
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.starting_points import STARTING_POINTS
from segdetect.ui.shared.process import begin_anew
from tests.support.pages import banner, captions, choices, errors, links, open_page, press, unescaped, upload
from tests.support.pictures import planted, png, tiff, weave

pytestmark = pytest.mark.usefixtures("page_engines")

PARTS = [png(weave(seed=seed)) for seed in (1, 2)]
STACK = tiff(*(weave(seed=seed) for seed in (3, 4, 5)))
GOOD = (
    *(GoodPicture(f"good-{n}.png", hashlib.sha256(data).hexdigest()) for n, data in enumerate(PARTS)),
    GoodPicture("stack.tif#2", hashlib.sha256(STACK).hexdigest(), 1),
)
FILES = {hashlib.sha256(data).hexdigest(): data for data in (*PARTS, STACK)}
SETTINGS = Settings(
    grid=GridSize(5, 5), engine=EngineName.TEXTURE, scope=Scope.REFERENCES, rule=Rule(false_alarms=0.07)
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    begin_anew()  # the history of the test before lies elsewhere
    return tmp_path


@pytest.fixture
def gasket(home: Path) -> Plan:
    return Plans().keep(Plan(name="Gasket", settings=SETTINGS, good=GOOD), FILES)


def with_defect() -> AppTest:
    return upload(open_page(), ("defect.png", png(planted(2, 3))))


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def test_each_starting_point_says_in_words_what_it_is_for() -> None:
    shown = captions(open_page())
    for plan in STARTING_POINTS:
        assert plan.notes in shown


def test_a_starting_point_sets_the_controls() -> None:
    plan = next(one for one in STARTING_POINTS if one.settings.grid.rows != 7)
    app = press(open_page(), plan.name)
    assert not app.exception
    assert app.slider(key="grid").value == plan.settings.grid.rows
    assert app.selectbox(key="engine").value == plan.settings.engine
    assert "Working by" not in captions(app)


def test_a_chosen_plan_decides_exactly_and_is_said_of_the_answer(gasket: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    app = press(with_defect(), "Gasket")
    assert not app.exception
    assert app.slider(key="grid").value == 5
    assert "Working by **Gasket**, version 1" in captions(app)
    assert "3 known-good pictures in use" in captions(app)
    (entry,) = History().find(Search(plan="Gasket"))
    answer = History().result(entry.id)
    # The slider of false alarms has no 7 in 100.
    assert answer.settings == replace(SETTINGS, plan=PlanVersion("Gasket", 1))  # type: ignore[union-attr]
    sources = [source.name for source in answer.scores.sources]  # type: ignore[union-attr]
    assert sources[-3:] == ["good-0.png", "good-1.png", "stack.tif#2"]


def test_a_change_is_said_saved_as_a_version_or_taken_back(gasket: Plan) -> None:
    app = press(with_defect(), "Gasket")
    app.slider(key="grid").set_value(8).run()
    assert "version 1, changed since: grid 8 x 8" in captions(app)
    press(app, "Back to it")
    assert app.slider(key="grid").value == 5
    app.slider(key="grid").set_value(8).run()
    press(app, "Save as version 2")
    assert not app.exception
    kept = Plans().get("Gasket")
    assert (kept.version, kept.settings.grid, kept.good) == (2, GridSize(8, 8), GOOD)
    assert "Working by **Gasket**, version 2" in captions(app)
    press(app, "Work without it")
    assert "Working by" not in captions(app)
    assert app.slider(key="grid").value == 8


def _offers_keeping(app: AppTest) -> bool:
    return any(field.key == "keep-plan-name" for field in app.text_input)


def test_nothing_is_kept_as_a_plan_before_there_is_a_picture_or_good_ones() -> None:
    assert not _offers_keeping(open_page())
    assert _offers_keeping(with_defect())
    app = open_page()
    choices(app, "scope").select(Scope.REFERENCES).run()
    assert not _offers_keeping(app)
    upload(app, ("good.png", PARTS[0]), key="reference-files")
    assert _offers_keeping(app)
    choices(app, "scope").select(Scope.SELF).run()
    assert not _offers_keeping(app), "good pictures that are not compared with are no part of a plan"
    assert _offers_keeping(open_page("pages/batch.py")), "its pictures are handed in on the page"


def test_what_is_on_the_page_becomes_a_plan() -> None:
    app = with_defect()
    app.slider(key="grid").set_value(6).run()
    choices(app, "scope").select(Scope.REFERENCES).run()
    upload(app, ("good.png", PARTS[0]), ("stack.tif", STACK), key="reference-files")
    app.text_input(key="keep-plan-name").set_value("Gasket/7")
    press(app, "Keep")
    assert not app.exception
    kept = Plans().get("Gasket/7")
    assert (kept.settings.grid, kept.settings.scope) == (GridSize(6, 6), Scope.REFERENCES)
    assert [one.name for one in kept.good] == ["good.png", "stack.tif#1", "stack.tif#2", "stack.tif#3"]
    assert [file.data() for file in Plans().open("Gasket/7").good_files()] == [PARTS[0], STACK, STACK, STACK]
    assert "Working by **Gasket/7**, version 1" in captions(app)


def test_a_plan_without_good_pictures_is_known_by_the_picture_on_the_page() -> None:
    app = with_defect()
    app.text_input(key="keep-plan-name").set_value("Cloth")
    press(app, "Keep")
    assert Plans().open("Cloth").bytes_of(Plans().get("Cloth").cover) == png(planted(2, 3))


def test_what_a_plan_ignores_is_ignored_here_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    ignored = regions_of(np.arange(49).reshape(7, 7) == 2 * 7 + 3)
    Plans().keep(Plan(name="Label", settings=Settings(engine=EngineName.TEXTURE, ignore=ignored)))
    app = press(with_defect(), "Label")
    app.slider(key="grid").set_value(8).run()
    assert "changed since: grid 8 x 8" in captions(app)
    for entry in History().find(Search(plan="Label")):
        answer = History().result(entry.id)
        assert isinstance(answer, Inspection)
        assert answer.settings.ignore == ignored
        assert answer.ignored_share == pytest.approx(1 / 49)
    assert len(History().find(Search(plan="Label"))) == 2


def test_a_batch_works_by_a_plan_too(gasket: Plan) -> None:
    app = press(open_page("pages/batch.py", **{"batch-engine": "texture"}), "Gasket")
    assert not app.exception
    assert app.slider(key="batch-grid").value == 5
    assert "Working by **Gasket**, version 1" in captions(app)
    assert "3 known-good pictures in use" in captions(app)


def test_the_good_pictures_of_a_plan_are_taken_without_its_settings(gasket: Plan) -> None:
    app = with_defect()
    choices(app, "scope").select(Scope.REFERENCES).run()
    app.button(key="use-good-Gasket").click().run()
    assert "3 known-good pictures in use" in captions(app)
    assert app.slider(key="grid").value == 7


def test_a_name_that_is_taken_is_said(gasket: Plan) -> None:
    app = with_defect()
    app.text_input(key="keep-plan-name").set_value("Gasket")
    press(app, "Keep")
    assert any("there is a plan of this name already" in error for error in errors(app))
    assert banner(app)[0]


def test_what_former_versions_kept_is_there_as_plans(home: Path) -> None:
    (home / "presets").mkdir()
    record = {"name": "Cloth", "why": "as it was", "settings": settings_record(Settings(grid=GridSize(9, 9)))}
    (home / "presets" / f"{file_name('Cloth')}.json").write_text(json.dumps(record))
    app = press(with_defect(), "Cloth")
    assert app.slider(key="grid").value == 9


def test_a_damaged_version_is_named_and_can_be_removed(gasket: Plan, home: Path) -> None:
    Plans().keep(replace(gasket, notes="second"))
    truncate(home / "plans" / file_name("Gasket") / "000002.json")
    app = with_defect()
    assert not app.exception
    assert banner(app)[0]
    assert any("Gasket" in error and "set aside" in error for error in errors(app))
    press(app, "Gasket")
    assert app.slider(key="grid").value == 5
    press(app, "Remove what is left")
    assert errors(app) == []
    assert not list((home / "plans").rglob("*.broken"))


def test_a_plan_whose_picture_is_damaged_says_so_when_it_is_chosen(gasket: Plan, home: Path) -> None:
    truncate(home / "plans" / "pictures" / GOOD[1].sha256)
    app = press(with_defect(), "Gasket")
    assert not app.exception
    assert any("good-1.png is damaged or gone" in error for error in errors(app))
    assert banner(app)[0]
    assert ("Mend it on Plans", "plan=Gasket") in links(app)
    app = open_page(plan="Gasket~1")
    assert any("names a plan that cannot be used here" in unescaped(one.value) for one in app.warning)
    assert ("Mend it on Plans", "plan=Gasket") in links(app)


def test_what_cannot_be_written_is_an_error_in_words(gasket: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    app = press(with_defect(), "Gasket")
    app.slider(key="grid").set_value(8).run()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)
    press(app, "Save as version 2")
    assert not app.exception
    assert any("Read-only file system" in unescaped(error) for error in errors(app))


@pytest.mark.parametrize("name", ["Gasket", "Gasket~x"])
def test_a_link_with_a_name_alone_is_all_of_the_last_version(gasket: Plan, name: str) -> None:
    settings = replace(SETTINGS, grid=GridSize(6, 6))
    kept = Plans().keep(replace(gasket, name=name, version=int(name == gasket.name), settings=settings))
    app = open_page(plan=name)
    assert not app.warning
    assert app.slider(key="grid").value == 6
    assert app.query_params["plan"] in (f"{name}~{kept.version}", [f"{name}~{kept.version}"])
