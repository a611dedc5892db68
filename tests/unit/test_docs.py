"""The documentation says what there is: every option, rule, engine, scope and target, and nothing that is missing."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

from segdetect.cli.commands import parser
from segdetect.deciding.calibrations import CALIBRATIONS
from segdetect.engines.dinov2.engine import COMPARISON as DINOV2_COMPARISON
from segdetect.engines.dinov2.engine import FINE_COMPARISON
from segdetect.engines.texture import COMPARISON as TEXTURE_COMPARISON
from segdetect.evaluation.figures import Figures
from segdetect.inspection import Verdict
from segdetect.output.formats import FormatName
from segdetect.output.segments import SEGMENT_COLUMNS
from segdetect.output.tables import IMAGE_COLUMNS, TILE_COLUMNS
from segdetect.settings import EngineName, RuleName, Scope
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.starting_points import STARTING_POINTS
from segdetect.ui.method.text import METHOD, method_sections

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
MAX_PICTURE_BYTES = 400_000

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _options(whole: argparse.ArgumentParser) -> Iterator[str]:
    for action in whole._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _options(command)


def _parsers(whole: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = (action for action in whole._actions if isinstance(action, argparse._SubParsersAction))
    return {name: one for action in actions for name, one in action.choices.items()}


def _commands(whole: argparse.ArgumentParser) -> list[str]:
    return [*_parsers(whole)]


def _links(page: Path) -> list[str]:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    return [target or source for target, source in LINK.findall(text)]


def _anchors(page: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text))


@pytest.mark.parametrize("option", sorted(set(_options(parser()))))
def test_every_option_is_in_the_readme(option: str) -> None:
    assert re.search(rf"`[^`]*{option}\b", README.read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", _commands(parser()))
def test_every_command_and_what_it_does_is_in_the_block_of_the_readme(command: str) -> None:
    block = README.read_text(encoding="utf-8").split("## Command line\n")[1].split("```")[1]
    (line,) = (line for line in block.splitlines() if line.startswith(f".venv/bin/python -m segdetect {command}"))
    assert set(_commands(_parsers(parser())[command])) <= _words(line)


@pytest.mark.parametrize("command", ["plan", "history"])
def test_help_says_all_that_a_command_does(command: str) -> None:
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    (told,) = (choice.help for choice in commands._choices_actions if choice.dest == command)
    actions = _commands(commands.choices[command])
    assert len(actions) >= 4
    assert set(actions) <= _words(told or "")


@pytest.mark.parametrize("command", ["inspect", "evaluate", "plan make"])
def test_help_says_what_each_choice_is_and_which_is_taken_by_itself(command: str) -> None:
    whole = parser()
    for word in command.split():
        whole = _parsers(whole)[word]
    choices = [action for action in whole._actions if action.choices]
    assert len(choices) >= 4
    assert [action.dest for action in choices if not re.match(r"\w.*\(default \w", action.help or "")] == []


def test_every_option_of_a_watched_folder_is_in_its_table() -> None:
    section = README.read_text(encoding="utf-8").split("### A watched folder\n")[1].split("\n### ")[0]
    assert [option for option in _options(_parsers(parser())["watch"]) if option not in section] == ["--help"]


@pytest.mark.parametrize("name", [*EngineName, *Scope, *RuleName])
def test_every_choice_is_in_the_readme_and_in_the_method(name: str) -> None:
    assert f"`{name}`" in README.read_text(encoding="utf-8")
    method = METHOD.read_text(encoding="utf-8")
    assert f"**{name}**" in method or f"*{name}*" in method


@pytest.mark.parametrize("name", FormatName)
def test_every_format_is_in_the_readme_and_in_its_table(name: str) -> None:
    assert f"`{name}`" in README.read_text(encoding="utf-8")
    assert f"| `{name}` | `" in (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_explained(verdict: str) -> None:
    for page in (README, METHOD):
        assert f"**{verdict.capitalize()}**" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("plan", STARTING_POINTS, ids=lambda plan: plan.name)
def test_every_starting_point_is_in_the_method_with_its_settings(plan: Plan) -> None:
    settings = plan.settings
    row = f"| {plan.name} | {settings.grid} | {settings.engine} | {settings.scope}"
    assert row in METHOD.read_text(encoding="utf-8")


@pytest.mark.parametrize("column", [*TILE_COLUMNS, *IMAGE_COLUMNS, *SEGMENT_COLUMNS])
def test_every_column_is_in_the_readme(column: str) -> None:
    tables = [line for line in README.read_text(encoding="utf-8").splitlines() if ".csv`" in line]
    assert column in _words(" ".join(tables))


@pytest.mark.parametrize("column", ["row", "dataset", "category", "kind", *(one.name for one in fields(Figures))])
def test_every_column_of_an_evaluation_is_told(column: str) -> None:
    section = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8").split("## Evaluations\n")[1]
    assert f"`{column}`" in section


def test_every_make_target_is_in_the_readme() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert "run" in targets
    text = README.read_text(encoding="utf-8")
    assert [target for target in targets if f"`make {target}`" not in text] == []


def _calibration_rows() -> list[str]:
    rows = []
    for engine, used in CALIBRATIONS.items():
        uneven = f"{used.uneven} times" if used.uneven > 1 else "not"
        alone = f"{math.exp(used.lone):.3g}"
        numbers = f"{alone} | {used.typical:.0%} | {uneven} | {used.growth} | {used.self_ratio:.0%} | {used.floor}"
        rows.append(f"| {engine} | {numbers} |".replace("%", " %"))
        tables = {"itself": used.surfaces, "good pictures": used.references, "a batch": used.batch}
        for what, table in tables.items():
            rows.append(f"| {engine} | {what} | {' | '.join(map(str, table.prominences))} |")
    return rows


@pytest.mark.parametrize("row", _calibration_rows())
def test_method_states_the_constants_in_use(row: str) -> None:
    assert row in METHOD.read_text(encoding="utf-8"), f"docs/method.md should hold the row {row}"


@pytest.mark.parametrize(
    ("engine", "used"),
    [
        ("dinov2, coarse view", DINOV2_COMPARISON),
        ("dinov2, fine view", FINE_COMPARISON),
        ("texture", TEXTURE_COMPARISON),
    ],
)
def test_method_states_the_comparison_that_is_in_use(engine: str, used: object) -> None:
    assert isinstance(used, type(DINOV2_COMPARISON))
    wide, narrow = (f"{2 * reach + 1} x {2 * reach + 1} places" for reach in (used.exclude, used.exclude_varied))
    row = f"| {engine} | {used.neighbours} | {wide} | {narrow} | {used.top_share:.0%} |".replace("%", " %")
    assert row in METHOD.read_text(encoding="utf-8"), f"docs/method.md should hold the row {row}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_and_headings_resolve(page: Path) -> None:
    for link in _links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name} links to {link}"


def test_readme_has_no_dead_picture_and_no_heavy_one() -> None:
    pictures = [ROOT / link for link in _links(README) if link.endswith(".png")]
    assert len(pictures) >= 8
    for path in pictures:
        assert path.stat().st_size < MAX_PICTURE_BYTES, path.name
        with Image.open(path, formats=["PNG"]) as picture:
            picture.verify()


def test_no_picture_is_left_over() -> None:
    used = {(page.parent / link).resolve() for page in PAGES for link in _links(page)}
    assert [path.name for path in (ROOT / "docs" / "images").glob("*.png") if path.resolve() not in used] == []


def test_readme_keeps_a_place_for_the_benchmark() -> None:
    text = README.read_text(encoding="utf-8")
    assert 0 < text.index("<!-- benchmark:start -->") < text.index("<!-- benchmark:end -->")


def test_method_page_shows_the_whole_text_with_its_pictures() -> None:
    sections = list(method_sections())
    text = METHOD.read_text(encoding="utf-8")
    assert [section for section in sections if "![" in section.text] == []
    assert all(section.text in text for section in sections)
    pictures = [section for section in sections if section.picture]
    assert len(pictures) == text.count("![") > 0
    assert all(section.alt and section.picture and section.picture.startswith(b"\x89PNG") for section in pictures)
    length = sum(len(section.text) for section in sections)
    assert length > 0.9 * len(text)
