"""The Plans page: plans listed, tried, compared, changed, exported, imported, deleted and taken back."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.deciding.drift import LEARNT
from segdetect.inspection import Inspection, Verdict
from segdetect.settings import EngineName, GridSize, Scope, Settings
from segdetect.storage.history.entries import Finding
from segdetect.storage.history.history import SWITCH, History
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.segplan import write_segplan
from tests.support.findings import finding, run
from tests.support.pages import captions, chart, errors, links, markdown, numbers, open_page, press, unescaped, upload
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

PAGE = "pages/plans.py"
CLEAN = [png(weave((224, 224), seed=seed)) for seed in range(1, 5)]
ODD = png(planted(2, 3, size_wh=(224, 224), seed=9))
FILES = {hashlib.sha256(data).hexdigest(): data for data in (*CLEAN, ODD)}
GOOD = tuple(GoodPicture(f"good-{n}.png", sha256) for n, sha256 in enumerate(FILES))
SETTINGS = Settings(grid=GridSize(7, 7), engine=EngineName.TEXTURE, scope=Scope.REFERENCES)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def gasket(home: Path) -> Plan:
    first = Plans().keep(Plan(name="Gasket", settings=SETTINGS, good=GOOD[:4], notes="as on Monday"), FILES)
    return Plans().keep(replace(first, good=GOOD, settings=replace(SETTINGS, grid=GridSize(4, 4))), FILES)


def tried(app: AppTest) -> AppTest:
    return upload(app, ("part.png", ODD), ("broken.png", b"no picture"), key="plan-trial-files")


def lacking(app: AppTest) -> list[str]:
    """The pictures that the plan is said to lack."""
    said = [re.search(r"damaged or gone: (.*)\. Give", unescaped(one.value)) for one in app.warning]
    return [name for found in said if found for name in found[1].split(", ")]


def test_every_plan_has_a_card() -> None:
    names = [f"part {number}" for number in range(1, 8)]
    for name in names:
        Plans().keep(Plan(name=name, settings=Settings()))
    app = open_page(PAGE)
    assert not errors(app)
    assert [name for name in names if f"**{name}**" in markdown(app)] == names
    assert sum(one.label == "Show" for one in app.button) == len(names)


def test_the_empty_page_says_what_a_plan_is_and_makes_one_in_a_click() -> None:
    app = open_page(PAGE)
    assert "A plan keeps the grid, the engine" in markdown(app)
    app.button(key="plan-of-sample").click().run()
    assert not app.exception
    (plan,) = Plans().kept().whole
    assert f"**{plan.name}**" in markdown(app)
    assert "version 1 · no known-good pictures · 7 x 7 tiles" in captions(app)


def test_a_plan_says_what_it_asks_for_and_what_its_good_pictures_taught_it(gasket: Plan) -> None:
    app = open_page(PAGE)
    assert not app.exception
    assert "**Grid**: 4 x 4 tiles" in markdown(app)
    assert "as on Monday" in markdown(app)
    assert "**4 of 5** good pictures pass when each is taken for new" in markdown(app)
    # Clopper and Pearson for 1 of 5, and for 1 of 6.
    assert "anything from 1% to 72% (19 times in 20)" in markdown(app)
    assert "that passes makes that 64% at most" in markdown(app)
    assert "**Is this one really good?**" in markdown(app)
    assert "good-4.png: strongest tile" in captions(app)


def test_an_outlier_is_taken_out_in_a_click_and_the_former_version_stays(gasket: Plan) -> None:
    app = press(open_page(PAGE), "Take it out")
    assert not app.exception
    assert (Plans().get("Gasket").version, Plans().get("Gasket").good) == (3, GOOD[:4])
    assert Plans().get("Gasket", 2) == gasket
    assert "**4 of 4** good pictures pass" in markdown(app)


def test_two_versions_are_compared_on_the_same_pictures(gasket: Plan) -> None:
    app = tried(open_page(PAGE))
    assert any("broken.png" in error for error in errors(app))
    app.selectbox(key="plan-other-Gasket-2").set_value(1).run()
    assert not app.exception
    settings, trials = (frame.value for frame in app.dataframe)
    assert settings["what"].tolist() == ["Grid", "Known-good pictures"]
    assert settings["after"].tolist() == ["4 x 4", "5: with good-4.png"]
    assert trials["name"].tolist() == ["part.png"]
    # The defective part is among the good ones of the version that is shown, and not among those of the first.
    assert trials["other verdict"].tolist() == ["⬢ anomalous"]
    assert "tiles" in trials["changed"][0]
    assert "1 of 1 pictures get another answer than by version 1" in captions(app)


def test_notes_labels_and_scale_are_a_new_version(gasket: Plan) -> None:
    app = open_page(PAGE)
    next(one for one in app.text_input if one.label == "Labels").set_value("scratch, , dent,scratch")
    next(one for one in app.number_input if one.label == "Millimetres a pixel").set_value(0.05)
    press(app, "Save as version 3")
    kept = Plans().get("Gasket")
    assert (kept.version, kept.labels, kept.mm_per_pixel, kept.notes) == (3, ("scratch", "dent"), 0.05, "as on Monday")


def test_an_older_version_is_shown_and_made_the_newest(gasket: Plan) -> None:
    app = open_page(PAGE)
    app.selectbox(key="plan-version-Gasket-2").set_value(1).run()
    assert "**Grid**: 7 x 7 tiles" in markdown(app)
    press(app, "Make this the newest version")
    kept = Plans().get("Gasket")
    assert (kept.version, kept.settings) == (3, SETTINGS)


def test_a_deleted_plan_is_taken_back_or_goes_for_good(gasket: Plan) -> None:
    app = press(open_page(PAGE), "Delete")
    assert not app.exception
    assert Plans().kept().whole == ()
    press(app, "Take back")
    assert Plans().get("Gasket") == gasket
    press(press(app, "Delete"), "Delete for good")
    assert Plans().deleted() == []


def test_a_plan_comes_from_a_file_under_its_name_or_another(gasket: Plan) -> None:
    file = ("gasket.segplan", write_segplan(Plans().open("Gasket")))
    app = upload(open_page(PAGE), file, key="plan-file-0")
    app.button(key="import-plan").click().run()
    assert any("there is a plan of this name already" in error for error in errors(app))
    app.text_input(key="import-name-0").set_value("Gasket 8").run()
    app.button(key="import-plan").click().run()
    assert not app.exception
    assert [plan.name for plan in Plans().kept().whole] == ["Gasket", "Gasket 8"]
    assert Plans().get("Gasket 8").good == GOOD
    # What was open over the new plan is closed, and empty when it is opened again.
    assert app.text_input(key="import-name-1").value == ""


def test_a_file_that_is_no_plan_is_said(home: Path) -> None:
    app = upload(open_page(PAGE), ("x.segplan", b"PK nothing"), key="plan-file-0")
    app.button(key="import-plan").click().run()
    assert any("x.segplan" in error and "it is no plan" in error for error in errors(app))


def test_a_plan_is_used_on_inspect(gasket: Plan) -> None:
    app = open_page(PAGE)
    app.button(key="plan-use").click().run()
    assert app.slider(key="grid").value == 4
    assert "Working by **Gasket**, version 2" in captions(app)


def test_a_plan_with_a_damaged_picture_stays_to_be_seen(gasket: Plan, home: Path) -> None:
    (home / "plans" / "pictures" / GOOD[0].sha256).write_bytes(b"another")
    app = tried(open_page(PAGE))
    assert not app.exception
    assert any("good-0.png is damaged or gone" in error for error in errors(app))
    assert "**Grid**: 4 x 4 tiles" in markdown(app)


def test_a_picture_that_a_plan_lacks_is_given_once_more(gasket: Plan, home: Path) -> None:
    Plans().keep(replace(gasket, name="Axle", version=0))
    damaged, gone = (home / "plans" / "pictures" / one.sha256 for one in GOOD[:2])
    damaged.write_bytes(b"another")
    gone.unlink()
    app = open_page(PAGE, plan="Gasket")
    assert "Gasket" in [header.value for header in app.header]
    assert sorted(lacking(app)) == ["good-0.png", "good-1.png"]
    assert errors(app) == []
    assert "What its good pictures taught it" not in [header.value for header in app.subheader]
    assert "Mend it on Plans" not in [label for label, _ in links(app)]
    upload(app, ("good-0.png", ODD), key="plan-lacking")
    assert any("none of these files is what this plan lacks" in error for error in errors(app))
    upload(app, ("copy.png", CLEAN[0]), ("other.png", ODD), key="plan-lacking")
    assert lacking(app) == ["good-1.png"]
    upload(app, ("again.png", CLEAN[1]), key="plan-lacking")
    assert lacking(app) == errors(app) == []
    assert damaged.read_bytes() == CLEAN[0]
    assert Plans().get("Gasket") == gasket


def test_damaged_versions_of_several_plans_are_said_and_each_can_be_removed(home: Path) -> None:
    for name in ("Axle", "Gasket"):
        Plans().keep(Plan(name=name, settings=Settings()))
    for file in (home / "plans").glob("*/000001.json"):
        file.write_bytes(file.read_bytes()[:-20])
    app = open_page(PAGE)
    told = "it is damaged and was set aside"
    assert [error.split(".")[0] for error in errors(app)] == [f"**Axle**: {told}", f"**Gasket**: {told}"]
    first, _ = (button for button in app.button if button.label == "Remove what is left")
    first.click().run()
    press(app, "Remove what is left")
    assert not errors(app)
    assert not Plans().kept().damaged


def test_pictures_that_become_less_like_the_good_ones_are_said(gasket: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    used = gasket.applied.plan
    findings = [finding(f"{n}.png", seed=n, minutes=n, plan=used, verdict=Verdict.NORMAL) for n in range(LEARNT)]
    History().add(run(), findings)
    assert f"So far there are {LEARNT}." in captions(open_page(PAGE))
    strong = findings[0].result
    assert isinstance(strong, Inspection)
    strong = replace(strong, scores=replace(strong.scores, scores=strong.scores.scores + 1))
    later = [Finding(result=replace(strong, image=f"late {n}.png")) for n in range(10)]
    History().add(run(), later)
    app = open_page(PAGE)
    assert not app.exception
    assert [w.value for w in app.warning if "less like the good ones" in w.value]
    assert len(numbers(chart(app, "plan-drift")["data"][2]["y"])) == 10
