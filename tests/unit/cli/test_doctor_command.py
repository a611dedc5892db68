"""`doctor`: what a person reads, what a monitor reads, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segdetect.cli.main import main
from segdetect.errors import EngineUnavailableError
from segdetect.settings import EngineName
from tests.support.tiny_engine import TinyDenseEngine


class Failing(TinyDenseEngine):
    name = EngineName.DINOV2

    def check(self) -> None:
        raise EngineUnavailableError("it failed its self-test", remedy="Install it again")


@pytest.fixture(autouse=True)
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[EngineName, TinyDenseEngine]:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path))
    tiny = dict.fromkeys(EngineName, TinyDenseEngine())
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: tiny)
    return tiny


def test_where_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "engine texture" in said
    assert said.endswith("Nothing is wrong.\n")


def test_where_something_is(engines: dict[EngineName, TinyDenseEngine], capsys: pytest.CaptureFixture[str]) -> None:
    engines[EngineName.DINOV2] = Failing()
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "wrong engine dinov2     it failed its self-test\n" + " " * 24 + "Install it again.\n" in said
    assert "1 of" in said.splitlines()[-1]


def test_for_monitors(engines: dict[EngineName, TinyDenseEngine], capsys: pytest.CaptureFixture[str]) -> None:
    engines[EngineName.DINOV2] = Failing()
    assert main(["doctor", "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    states = {check["name"]: check["state"] for check in record["checks"]}
    assert (record["state"], states["engine dinov2"], states["engine texture"]) == ("wrong", "wrong", "fine")


def test_wrong_use() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "now"])
    assert ended.value.code == 2
