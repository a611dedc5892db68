"""Which Python holds fastdup, and that the engine speaks of that one and runs in it."""

from __future__ import annotations

import json
import os
import sys
import time
import venv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from segdetect.cli.engines import run
from segdetect.engines.base import EmbedRequest
from segdetect.engines.expiry import Expiry
from segdetect.engines.fastdup import FastdupEngine, installation
from segdetect.engines.fastdup.build_date import LIFETIME
from segdetect.engines.fastdup.installation import PYTHON_VARIABLE, Origin, find_installation
from segdetect.errors import EngineExpiredError, EngineMissingError, EngineUnavailableError
from segdetect.grid import tile_layout
from segdetect.health.parts import engines as engine_checks
from segdetect.health.parts import expiry as expiry_check
from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize
from tests.support.fake_fastdup import FATAL_LINE, WORKING, install_fake
from tests.support.tiny_engine import TinyDenseEngine

BUILT = date(2026, 8, 23)
REAL = next((place for place in sys.path if Path(place, "fastdup", "__init__.py").exists()), None)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without fastdup, and with temporary files of its own."""
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if not Path(place, "fastdup").exists()])
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))


@pytest.fixture
def engine() -> Iterator[FastdupEngine]:
    engine = FastdupEngine()
    yield engine
    engine.close()


def environment(folder: Path, behaviour: str | None = "pass", *, package: str = WORKING) -> Path:
    """A real environment, with a fake fastdup 9.9 in it where its behaviour is given; gives its Python."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    if behaviour is not None:
        install_fake(packages, behaviour, package=package)
        (packages / "fastdup" / "libfastdup_shared.so").write_bytes(f"\0{BUILT:%b %d %Y}\0".encode())
        (packages / "fastdup-9.9.dist-info").mkdir()
        (packages / "fastdup-9.9.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: fastdup\nVersion: 9.9\n"
        )
    return folder / "bin" / "python"


def made(tmp_path: Path, behaviour: str | None = "pass", **options: str) -> Path:
    """The environment that scripts/setup.sh makes for fastdup alone."""
    return environment(tmp_path / "prefix" / "fastdup", behaviour, **options)


def request() -> EmbedRequest:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    return EmbedRequest(LoadedImage("a.png", "a", pixels), tile_layout((40, 40), GridSize(2, 2)))


def test_its_own_comes_first_then_the_named_one_then_the_one_that_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_installation().origin is Origin.OWN
    assert find_installation().spec is None
    python = made(tmp_path)
    assert (find_installation().origin, find_installation().executable) == (Origin.MADE, str(python))
    named = environment(tmp_path / "named")
    monkeypatch.setenv(PYTHON_VARIABLE, str(named))
    assert (find_installation().origin, find_installation().executable) == (Origin.NAMED, str(named))
    own = find_installation([install_fake(tmp_path / "packages")])
    assert (own.origin, own.executable, own.place) == (Origin.OWN, sys.executable, "")


def test_it_is_found_by_its_name_alone_and_behind_a_shim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = environment(tmp_path / "named")
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "python3.9shim").write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    (shims / "python3.9shim").chmod(0o755)
    monkeypatch.setenv("PATH", f"{shims}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(PYTHON_VARIABLE, "python3.9shim")
    # The worker has another home and fewer variables, in which a shim would not find its way.
    assert find_installation().executable == str(python)


def test_version_expiry_and_self_test_are_that_pythons(tmp_path: Path, engine: FastdupEngine) -> None:
    python = made(tmp_path)
    assert (engine.version, engine.place) == ("fastdup 9.9", str(python))
    assert engine.expiry == Expiry("fastdup 9.9", BUILT + LIFETIME, update="make setup")
    engine.check()
    assert engine.embed([request()])[0].layers[0].shape == (4, 576)
    assert "fastdup" not in sys.modules


@pytest.mark.parametrize("named", [False, True])
def test_nothing_that_is_meant_for_this_python_reaches_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    told = tmp_path / "told"
    package = "import json, os, sys\njson.dump([sys.path, dict(os.environ)], open(os.environ['FLAG'], 'w'))"
    python = environment(tmp_path / "named", package=package) if named else made(tmp_path, package=package)
    if named:
        monkeypatch.setenv(PYTHON_VARIABLE, str(python))
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE"):
        monkeypatch.setenv(name, str(tmp_path / "wrong"))
    engine = FastdupEngine(environment={"FLAG": str(told)})
    engine.warm_up()
    end = time.monotonic() + 20
    while not (told.exists() and told.read_text().endswith("}]")):
        assert time.monotonic() < end
        time.sleep(0.02)
    engine.close()
    path, variables = json.loads(told.read_text())
    assert [name for name in variables if name.startswith("PYTHON")] == []
    assert [place for place in path if "wrong" in place or "segdetect/engines" in place] == []
    assert any(place.startswith(str(python.parents[1])) for place in path)


def test_the_programs_own_python_keeps_its_own_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    packages = install_fake(tmp_path / "packages")
    engine = FastdupEngine(python_path=[packages])
    assert engine._child_environment(engine._python())["PYTHONPATH"] == f"{packages}{os.pathsep}/elsewhere"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no such program"),
        ("#!/bin/sh\nexit 3\n", "exit code 3"),
        ("#!/bin/sh\necho hello\n", "its answer is not that of a Python"),
        ("no program", "Exec format error"),
    ],
    ids=["absent", "fails", "another-program", "no-program"],
)
def test_what_is_named_and_is_no_python_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: FastdupEngine, content: str | None, reason: str
) -> None:
    place = tmp_path / "python"
    if content is not None:
        place.write_text(content)
        place.chmod(0o755)
    monkeypatch.setenv(PYTHON_VARIABLE, str(place))
    says = (
        rf"{place}: {PYTHON_VARIABLE} names what does not start as a Python \({reason}\)\. Let it name a Python 3\.11"
    )
    for call in (engine.check, lambda: engine.embed([request()])):
        with pytest.raises(EngineUnavailableError, match=says) as caught:
            call()
        assert not isinstance(caught.value, EngineMissingError)  # a wrong setting is worth a doctor's word
    engine.warm_up()
    assert (engine.version, engine.place, engine.expiry) == ("fastdup", "", None)


def test_a_python_that_does_not_answer_is_not_asked_for_every_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    (tmp_path / "python").write_text(f"#!/bin/sh\necho once >> {asked}\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv(PYTHON_VARIABLE, str(tmp_path / "python"))
    for _ in range(3):
        assert FastdupEngine().version == "fastdup"
    assert asked.read_text().count("once") == 1
    monkeypatch.setattr(installation, "_ASK_AGAIN_SECONDS", 0.0)
    assert FastdupEngine().version == "fastdup"
    assert asked.read_text().count("once") == 2


def test_the_environment_made_for_it_that_lost_its_python_wants_to_be_made_anew(
    tmp_path: Path, engine: FastdupEngine
) -> None:
    python = made(tmp_path)
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    with pytest.raises(EngineUnavailableError, match=r"fastdup's own Python does not start .*'make setup'"):
        engine.check()


def test_a_named_python_without_fastdup_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: FastdupEngine
) -> None:
    monkeypatch.setenv(PYTHON_VARIABLE, str(environment(tmp_path / "named", None)))
    monkeypatch.setattr("segdetect.engines.fastdup.errors.FASTDUP_PYTHONS", (sys.version_info[:2],))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    says = rf"not installed in the Python that {PYTHON_VARIABLE} names\. Install it with '\${PYTHON_VARIABLE} -m pip"
    with pytest.raises(EngineMissingError, match=says):
        engine.check()


@pytest.mark.parametrize(
    ("named", "says"),
    [
        (False, "no build for Python .*Install Python 3.11 or 3.12 beside this one and run 'make setup'"),
        (True, "no build for Python .*Let it name a Python 3.11 or 3.12"),
    ],
)
def test_a_newer_python_is_told_that_fastdup_may_have_one_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: FastdupEngine, named: bool, says: str
) -> None:
    if named:
        monkeypatch.setenv(PYTHON_VARIABLE, str(environment(tmp_path / "named", None)))
    monkeypatch.setattr("segdetect.engines.fastdup.errors.FASTDUP_PYTHONS", ((3, 1),))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(EngineMissingError, match=says):
        engine.check()


def test_an_expired_one_elsewhere_is_brought_up_to_date_there(tmp_path: Path, engine: FastdupEngine) -> None:
    made(tmp_path, f"print({FATAL_LINE!r}, flush=True)\nreturn 1")
    with pytest.raises(EngineExpiredError, match=r"There may be a newer one: 'make setup'"):
        engine.check()


def test_a_broken_one_elsewhere_is_installed_again_there(tmp_path: Path, engine: FastdupEngine) -> None:
    made(tmp_path, package="raise ImportError('GLIBC_2.31 not found')")
    with pytest.raises(EngineUnavailableError, match=r"fastdup 9\.9 is installed but does not start.*`make setup`"):
        engine.check()


def test_the_doctor_and_the_command_name_the_python(
    tmp_path: Path, engine: FastdupEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python = made(tmp_path)
    engines = {EngineName.DINOV2: TinyDenseEngine(), EngineName.TEXTURE: TinyDenseEngine(), EngineName.FASTDUP: engine}
    inspector = Inspector(engines)
    first = next(engine_checks(inspector))
    assert (first.said, first.place) == ("passed its self-test, fastdup 9.9", str(python))
    (told,) = expiry_check(inspector, BUILT + LIFETIME - timedelta(days=3))
    assert told.remedy.startswith("Look for a newer version with 'make setup'; the Plans page")
    monkeypatch.setattr("segdetect.cli.engines.default_engines", lambda: engines)
    run(None)  # type: ignore[arg-type]
    assert f"fastdup   ready, fastdup 9.9 in {python}\n" in capsys.readouterr().out


@pytest.mark.fastdup
@pytest.mark.skipif(REAL is None, reason="fastdup is not installed in this Python")
def test_the_same_tiles_have_the_same_bits_in_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    assert REAL is not None
    within, named = FastdupEngine(python_path=[REAL]), FastdupEngine()
    try:
        within.check()
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    monkeypatch.setenv(PYTHON_VARIABLE, sys.executable)
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    assert named.place == sys.executable
    first, second = (engine.embed([request()])[0].layers[0] for engine in (within, named))
    np.testing.assert_array_equal(first, second)
    for engine in (within, named):
        engine.close()
