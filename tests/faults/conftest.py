"""What every fault must leave as it was, and the line that is written of each."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import psutil
import pytest

from segdetect.pictures.isolation import decoders
from tests.support.faults import add_line, all_end, descendants

TIDYING_SECONDS = 5.0
# The log's and the folders' locks are files that stay.
_PARTIAL = (".*.part", "*.part", "*-journal")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A line for each fault once nothing of it is left, or once it was not survived."""
    report = yield
    mark = item.get_closest_marker("fault")
    if mark is not None:
        parts = item.stash.setdefault(_PARTS, {})
        parts[report.when] = report
        if report.when == "teardown" and not any(part.skipped for part in parts.values()):
            held = mark.kwargs["held"] if all(part.passed for part in parts.values()) else ""
            seconds = round(parts["call"].duration, 2) if "call" in parts else 0.0
            add_line(kind="fault", name=mark.args[0], injected=mark.kwargs["injected"], held=held, seconds=seconds)
    return report


_PARTS = pytest.StashKey[dict[str, pytest.TestReport]]()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this test alone, of its children, too."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture(autouse=True, scope="session")
def ctrl_c() -> Iterator[None]:
    """Ctrl-C is not ignored by what is started here: a shell that starts tests in the background hands that on."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, temporary: Path) -> Iterator[None]:
    """No process, no temporary file and no partial file is left by a fault."""
    decoders().close()
    before = descendants()
    yield
    decoders().close()
    all_end({pid for pid in descendants() - before if not _is_browser(pid)})
    assert _left(temporary) == []
    assert [path.name for pattern in _PARTIAL for path in tmp_path.rglob(pattern)] == []


def _left(folder: Path) -> list[str]:
    """What is in a folder for good: orphans, which no process here can wait for, tidy up by themselves."""
    end = time.monotonic() + TIDYING_SECONDS
    while (names := [name for _, folders, files in os.walk(folder) for name in folders + files]) and (
        time.monotonic() < end
    ):
        time.sleep(0.05)
    return names


def _is_browser(pid: int) -> bool:
    """Whether it is a browser's, or what drives one, which stays for other tests."""
    try:
        return psutil.Process(pid).name().startswith(("chrom", "node"))
    except psutil.NoSuchProcess:
        return False
