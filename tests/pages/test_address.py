"""A link opens the same view: settings live in the address, pictures do not."""

from __future__ import annotations

import hashlib
import re

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.ui.shared.opening import address_of
from tests.support.pages import banner, captions, choices, open_page, upload
from tests.support.pictures import planted, png, weave

pytestmark = pytest.mark.usefixtures("page_engines")

DEFECT = png(planted(2, 3))
DIGEST = hashlib.sha256(DEFECT).hexdigest()
OTHER = png(weave(seed=1))
OTHER_DIGEST = hashlib.sha256(OTHER).hexdigest()


def test_a_link_restores_sample_grid_engine_and_rule() -> None:
    app = open_page(sample="Clean wire mesh", grid="5", rule="Outlier fence")
    assert not app.exception
    assert app.selectbox(key="sample").value == "clean-wire-mesh"
    assert "texture · 5 x 5 tiles · compared with itself · rule fence" in captions(app)


def test_a_link_restores_rows_and_columns() -> None:
    app = open_page(sample="Clean wire mesh", apart="true", rows="3", cols="9")
    assert "3 x 9 tiles" in captions(app)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(engine=EngineName.TEXTURE, grid=GridSize(3, 9), rule=Rule(RuleName.FENCE)),
        Settings(engine=EngineName.FASTDUP, grid=GridSize(5, 5), rule=Rule(RuleName.STOCK)),
        Settings(engine=EngineName.TEXTURE, scope=Scope.REFERENCES, rule=Rule(false_alarms=0.2)),
        Settings(engine=EngineName.TEXTURE, rule=Rule(false_alarms=0.02)),
    ],
    ids=str,
)
def test_settings_of_an_evaluation_make_a_link(settings: Settings) -> None:
    app = open_page(sample="Clean wire mesh", **address_of(settings))
    assert f"{settings.engine} · {settings.grid} tiles" in captions(app)
    assert choices(app, "scope").value is settings.scope
    assert app.selectbox(key="rule").value is settings.rule.name
    if settings.rule.name is RuleName.AUTO:
        assert app.select_slider(key="alarms").value == settings.rule.false_alarms


def test_a_link_restores_the_visitors_own_threshold() -> None:
    app = upload(open_page(rule="My own threshold", threshold="1.25"), ("defect.png", DEFECT))
    assert "rule threshold" in captions(app)
    assert app.session_state["threshold"] == pytest.approx(1.25)
    assert app.query_params["threshold"] in (["1.25"], "1.25")


def test_the_threshold_leaves_the_address_with_its_rule() -> None:
    app = upload(open_page(rule="My own threshold", threshold="1.25"), ("defect.png", DEFECT))
    app.selectbox(key="rule").select("Automatic").run()
    assert "threshold" not in app.query_params


@pytest.mark.parametrize(
    "query",
    [
        {"grid": "many"},
        {"grid": "99"},
        {"grid": "-3"},
        {"rule": "guess"},
        {"engine": "magic"},
        {"sample": "no such sample"},
        {"scope": "universe"},
        {"rule": "My own threshold", "threshold": "nan"},
        {"rule": "My own threshold", "threshold": "inf"},
        {"rule": "My own threshold", "threshold": "a lot"},
        {"apart": "true", "rows": "1", "cols": "1"},
    ],
    ids=str,
)
def test_an_address_that_makes_no_sense_is_no_error(query: dict[str, str]) -> None:
    app = upload(open_page(**{"engine": "texture", **query}), ("defect.png", DEFECT))
    if query.get("engine") == "magic":
        app.selectbox(key="engine").select("texture").run()
    assert not app.exception
    assert banner(app)[1] != ""


def test_the_picture_is_in_the_address_by_its_digest_only() -> None:
    app = upload(open_page(), ("secret name.png", DEFECT))
    assert app.query_params["picture"] in ([DIGEST[:16]], DIGEST[:16])
    assert "secret" not in str(app.query_params)


def test_a_link_says_which_picture_it_was_made_for() -> None:
    app = open_page(picture=DIGEST[:16])
    assert any(DIGEST[:16] in info.value for info in app.info)
    upload(app, ("defect.png", DEFECT))
    assert list(app.warning) == []


def _named(app: AppTest) -> str:
    """The picture that the address names; empty where it names none."""
    if "picture" not in app.query_params:
        return ""
    value = app.query_params["picture"]
    return value if isinstance(value, str) else value[0]


def _boxes(app: AppTest) -> list[str]:
    """What the page says of links."""
    return [box.value for box in (*app.warning, *app.info) if "link" in box.value.lower()]


def test_another_picture_than_the_links_is_pointed_out_while_it_is_shown() -> None:
    app = upload(open_page(picture=DIGEST[:16]), ("other.png", OTHER))
    assert len(_boxes(app)) == 1
    assert "made for another picture" in _boxes(app)[0]
    assert _named(app) == OTHER_DIGEST[:16]
    app.slider(key="grid").set_value(5).run()
    assert len(_boxes(app)) == 1
    assert _named(app) == OTHER_DIGEST[:16]
    upload(app, ("defect.png", DEFECT))
    assert _boxes(app) == []


def test_a_new_picture_in_the_same_tab_is_followed_in_silence() -> None:
    app = upload(open_page(), ("defect.png", DEFECT))
    assert _named(app) == DIGEST[:16]
    upload(app, ("other.png", OTHER))
    assert _boxes(app) == []
    assert _named(app) == OTHER_DIGEST[:16]


def test_a_second_picture_is_followed_in_silence() -> None:
    app = upload(open_page(), ("defect.png", DEFECT))
    upload(app, ("defect.png", DEFECT), ("other.png", OTHER))
    assert _boxes(app) == []
    assert _named(app) == OTHER_DIGEST[:16]
    app.selectbox(key="shown").select_index(0).run()
    assert _boxes(app) == []
    assert _named(app) == DIGEST[:16]


@pytest.mark.parametrize(
    "query", [{}, {"picture": DIGEST[:16]}, {"picture": "0" * 16}], ids=["none", "its own", "another"]
)
def test_a_removed_picture_leaves_nothing_in_the_address(query: dict[str, str]) -> None:
    app = upload(open_page(**query), ("defect.png", DEFECT))
    upload(app)
    assert app.title[0].value == "Where in this picture is something wrong?"
    assert _boxes(app) == []
    assert _named(app) == ""
    upload(app, ("other.png", OTHER))
    assert _boxes(app) == []
    assert _named(app) == OTHER_DIGEST[:16]


def test_a_sample_leaves_no_picture_in_the_address() -> None:
    app = upload(open_page(), ("defect.png", DEFECT))
    app.selectbox(key="sample").select("clean-wire-mesh").run()
    assert _boxes(app) == []
    assert _named(app) == ""
    app.selectbox(key="sample").select(None).run()
    assert _boxes(app) == []
    assert _named(app) == DIGEST[:16]


def test_back_to_a_picture_that_is_gone_is_no_link() -> None:
    app = upload(open_page(), ("defect.png", DEFECT))
    upload(app, ("other.png", OTHER))
    app.query_params["picture"] = DIGEST[:16]
    app.run()
    assert _boxes(app) == []
    assert _named(app) == OTHER_DIGEST[:16]
    upload(app)
    app.query_params["picture"] = DIGEST[:16]
    app.run()
    assert _boxes(app) == []
    assert _named(app) == ""


@pytest.mark.parametrize("evil", ["[win](https://evil.example)", "<b>x</b>", "$x$", "![](https://evil.example/a.png)"])
def test_an_address_puts_no_markup_on_the_page(evil: str) -> None:
    empty = open_page(picture=evil)
    shown = upload(empty, ("x**y**.png", DEFECT))
    texts = [element.value for element in (*open_page(picture=evil).info, *shown.warning)]
    assert len(texts) == 2
    for text in texts:
        assert evil[:16] not in text
        assert not re.search(r"(?<!\\)[\]<$]", text)
    assert "x**y**" not in texts[1]


def test_a_scope_in_the_address_is_restored() -> None:
    app = upload(open_page(scope="Known-good"), ("defect.png", DEFECT))
    assert choices(app, "scope").value == "references"
    assert "none in use yet" in captions(app)
