"""No text of a user's reaches a place where Streamlit reads Markdown or HTML but through `plain` and `escaped`.

The program's own source is read: what is passed to such a place must be a constant, a number, or made by the function
that fits the place. Where Streamlit reads Markdown is taken from its own documentation, so that a command that is used
for the first time is covered too.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import streamlit as st

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "streamlit_app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "segdetect" / "ui").rglob("*.py")]

# Their documentation speaks of Markdown, but they are no text.
SWITCHES = {"unsafe_allow_html", "bind", "wrap", "anchors", "width", "cursor", "pages"}
# Text that is shown as it is; only control characters and length matter.
AS_IS = {"alt", "file_name", "placeholder"}
NUMBERS = {"number", "percent", "data_size", "len", "round", "int"}
NUMBER_TYPES = {"int", "float", "GridSize", "EngineName"}
# Read from the project's own files in docs/ and samples/, written in the source.
OWN = {"section.text", "section.alt", "sample.title", "sample.description"}


def _markdown_parameters() -> dict[str, list[str]]:
    """Of each command of Streamlit its parameters in order; what is not read as Markdown has an empty name."""
    commands: dict[str, list[str]] = {}
    for home in (st, st.column_config):
        for name, command in inspect.getmembers(home, callable):
            text = inspect.getdoc(command) or ""
            found = re.findall(r"^\*{0,2}(\w+) : [^\n]*\n((?:    [^\n]*\n|\n)+)", text, re.MULTILINE)
            read = {parameter for parameter, said in found if "Markdown" in said or "markdown" in said} - SWITCHES
            if read:
                order = list(inspect.signature(command).parameters)
                commands[name] = [parameter if parameter in read else "" for parameter in order]
    return commands


MARKDOWN: Final = _markdown_parameters()


def test_streamlit_says_where_it_reads_markdown() -> None:
    assert MARKDOWN["caption"][0] == "body"
    assert MARKDOWN["button"][0] == "label"
    assert MARKDOWN["metric"][:3] == ["label", "value", "delta"]
    assert MARKDOWN["progress"][1] == "text"
    assert MARKDOWN["image"][1] == "caption"
    assert "help" in MARKDOWN["TextColumn"]
    assert MARKDOWN["segmented_control"][1] == "options"
    assert MARKDOWN["selectbox"][1] == ""


class _Source:
    """One file's calls, and what their arguments are made of."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.inside: dict[ast.AST, ast.FunctionDef] = {}
        for function in ast.walk(self.tree):
            if isinstance(function, ast.FunctionDef):
                self.inside |= dict.fromkeys(ast.walk(function), function)

    def faults(self) -> Iterator[str]:
        """Every argument that is not safe where it is passed."""
        for call in ast.walk(self.tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                for place, argument, makers in _places(call):
                    if not self._safe(argument, makers):
                        yield f"line {argument.lineno}: {call.func.attr}({place}={ast.unparse(argument)})"

    def _safe(self, node: ast.expr, makers: set[str]) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.JoinedStr() | ast.List() | ast.Tuple() | ast.BoolOp() | ast.BinOp() | ast.IfExp() | ast.Starred():
                parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
                if isinstance(node, ast.IfExp):
                    parts.remove(node.test)
                return all(self._safe(part, makers) for part in parts)
            case ast.FormattedValue(value=value, format_spec=form):
                return bool(form and re.search(r"[dfg%]'\)?$", ast.unparse(form))) or self._safe(value, makers)
            case ast.Call(func=ast.Name(id="list"), args=[only]):
                return self._safe(only, makers)
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[ast.GeneratorExp(elt=each)]):
                return self._safe(each, makers)
            case ast.Call(func=ast.Name(id="counted"), args=[_, noun]):
                return self._safe(noun, makers)
            case ast.Call(func=ast.Name(id=name)):
                return name in makers | NUMBERS
            case ast.Subscript(value=value) | ast.Attribute(value=value):
                return ast.unparse(node) in OWN or self._is_constant(value)
            case ast.Name():
                return self._is_constant(node) or self._known(node, makers)
        return False

    def _is_constant(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and (node.id.isupper() or node.id in ("Scope", "EngineName"))

    def _known(self, name: ast.Name, makers: set[str]) -> bool:
        """Whether all that a function assigns to a name is safe; or it is one of its numbers."""
        function = self.inside.get(name)
        if function is None:
            return False
        for parameter in (*function.args.args, *function.args.kwonlyargs):
            if parameter.arg == name.id and parameter.annotation is not None:
                return ast.unparse(parameter.annotation) in NUMBER_TYPES
        values = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and target.id == name.id and node.value is not None
        ]
        return bool(values) and all(self._safe(value, makers) for value in values)


def _places(call: ast.Call) -> Iterator[tuple[str, ast.expr, set[str]]]:
    """The arguments of a call that are shown, each with what makes a text fit to be shown there."""
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr == "html":
        yield "body", call.args[0], {"escaped"}
        return
    parameters = MARKDOWN.get(call.func.attr, [])
    positional = ["args"] * len(call.args) if parameters[:1] == ["args"] else parameters
    named = [(word.arg or "", word.value) for word in call.keywords]
    for place, argument in [*zip(positional, call.args, strict=False), *named]:
        if place in AS_IS:
            yield place, argument, {"shown"}
        elif place and place in parameters:
            yield place, argument, {"plain"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_go_through_the_function_that_fits_their_place(path: Path) -> None:
    assert list(_Source(path.read_text(encoding="utf-8")).faults()) == []


@pytest.mark.parametrize(
    "line",
    [
        "st.caption(name)",
        "st.caption(f'{name}')",
        "st.button(label=preset.name)",
        "slot.progress(0.5, text=doing)",
        "st.progress(0.5, doing.capitalize())",
        "st.html(f'<b>{plain(name)}</b>')",
        "st.image(picture, caption=escaped(name))",
        "st.image(picture, alt=name)",
        "st.error('x' + name)",
        "st.info(name if name else 'none')",
        "st.metric('Area', share)",
        "st.write('a', name)",
        "st.tabs([name])",
    ],
)
def test_a_text_that_does_not_is_found(line: str) -> None:
    assert len(list(_Source(f"def f(name: str):\n    {line}").faults())) == 1
    assert len(list(_Source(line).faults())) == 1


@pytest.mark.parametrize(
    "line",
    [
        "st.caption(f'{plain(name)}: {number(x, 2)} of {len(names)}')",
        "st.html(f'<b>{escaped(name)}</b>')",
        "st.image(picture, caption=plain(name), alt=shown(name))",
        "st.progress(0.5, text=f'{plain(doing)} ({seconds:.0f} s)')",
        "st.selectbox('Engine', names, help=ENGINE_HELP)",
    ],
)
def test_a_text_that_does_is_not(line: str) -> None:
    assert list(_Source(line).faults()) == []


def test_nothing_is_passed_as_html_within_markdown() -> None:
    assert [path.name for path in PAGES if "unsafe_allow" in path.read_text(encoding="utf-8")] == []
