"""`watch` prints what is called out as it comes, and ends with the others' exit codes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from segdetect.cli.ending import INTERRUPTED, SOME_FAILED, TERMINATED, WRONG_USE
from segdetect.cli.main import main
from segdetect.documents.inspections import read_inspection
from segdetect.engines.base import Engine
from segdetect.runs.watching import arrivals
from segdetect.settings import EngineName
from tests.support.pictures import planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine

Said = pytest.CaptureFixture[str]


class Stopped(TinyDenseEngine):
    """Its process gets a signal when a picture of this name is described."""

    signal = signal.SIGTERM

    def embed(self, requests: object, progress: object = None) -> object:  # type: ignore[override]
        if any(request.image.name == "last.png" for request in requests):  # type: ignore[attr-defined]
            os.kill(os.getpid(), self.signal)
        return super().embed(requests)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C counts, also where whoever started the tests told them to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stopped:
    """In a folder with a plan and a folder to watch."""
    tiny = Stopped()
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: tiny}
    monkeypatch.setattr("segdetect.pipeline.default_engines", lambda: engines)
    monkeypatch.setattr(arrivals, "_OPEN_SECONDS", 0.1)
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name, data in {
        **{f"good/{seed}.png": png(weave(seed=seed)) for seed in (1, 2, 3)},
        "in/0.png": png(planted(2, 3)),
        "in/1.png": png(weave(seed=11)),
        "in/bad.png": b"no picture",
        "in/last.png": png(weave(seed=12)),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
        os.utime(tmp_path / name, (1000 + sum(name.encode()), 1000 + sum(name.encode())))
    assert main(["plan", "make", "Gasket", "--references", "good", "--grid", "5", "--engine", "texture"]) == 0
    return tiny


def printed(said: Said, *options: str) -> tuple[int, list[str], list[str]]:
    said.readouterr()
    code = main(["watch", "in", "--plan", "Gasket", *options])
    out, err = said.readouterr()
    return code, out.splitlines(), err.splitlines()


def test_it_says_what_to_do_with_each_picture_until_it_is_stopped(capsys: Said, engine: Stopped) -> None:
    code, out, err = printed(capsys, "--out", "answers")
    assert code == TERMINATED
    assert [line.split(": ")[0] for line in out] == ["NOT OK 0.png", "OK 1.png", "LOOK bad.png"]
    assert out[2].count("bad.png") == 1  # the reason by itself begins with the name, too
    assert "is watched by the plan Gasket, version 1" in err[0]
    assert "stopped" in err[-1]
    assert Path("answers/images.csv").read_text().count("\n") == 4
    engine.signal = signal.SIGINT
    code, out, err = printed(capsys, "--out", "answers")
    assert (code, out) == (INTERRUPTED, [])


def test_programs_get_a_line_of_json(capsys: Said) -> None:
    _, out, _ = printed(capsys, "--json", "--no-history")
    told = [json.loads(line) for line in out]
    assert [one["call"] for one in told] == ["NOT OK", "OK", "LOOK"]
    assert read_inspection(told[0]).image == "0.png"
    assert told[2]["kind"] == "UnreadableImageError"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["absent", "--plan", "Gasket"], WRONG_USE, "there is no such folder"),
        (["in/0.png", "--plan", "Gasket"], WRONG_USE, "it is a file, not a folder"),
        (["in", "--plan", "Bolt"], WRONG_USE, "no plan of this name"),
        (["in", "--plan", "Gasket", "--webhook", "http://10.0.0.1/"], WRONG_USE, "SEGDETECT_WEBHOOK_HOSTS"),
        (["in", "--plan", "Gasket", "--out", "in/0.png"], SOME_FAILED, "cannot be written"),
        (["in", "--plan", "Gasket", "--move-to", "in/0.png"], SOME_FAILED, "it is a file"),
        (["in", "--plan", "Gasket", "--move-to", "."], WRONG_USE, "Choose another folder"),
    ],
    ids=["no folder", "a file", "no plan", "another machine", "no place", "no place to move to", "moved onto itself"],
)
def test_wrong_use_is_said(capsys: Said, options: list[str], code: int, said: str) -> None:
    assert main(["watch", *options]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "is watched" not in told
