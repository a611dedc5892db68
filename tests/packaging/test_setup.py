"""scripts/setup.sh with Pythons that only pretend: which environments it makes, of what, and what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What the script calls; no Python of this machine is among them.
TOOLS = [
    *("awk", "bash", "cat", "cut", "dirname", "env", "flock", "grep", "head", "id", "mkdir", "mktemp", "mv", "printf"),
    *("rm", "sed", "tail", "tee", "touch", "uname"),
]

# Says that it is of another version, makes environments that hold a copy of itself, and notes what pip is asked for.
PRETENDING = """\
    #!{python} -ISB
    import os, sys
    me, log, version, arguments = os.path.abspath(sys.argv[0]), {log!r}, {version!r}, sys.argv[1:]
    sys.version, sys.version_info, sys.prefix = str(version), version, me

    def pip():
        if arguments[2] != "--version":
            with open(log, "a") as file:
                print(*arguments[2:], "| hashes" if os.environ.get("PIP_REQUIRE_HASHES") else "", file=file)
        if os.path.exists(log + ".broken") and open(log + ".broken").read() in " ".join(arguments):
            print("ERROR: No matching distribution found for something")
            sys.exit(1)

    def venv():
        import shutil
        place = arguments[-1]
        if os.path.exists(log + ".no-venv"):
            sys.exit("no space left")
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place + "/bin")
        shutil.copy(me, place + "/bin/python")

    if arguments[0] == "-m":
        {{"venv": venv, "pip": pip}}[arguments[1]]()
    elif arguments[0] in ("-c", "-Ic"):
        exec(arguments[1])
    else:
        sys.argv = arguments
        exec(sys.stdin.read())
    """


class Project:
    """A copy of what setup needs, and a PATH with the Pythons that a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.log = folder / "project", folder / "bin", folder / "pip.log"
        (self.folder / "scripts").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "scripts" / "setup.sh", self.folder / "scripts")
        for file in ROOT.glob("requirements*.txt"):
            shutil.copy(file, self.folder)
        for name in TOOLS:
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)
        self.machine("Linux", "x86_64")

    def machine(self, system: str, kind: str) -> None:
        (self.bin / "uname").unlink(missing_ok=True)
        self._write("uname", f'#!/bin/sh\n[ "$1" = -s ] && echo {system} || echo {kind}\n')

    def python(self, minor: int) -> str:
        text = textwrap.dedent(PRETENDING).format(python=sys._base_executable, log=str(self.log), version=(3, minor, 0))
        return self._write(f"python3.{minor}", text)

    def breaks(self, words: str) -> None:
        """Whatever pip is asked for with these words fails."""
        Path(f"{self.log}.broken").write_text(words)

    def setup(self, *options: str, **variables: str) -> str:
        environment = {"PATH": str(self.bin), "HOME": str(self.folder)} | variables
        done = subprocess.run(
            ["bash", "scripts/setup.sh", *(options or ("run",))],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def asked(self) -> list[str]:
        """What pip was asked for since the last time."""
        text = self.log.read_text() if self.log.exists() else ""
        self.log.write_text("")
        return [line.replace("install --prefer-binary --progress-bar off", "").strip() for line in text.splitlines()]

    @property
    def own(self) -> Path:
        return self.folder / ".venv" / "fastdup"

    def _write(self, name: str, text: str) -> str:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize("newest", [13, 14])
def test_a_newer_python_gets_an_environment_for_fastdup_beside_it(project: Project, newest: int) -> None:
    python = project.python(newest)
    older = project.python(12)
    project.python(11)
    said = project.setup(PYTHON=python)
    assert f"Creating .venv/fastdup with Python 3.12 ({older}) for the fastdup engine" in said
    assert (project.own / "bin" / "python").read_bytes() == Path(older).read_bytes()
    assert project.asked()[-1] == "--python .venv/fastdup/bin/python  --upgrade -r requirements-fastdup.txt"
    # One command, and it is at an end at once the next time.
    assert project.setup(PYTHON=python) == ""
    assert project.asked() == []


@pytest.mark.parametrize("minor", [11, 12])
def test_where_fastdup_has_builds_one_environment_holds_it_all(project: Project, minor: int) -> None:
    project.python(minor)
    project.python(13)
    said = project.setup()
    assert f"Creating .venv with Python 3.{minor}" in said
    assert not project.own.exists()
    assert project.asked() == ["-r requirements.txt -r requirements-dinov2.txt"]


def test_all_of_it_is_asked_for_at_once_and_part_by_part_where_one_cannot_be_had(project: Project) -> None:
    run = "-r requirements.txt -r requirements-dinov2.txt"
    python = project.python(12)
    project.setup("dev", PYTHON=python)
    assert project.asked() == [f"{run} -r requirements-dev.txt"]
    project.breaks("requirements-dinov2")
    said = project.setup("dev", "--force", PYTHON=python)
    assert "Note: requirements-dinov2.txt cannot be installed here; going on without the dinov2 engine" in said
    asked = [f"{run} -r requirements-dev.txt", "-r requirements.txt", run]
    assert project.asked() == [*asked, "-r requirements.txt -r requirements-dev.txt"]


@pytest.mark.parametrize(("system", "kind"), [("Linux", "aarch64"), ("Darwin", "x86_64"), ("MINGW64_NT", "x86_64")])
def test_where_fastdup_has_no_builds_at_all_nothing_is_made_for_it(project: Project, system: str, kind: str) -> None:
    project.machine(system, kind)
    project.python(12)
    said = project.setup(PYTHON=project.python(13))
    assert "fastdup engine" not in said
    assert not project.own.exists()


def test_without_an_older_python_it_goes_on_and_says_so(project: Project) -> None:
    python = project.python(13)
    said = project.setup()
    assert "Note: fastdup needs Python 3.11 or 3.12, and there is none beside this one; going on without" in said
    assert project.setup() == ""
    project.python(11)
    project.setup("run", "--force", PYTHON=python)
    assert (project.own / "bin" / "python").exists()


def test_whoever_names_a_python_for_fastdup_gets_no_other(project: Project) -> None:
    project.python(12)
    project.setup(PYTHON=project.python(13), SEGDETECT_FASTDUP_PYTHON="/opt/python3.12")
    assert not project.own.exists()


@pytest.mark.parametrize("minor", [11, 12])
def test_locked_it_is_of_the_lock_of_its_own_python_each_by_its_hash(project: Project, minor: int) -> None:
    project.python(minor)
    python = project.python(13)
    project.setup(PYTHON=python, LOCKED="1")
    assert project.asked() == [
        "-r requirements.lock-3.13.txt | hashes",
        f"--python .venv/fastdup/bin/python  --upgrade -r requirements-fastdup.lock-3.{minor}.txt | hashes",
    ]
    assert project.setup(PYTHON=python, LOCKED="1") == ""
    # What is not locked is another state, and the other way round.
    project.setup(PYTHON=python)
    assert project.asked()[-1].endswith("-r requirements-fastdup.txt")


@pytest.mark.parametrize("locked", ["", "1"])
def test_where_fastdup_cannot_be_installed_it_goes_on_without_and_leaves_nothing(project: Project, locked: str) -> None:
    project.python(12)
    project.breaks("requirements-fastdup")
    said = project.setup(PYTHON=project.python(13), LOCKED=locked)
    assert "Note: fastdup cannot be installed in .venv/fastdup" in said
    assert not project.own.exists()


def test_where_no_environment_can_be_made_it_goes_on_without(project: Project) -> None:
    project.python(12)
    python = project.python(13)
    project.setup(PYTHON=python, SEGDETECT_FASTDUP_PYTHON="/opt/python3.12")
    Path(f"{project.log}.no-venv").touch()
    said = project.setup("run", "--force", PYTHON=python)
    assert "Note: it cannot be made (see .venv/setup.log); going on without that engine" in said


def test_what_fastdup_needs_is_installed_anew_when_it_changes_or_its_python_has_gone(project: Project) -> None:
    older, python = project.python(12), project.python(13)
    project.setup(PYTHON=python)
    with (project.folder / "requirements-fastdup.txt").open("a") as file:
        file.write("# one more\n")
    project.asked()
    project.setup(PYTHON=python)
    assert project.asked()[-1].endswith("-r requirements-fastdup.txt")
    (project.own / "bin" / "python").unlink()
    assert f"Creating .venv/fastdup with Python 3.12 ({older})" in project.setup(PYTHON=python)
    assert project.setup(PYTHON=python) == ""
