"""The log: one whole line an event, whoever writes, and no trouble where it cannot be written."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segdetect import log
from segdetect.cli.main import main
from segdetect.errors import SettingsError
from segdetect.log import begin_log, end_log, event, log_folder
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Settings
from tests.support.pictures import planted, png
from tests.support.tiny_engine import TinyDenseEngine

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from segdetect import log
log.MAX_BYTES = 20_000
log.begin_log("worker")
for number in range(150):
    log.event("counted", writer=sys.argv[1], number=number, filling="x" * 100)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(log.SWITCH, raising=False)
    monkeypatch.delenv(log.LEVEL_VARIABLE, raising=False)
    end_log()
    yield tmp_path / "home"
    end_log()


def written() -> list[dict[str, Any]]:
    """Every line, of whichever file."""
    files = sorted(log_folder().glob(f"{log.FILE}*"))
    return [json.loads(line) for file in files for line in file.read_text("ascii").splitlines()]


def test_an_event_is_a_line_with_what_is_known_of_it() -> None:
    begin_log("command")
    event("washed", plates=3, seconds=0.5, where="küche\nor bath")
    began, washed = written()
    assert (began["event"], began["program"], began["pid"]) == ("began", "command", os.getpid())
    assert (washed["event"], washed["plates"], washed["where"]) == ("washed", 3, "küche\nor bath")
    assert washed["at"].endswith("+00:00")


def test_what_other_libraries_show_of_their_own_does_not_repeat_every_event(caplog: pytest.LogCaptureFixture) -> None:
    begin_log("dashboard")
    event("washed", level=logging.ERROR)
    end_log()
    logging.getLogger("segdetect").error("seen again")
    assert [record.message for record in caplog.records] == ["seen again"]


def test_an_inspection_has_its_settings_and_times_and_nothing_of_the_picture(tmp_path: Path) -> None:
    begin_log("command")
    image = load(tmp_path)
    Inspector({EngineName.TEXTURE: TinyDenseEngine()}).inspect(image, Settings(engine=EngineName.TEXTURE))
    line = written()[-1]
    assert (line["event"], line["sha256"], line["size_wh"]) == ("inspected", image.sha256, list(image.size_wh))
    assert (line["settings"]["rows"], line["engine"], line["verdict"]) == (7, "texture", "anomalous")
    assert set(line["seconds"]) == {"describe", "compare", "decide"}
    assert "Mrs. Smith" not in json.dumps(line)


def load(folder: Path) -> Any:
    from segdetect.pictures.loading import load_image

    return load_image(png(planted(2, 3)), name="Mrs. Smith.png")


def test_a_command_says_what_it_ended_with(tmp_path: Path) -> None:
    assert main(["inspect", str(tmp_path / "none.png")]) == 2
    began, ended = written()[-2:]
    assert (began["event"], began["command"]) == ("command began", "inspect")
    assert (ended["event"], ended["exit_code"]) == ("command ended", 2)


def test_what_libraries_of_ours_say_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    begin_log("dashboard")
    try:
        raise ValueError("a bolt\nis loose")
    except ValueError:
        logging.getLogger("segdetect.pictures").exception("it %s", "failed")
    line = written()[-1]
    assert (line["event"], line["by"], line["text"]) == ("said", "segdetect.pictures", "it failed")
    assert "a bolt\nis loose" in line["trace"]


def test_events_are_not_for_the_terminal_and_warnings_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = logging.StreamHandler(sys.stderr)
    monkeypatch.setattr(logging.getLogger(), "handlers", [shown])
    begin_log("command")
    event("washed", level=logging.WARNING)
    assert capsys.readouterr().err == ""
    logging.getLogger("segdetect.pictures").warning("a bolt is loose")
    assert capsys.readouterr().err == "a bolt is loose\n"


@pytest.mark.parametrize("level", ["warning", "WARNING ", "error"])
def test_the_level_is_chosen(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(log.LEVEL_VARIABLE, level)
    begin_log("command")
    event("unimportant")
    event("bad", level=logging.ERROR)
    assert [line["event"] for line in written()] == ["bad"]


def test_a_level_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(log.LEVEL_VARIABLE, "loud")
    with pytest.raises(SettingsError, match="debug, info, warning, error"):
        begin_log("command")


def test_turned_off_it_writes_nothing(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv(log.SWITCH, "0")
    begin_log("command")
    event("washed")
    assert not home.exists()


def test_a_program_that_only_uses_the_package_writes_nothing(home: Path) -> None:
    event("washed", level=logging.ERROR)
    assert not home.exists()


def test_processes_that_write_at_once_lose_and_mix_no_line(home: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name], cwd=ROOT) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    lines = [line for line in written() if line["event"] == "counted"]
    # Of 450 lines as many are kept as the newest six files hold.
    for name in "abc":
        numbers = [line["number"] for line in lines if line["writer"] == name]
        assert sorted(numbers) == list(range(150))[-len(numbers) :]
    sizes = [file.stat().st_size for file in log_folder().glob(f"{log.FILE}*")]
    assert len(sizes) > 2
    assert max(sizes) <= 20_000


def test_a_line_that_was_cut_off_spoils_only_itself() -> None:
    begin_log("command")
    file = log_folder() / log.FILE
    file.write_bytes(file.read_bytes() + b'{"at": "20')
    event("washed")
    lines = file.read_text("ascii").splitlines()
    assert (lines[1], json.loads(lines[2])["event"]) == ('{"at": "20', "washed")


def test_a_home_that_cannot_be_written_breaks_nothing(home: Path, tmp_path: Path) -> None:
    home.write_text("a file in the folder's place")
    begin_log("command")
    image, settings = load(tmp_path), Settings(engine=EngineName.TEXTURE)
    answer = Inspector({EngineName.TEXTURE: TinyDenseEngine()}).inspect(image, settings)
    assert answer.flagged_tiles
    assert home.read_text() == "a file in the folder's place"


def test_a_full_disk_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin_log("command")
    before = written()

    def full(self: object, *_: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Full:
        write = flush = close = full
        closed = False

        def seek(self, *_: int) -> int:
            return 0

        tell = seek

    with monkeypatch.context() as patch:
        patch.setattr("segdetect.log._Lines._open", lambda self: Full())
        Inspector({EngineName.TEXTURE: TinyDenseEngine()}).inspect(load(tmp_path), Settings(engine=EngineName.TEXTURE))
    assert capsys.readouterr().err == ""
    event("washed")
    assert written()[len(before) :][-1]["event"] == "washed"
