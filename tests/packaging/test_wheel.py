"""The wheel holds the whole package, says what it needs, and works where the checkout is not."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from email.message import Message
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement

import segdetect
from segdetect.samples.catalogue import defect_boxes, sample_bytes
from tests.support.requirements import requirement_lines

ROOT = Path(__file__).parents[2]
# Nothing else of the checkout is needed to build it.
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "requirements.txt", "requirements-dinov2.txt")
SAMPLE = "brick-wall"
SECONDS = 240


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SEGDETECT"))}
    clean["SEGDETECT_HOME"] = str(cwd / "home")
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=clean, capture_output=True, text=True, timeout=SECONDS
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packed, so that the checkout gets no build folder and lends none."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "segdetect", folder / "segdetect", ignore=shutil.ignore_patterns("__pycache__"))
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel; skipped where the package index, which the build tools come from, cannot be reached."""
    out = tmp_path_factory.mktemp("wheel")
    done = _run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", out, source, cwd=out)
    if done.returncode and "connection broken" in done.stderr:
        pytest.skip("pip cannot reach the package index for the build tools that pyproject.toml names")
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment with the wheel.

    What the wheel needs is lent from the environment of the tests: to install it anew takes minutes. That it is named
    in full is tested apart.
    """
    home = tmp_path_factory.mktemp("fresh")
    # The tests' own pip installs into it: some systems have no pip to put into new environments.
    venv.create(home, with_pip=False, symlinks=True)
    programs = Path(sysconfig.get_path("scripts", "venv", {"base": str(home)}))
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    done = _run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "lent.pth").write_text("\n".join(sorted(lent)), encoding="utf-8")
    return programs


@pytest.fixture(scope="module")
def elsewhere(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sample that the installed package made."""
    folder = tmp_path_factory.mktemp("elsewhere")
    code = (
        "from pathlib import Path; from segdetect.samples.catalogue import sample_bytes; "
        f"Path('{SAMPLE}.png').write_bytes(sample_bytes('{SAMPLE}'))"
    )
    done = _run(programs / "python", "-c", code, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def _touches_the_defect(box_ltrb: Sequence[int]) -> bool:
    left, top, right, bottom = defect_boxes(SAMPLE).T
    return bool(np.any((box_ltrb[0] < right) & (box_ltrb[2] > left) & (box_ltrb[1] < bottom) & (box_ltrb[3] > top)))


def test_the_wheel_holds_every_file_of_the_package_and_no_other(source: Path, wheel: Path) -> None:
    package = {p.relative_to(source).as_posix() for p in (source / "segdetect").rglob("*") if p.is_file()}
    assert {"segdetect/py.typed", "segdetect/samples/photographs/LICENSE.txt"} <= package
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == package


def test_the_wheel_needs_what_the_requirements_files_name(metadata: Message) -> None:
    lines = requirement_lines(ROOT / "requirements.txt")
    extra = [f'{line}; extra == "dinov2"' for line in requirement_lines(ROOT / "requirements-dinov2.txt")]
    needed = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    assert needed == [Requirement(line) for line in [*lines, *extra]]
    assert metadata.get_all("Provides-Extra") == ["dinov2"]


def test_the_wheel_says_what_it_is(metadata: Message) -> None:
    assert (metadata["Name"], metadata["Version"]) == ("segdetect", segdetect.__version__)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT AND CC0-1.0"
    assert metadata.get_all("License-File") == ["LICENSE", "segdetect/samples/photographs/LICENSE.txt"]
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_a_sample_made_by_the_installed_package_is_that_of_the_checkout(elsewhere: Path) -> None:
    assert (elsewhere / f"{SAMPLE}.png").read_bytes() == sample_bytes(SAMPLE)


@pytest.mark.slow
def test_the_command_inspects_a_sample_in_another_folder(programs: Path, elsewhere: Path) -> None:
    done = _run(
        programs / "segdetect", "inspect", f"{SAMPLE}.png", "--engine", "texture", "--out", "out", cwd=elsewhere
    )
    assert (done.returncode, done.stderr) == (0, "")
    files = {path.relative_to(elsewhere / "out").as_posix() for path in (elsewhere / "out").rglob("*")}
    assert {"tiles.csv", "flagged_segments.csv", "images.csv", "run.json", f"annotated/{SAMPLE}.png"} <= files
    tiles = pd.read_csv(elsewhere / "out" / "tiles.csv")
    assert len(tiles) == 49
    strongest = tiles[tiles["rank"] == 1].iloc[0]
    assert strongest.flagged
    assert _touches_the_defect(strongest[["left", "top", "right", "bottom"]].tolist())
    assert done.stdout.startswith(f"{SAMPLE}.png: ")
    assert str(strongest.tile) in done.stdout.split()
    # The steps that make the history's tables came along.
    listed = _run(programs / "segdetect", "history", "list", cwd=elsewhere)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.endswith(f"{SAMPLE}.png\n")


@pytest.mark.slow
def test_the_command_and_the_module_are_the_same_program(programs: Path, elsewhere: Path) -> None:
    for command in ([programs / "segdetect"], [programs / "python", "-m", "segdetect"]):
        assert _run(*command, "--version", cwd=elsewhere).stdout == f"segdetect {segdetect.__version__}\n"
    wrong = _run(programs / "python", "-m", "segdetect", cwd=elsewhere)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "`segdetect --help` lists what there is" in wrong.stderr


def test_the_python_api_is_there(programs: Path, elsewhere: Path) -> None:
    code = (
        "import segdetect; print(segdetect.__file__); "
        f"answer = segdetect.inspect('{SAMPLE}.png', engine='texture'); "
        "print(*answer.scores.layout.boxes_ltrb[answer.strongest_tile])"
    )
    done = _run(programs / "python", "-c", code, cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    place, box = done.stdout.splitlines()
    assert Path(place).is_relative_to(programs.parent)
    assert _touches_the_defect([int(side) for side in box.split()])
