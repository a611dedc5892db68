"""What goes wrong in a page is said in its place; Streamlit's own ways to end a run pass."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from segdetect.errors import EngineFailedError, SegDetectError
from segdetect.ui.shared.page import caught, fault
from tests.support.pages import errors

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "streamlit_app.py", *sorted((ROOT / "pages").glob("*.py"))]
SOURCES = sorted((ROOT / "segdetect" / "ui").rglob("*.py"))


# ---- that nothing is outside of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_all_of_a_page_is_within_its_guard(path: Path) -> None:
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    *before, last = statements
    assert isinstance(last, ast.With)
    assert ast.unparse(last.items[0].context_expr).startswith("page(")
    for statement in before:
        assert isinstance(statement, ast.Import | ast.ImportFrom | ast.Expr | ast.Assign | ast.FunctionDef)
        assert not isinstance(statement, ast.Expr) or isinstance(statement.value, ast.Constant)


def _decorated(tree: ast.AST, name: str) -> set[str]:
    """Names of functions with this decorator."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {f.name for f in found if any(re.match(rf"{name}\b", ast.unparse(d)) for d in f.decorator_list)}


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
CALLBACKS = set().union(*(_decorated(tree, "callback") for tree in TREES.values()))


def _callbacks(tree: ast.AST) -> Iterator[ast.expr]:
    """What is called when a visitor does something."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and re.match(r"(st|column|slot|_mount\(\w+\))\b", ast.unparse(call.func)):
            yield from (word.value for word in call.keywords if (word.arg or "").startswith("on_"))


def _is_guarded(node: ast.expr) -> bool:
    match node:
        case ast.Constant() | ast.Call(func=ast.Name(id="callback")):
            return True
        case ast.Name(id=name) | ast.Lambda(body=ast.Call(func=ast.Name(id=name))):
            return name in CALLBACKS
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_callback_is_guarded(path: Path) -> None:
    assert [ast.unparse(node) for node in _callbacks(TREES[path]) if not _is_guarded(node)] == []


def test_callbacks_are_found() -> None:
    assert sum(len(list(_callbacks(tree))) for tree in TREES.values()) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_fragment_is_guarded(path: Path) -> None:
    tree = TREES[path]
    parts = _decorated(tree, "part")
    assert _decorated(tree, "st.fragment") <= parts
    for call in ast.walk(tree):
        inner = call.func if isinstance(call, ast.Call) else None
        if isinstance(call, ast.Call) and isinstance(inner, ast.Call) and ast.unparse(inner.func) == "st.fragment":
            assert ast.unparse(call.args[0]) in parts


# ---- what they do ----------------------------------------------------------------------------------------------------


def _told(error: BaseException) -> list[SegDetectError]:
    told: list[SegDetectError] = []
    with caught("The work", told.append):
        raise error
    return told


def test_an_error_of_ours_is_told_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    error = EngineFailedError("it broke")
    assert _told(error) == [error]
    assert caplog.records == []


@pytest.mark.parametrize("error", [RuntimeError("secret"), KeyError("secret"), MemoryError()], ids=repr)
def test_an_error_that_nobody_foresaw_is_told_without_its_inside_and_logged_with_it(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    (told,) = _told(error)
    assert "The work failed" in str(told)
    assert "secret" not in str(told)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_a_lack_of_memory_is_no_fault_of_the_program() -> None:
    assert "memory" in str(fault(MemoryError(), "The work"))
    assert "fault of the program" not in str(fault(MemoryError(), "The work"))
    assert "fault of the program" in str(fault(ValueError(), "The work"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_a_run_passes(error: type[BaseException]) -> None:
    with pytest.raises(error):
        _told(error())


def _script() -> None:
    import streamlit as st

    from segdetect.ui.shared.page import callback, part

    @callback
    def fail() -> None:
        raise RuntimeError("secret")

    @part("The first part")
    def first() -> None:
        st.write("begun")
        raise ValueError("secret")

    @part("The fragment")
    def within() -> None:
        if st.button("Fail within"):
            raise OSError("secret")
        if st.button("Again"):
            st.rerun()

    for error in st.session_state.pop("callback-troubles", ()):
        st.error(str(error))
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    if st.button("Stop"):
        with part("The stop"):
            st.stop()
    first()
    st.button("Fail", on_click=fail)
    st.fragment()(within)()
    st.write("the rest")


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(_script).run()


def _press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def _said(app: AppTest) -> list[str]:
    assert not app.exception
    assert "secret" not in "".join(errors(app))
    return [message.split(" failed")[0] for message in errors(app)]


def _written(app: AppTest) -> list[Any]:
    return [element.value for element in app.markdown]


def test_a_part_that_fails_leaves_the_rest(app: AppTest) -> None:
    assert _said(app) == ["The first part"]
    assert _written(app) == ["begun", "the rest"]


def test_a_callback_that_fails_is_said_once_on_the_page_that_follows(app: AppTest) -> None:
    assert _said(_press(app, "Fail")) == ["What you chose", "The first part"]
    assert _written(app) == ["begun", "the rest"]
    assert _said(app.run()) == ["The first part"]


def test_a_fragment_that_fails_says_so(app: AppTest) -> None:
    assert _said(_press(app, "Fail within")) == ["The first part", "The fragment"]
    assert _written(app) == ["begun", "the rest"]


def test_streamlits_own_ways_to_end_a_run_work_within_a_part(app: AppTest) -> None:
    runs = app.session_state.runs
    _press(app, "Again")
    assert app.session_state.runs > runs + 1
    assert _said(app) == ["The first part"]
    assert _written(_press(app, "Stop")) == []
    assert _said(app) == []


def test_no_page_shows_the_inside_of_the_program() -> None:
    config = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert 'showErrorDetails = "none"' in config
