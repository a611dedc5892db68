"""Runs in the background: queued, paused, stopped, deleted, and gone on with after the program was ended."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from segdetect.errors import ClusterError, EngineUnavailableError, InputError, StorageError
from segdetect.memo import Budget
from segdetect.output.finished import Finished
from segdetect.output.journal import JOURNAL
from segdetect.pictures.source_file import SourceFile
from segdetect.pictures.sources import list_sources
from segdetect.pipeline import Inspector
from segdetect.progress import no_progress
from segdetect.runs import run as run_module
from segdetect.runs.queued.files import read_files, store_uploads, within
from segdetect.runs.queued.record import RECORD, State, read_run_record
from segdetect.runs.queued.rows import Query, Rows, Sorting
from segdetect.runs.queued.runs import KeptRuns
from segdetect.runs.queued.state import RunState
from segdetect.runs.queued.work import held
from segdetect.runs.rooms import Here, Room
from segdetect.runs.run import Work
from segdetect.settings import EngineName, GridSize, Scope, Settings
from segdetect.storage.history.entries import FAILED, Search
from segdetect.storage.history.history import History
from segdetect.storage.roots import Roots
from tests.support.background import PATIENCE
from tests.support.pictures import answer, picture, planted, png, tiff, weave
from tests.support.tiny_engine import TinyDenseEngine

SETTINGS = Settings(engine=EngineName.TEXTURE)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CHUNK_DENSE", 1)
    monkeypatch.setattr("segdetect.runs.batch.CHUNK_PICTURES", 1)


class GatedEngine(TinyDenseEngine):
    """Describes so many pictures as it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Semaphore(0)

    def embed(self, requests: Any, progress: Any = lambda share, doing: None) -> Any:
        while not self.let.acquire(timeout=0.005):
            progress(0.5, "describing")
        return super().embed(requests, progress)


@dataclass
class Bench:
    """A manager, and what it takes to start another in its place."""

    folder: Path
    engine: GatedEngine = field(default_factory=GatedEngine)
    history: History | None = None
    room: Callable[[], Room] | None = None

    def __post_init__(self) -> None:
        self.inspector = Inspector({EngineName.TEXTURE: self.engine}, budget=Budget(1 << 26))
        self.runs = self.restarted()

    def restarted(self) -> KeptRuns:
        """A manager that finds what is on the disk, as after a restart of the program."""
        self.runs = KeptRuns(self.opened, folder=self.folder, history=self.history)
        return self.runs

    def opened(self) -> Room:
        """Where parts are inspected: by the engine above, unless a test says otherwise."""
        return Here(self.inspector) if self.room is None else self.room()

    def start(self, *pictures: bytes, name: str = "cloth", account: str = "", settings: Settings = SETTINGS) -> str:
        """A run of these pictures."""
        with self.runs.new_folder() as folder:
            found = store_uploads(folder, [(f"{number}.png", data) for number, data in enumerate(pictures)])
            work = Work.by(self.inspector, found.files, settings)
            return self.runs.start(folder, work, name=name, account=account)

    def let(self, pictures: int) -> None:
        """Let so many pictures be described."""
        for _ in range(pictures):
            self.engine.let.release()

    def state(self, id: str, account: str = "") -> RunState:
        """How a run stands."""
        state = self.runs.get(account, id)
        assert state is not None
        return state

    def awaited(self, id: str, until: Callable[[RunState], bool]) -> RunState:
        """A run once it has come so far."""
        deadline = time.monotonic() + PATIENCE
        while not until(self.state(id)):
            assert time.monotonic() < deadline, self.state(id)
            time.sleep(0.005)
        return self.state(id)

    def came(self, id: str, state: State) -> RunState:
        """A run once it has come to this state."""
        return self.awaited(id, lambda now: now.state is state and not now.is_stopping)

    def names(self, id: str, **query: Any) -> list[str]:
        """The rows of a run."""
        return [row.image for row in Rows(self.runs.folder(id)).find(Query(**query))]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "runs")
    yield made
    for state in made.runs.of(""):
        made.runs.cancel("", state.record.id)
        made.awaited(state.record.id, lambda now: not now.goes_on)


def pictures(count: int, first: int = 0) -> list[bytes]:
    return [png(planted(2, 3, seed=seed)) for seed in range(first, first + count)]


def test_a_bad_file_is_a_row_and_the_others_have_theirs(bench: Bench) -> None:
    bench.let(3)
    run = bench.start(png(weave()), b"", png(planted(2, 3)), tiff(weave(seed=4)), name="shift 7")
    done = bench.came(run, State.DONE)
    assert (done.record.name, done.pictures, done.counts[FAILED]) == ("shift 7", 4, 1)
    rows = {row.image: row for row in Rows(bench.runs.folder(run)).find(Query())}
    assert rows["1.png"].verdict == FAILED
    assert "empty" in rows["1.png"].reason
    assert rows["1.png"].thumbnail is None
    found = rows["2.png"]
    assert found.thumbnail is not None
    assert found.thumbnail.startswith(b"\xff\xd8")


def test_runs_queue_in_their_order_and_each_says_how_many_are_ahead(bench: Bench) -> None:
    ids = [bench.start(*pictures(1, first), name=str(first)) for first in range(3)]
    assert [bench.state(id).ahead for id in ids] == [0, 1, 2]
    assert bench.state(ids[2]).state is State.WAITING
    assert [state.record.name for state in bench.runs.of("")] == ["2", "1", "0"]
    bench.let(1)
    bench.came(ids[0], State.DONE)
    assert [bench.state(id).ahead for id in ids] == [0, 0, 1]
    bench.let(2)
    bench.came(ids[2], State.DONE)
    assert [name for name in bench.engine.described] == ["0.png"] * 3


def test_a_pause_lets_the_part_under_way_end_and_the_rest_comes_later(bench: Bench) -> None:
    run = bench.start(*pictures(3))
    bench.let(1)
    bench.awaited(run, lambda now: now.pictures == 1)
    bench.runs.pause("", run)
    assert bench.state(run).is_stopping
    bench.let(1)
    paused = bench.came(run, State.PAUSED)
    assert paused.pictures == 2
    bench.let(1)
    bench.runs.resume("", run)
    bench.came(run, State.DONE)
    assert bench.engine.described == ["0.png", "1.png", "2.png"]


def test_a_run_that_waits_is_paused_at_once_and_lets_the_next_one_pass(bench: Bench) -> None:
    first, second, third = (bench.start(*pictures(1, number)) for number in range(3))
    bench.runs.pause("", second)
    assert bench.state(second).state is State.PAUSED
    assert bench.state(third).ahead == 1
    bench.let(2)
    bench.came(first, State.DONE)
    bench.came(third, State.DONE)
    assert bench.state(second).state is State.PAUSED


def test_a_cancelled_run_keeps_what_is_done_and_can_be_gone_on_with(bench: Bench) -> None:
    run = bench.start(*pictures(3))
    bench.let(1)
    bench.awaited(run, lambda now: now.pictures == 1)
    bench.runs.cancel("", run)
    assert bench.came(run, State.CANCELLED).pictures == 1
    bench.let(2)
    bench.runs.resume("", run)
    assert bench.came(run, State.DONE).pictures == 3
    assert bench.names(run, sorting=Sorting.FOUND) == ["0.png", "1.png", "2.png"]


def _killed(bench: Bench, run: str) -> None:
    """Leave the disk as it was left by a program that ended while the run was under way."""
    folder = bench.runs.folder(run)
    record = read_run_record(folder / RECORD)
    bench.runs.cancel("", run)
    bench.came(run, State.CANCELLED)
    record.write(folder)


def test_after_a_restart_unfinished_runs_go_on_and_nothing_is_done_twice(bench: Bench) -> None:
    run, waiting = bench.start(*pictures(3)), bench.start(*pictures(1, 9))
    paused = bench.start(*pictures(1, 5))
    bench.runs.pause("", paused)
    bench.let(2)
    bench.awaited(run, lambda now: now.pictures == 2)
    # In the journal, and not in the rows any more.
    with Rows(bench.runs.folder(run))._opened() as connection:
        connection.execute("DELETE FROM rows WHERE line = 1")
        connection.execute("DELETE FROM thumbnails WHERE line = 1")
    _killed(bench, waiting)
    _killed(bench, run)
    bench.restarted()
    bench.let(2)
    bench.came(run, State.DONE)
    bench.came(waiting, State.DONE)
    assert bench.state(paused).state is State.PAUSED
    assert bench.engine.described == ["0.png", "1.png", "2.png", "0.png"]
    rows = Rows(bench.runs.folder(run)).find(Query(sorting=Sorting.FOUND))
    assert [row.image for row in rows] == ["0.png", "1.png", "2.png"]
    assert all(row.thumbnail for row in rows)
    assert sum(1 for _ in (bench.runs.folder(run) / JOURNAL).open()) == 4


def test_a_run_that_ended_the_program_before_it_did_anything_waits_for_a_click(bench: Bench) -> None:
    run = bench.start(*pictures(2))
    bench.awaited(run, lambda now: bench.runs.get("", run).record.begun_with == 0)  # type: ignore[union-attr]
    _killed(bench, run)
    bench.restarted()
    state = bench.state(run)
    assert state.state is State.PAUSED
    assert "before this run had done anything more" in str(state.record.trouble)
    bench.let(2)
    bench.runs.resume("", run)
    assert bench.came(run, State.DONE).record.trouble is None


def test_a_run_goes_on_if_only_its_journal_knows_what_it_did_before_the_program_ended(bench: Bench) -> None:
    run = bench.start(*pictures(2))
    bench.let(1)
    bench.awaited(run, lambda now: now.pictures == 1)
    _killed(bench, run)
    with Rows(bench.runs.folder(run))._opened() as connection:
        connection.execute("DELETE FROM rows")
        connection.execute("DELETE FROM thumbnails")
    assert read_run_record(bench.runs.folder(run) / RECORD).begun_with == 0
    bench.restarted()
    bench.let(1)
    bench.came(run, State.DONE)
    assert bench.engine.described == ["0.png", "1.png"]
    assert bench.names(run, sorting=Sorting.FOUND) == ["0.png", "1.png"]


@pytest.mark.parametrize("damaged", [JOURNAL, "rows.sqlite"])
def test_a_run_whose_files_are_damaged_fails_after_a_restart_and_says_so(bench: Bench, damaged: str) -> None:
    run, other = bench.start(*pictures(2)), bench.start(*pictures(1, 5))
    bench.awaited(run, lambda now: now.record.begun_with == 0)
    _killed(bench, other)
    _killed(bench, run)
    (bench.runs.folder(run) / damaged).write_bytes(b"this is neither" * 100)
    bench.restarted()
    bench.let(1)
    assert bench.came(run, State.FAILED).record.trouble is not None
    bench.came(other, State.DONE)


def test_a_run_that_another_program_works_on_is_left_to_it(bench: Bench) -> None:
    run = bench.start(*pictures(1))
    _killed(bench, run)
    with held(bench.folder / run):
        bench.restarted()
        bench.let(1)
        assert bench.state(run).is_elsewhere
        assert bench.engine.described == []
    # As soon as that is over, should it have left something to do.
    bench.came(run, State.DONE)


def test_two_programs_do_not_do_a_run_twice_and_each_sees_what_the_other_did(bench: Bench) -> None:
    run = bench.start(*pictures(2))
    mine = bench.runs
    bench.let(1)
    bench.awaited(run, lambda now: now.pictures == 1)
    theirs = bench.restarted()
    assert bench.state(run).is_elsewhere
    assert bench.state(run).pictures == 1
    theirs.pause("", run)
    theirs.cancel("", run)
    bench.let(1)
    bench.came(run, State.DONE)
    assert bench.engine.described == ["0.png", "1.png"]
    bench.runs = mine
    bench.came(run, State.DONE)


def test_a_run_that_another_program_began_is_seen_and_left_to_it_even_while_it_waits_there(bench: Bench) -> None:
    mine = bench.runs
    theirs = bench.restarted()
    first, second = bench.start(*pictures(2)), bench.start(*pictures(1, first=5))
    bench.runs = mine
    bench.awaited(first, lambda now: now.is_elsewhere and now.record.begun_with == 0)
    assert [state.record.id for state in mine.of("")] == [second, first]
    assert bench.state(second).is_elsewhere
    bench.let(1)
    assert bench.awaited(first, lambda now: now.pictures == 1).is_elsewhere
    # What is paused there is not done here.
    theirs.pause("", second)
    bench.came(second, State.PAUSED)
    bench.let(1)
    bench.came(first, State.DONE)
    assert bench.engine.described == ["0.png", "1.png"]


def test_a_run_that_another_program_deleted_before_its_turn_came_is_listed_no_more(bench: Bench) -> None:
    mine = bench.runs
    theirs = bench.restarted()
    first, second = bench.start(*pictures(1)), bench.start(*pictures(1, first=5))
    assert [state.record.id for state in mine.of("")] == [second, first]
    theirs.cancel("", second)
    theirs.delete("", second)
    assert [state.record.id for state in mine.of("")] == [first]
    bench.let(1)
    bench.came(first, State.DONE)


def test_a_run_that_another_program_began_and_left_when_it_ended_is_gone_on_with(bench: Bench) -> None:
    mine = bench.runs
    bench.restarted()
    run = bench.start(*pictures(2))
    bench.let(1)
    bench.awaited(run, lambda now: now.pictures == 1)
    assert [state.is_elsewhere for state in mine.of("")] == [True]
    _killed(bench, run)
    bench.runs = mine
    bench.let(1)
    assert bench.came(run, State.DONE).pictures == 2


def test_a_run_that_another_program_has_gone_on_with_is_neither_deleted_nor_done_beside_it(bench: Bench) -> None:
    run = bench.start(*pictures(2))
    bench.awaited(run, lambda now: now.record.begun_with == 0)
    bench.runs.cancel("", run)
    bench.came(run, State.CANCELLED)
    with held(bench.folder / run):
        with pytest.raises(StorageError, match="another program works on this run"):
            bench.runs.delete("", run)
        bench.runs.resume("", run)
        bench.awaited(run, lambda now: now.is_elsewhere)
        assert bench.engine.described == []
    bench.let(2)
    assert bench.came(run, State.DONE).pictures == 2


def test_what_ends_a_run_is_said_and_it_can_be_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def expired() -> None:
        raise EngineUnavailableError("it is over", remedy="Take another")

    bench.let(2)
    monkeypatch.setattr(bench.engine, "check", expired)
    with bench.runs.new_folder() as folder:
        found = store_uploads(folder, [("0.png", pictures(1)[0])])
        ask = {"settings": SETTINGS, "engine": EngineName.TEXTURE, "engine_version": "tiny 1", "dense": True}
        run = bench.runs.start(folder, Work(files=found.files, **ask), name="cloth")
    failed = bench.came(run, State.FAILED)
    assert "it is over" in str(failed.record.trouble)
    assert "it is over" in str(read_run_record(bench.runs.folder(run) / RECORD).trouble)
    monkeypatch.undo()
    bench.runs.resume("", run)
    assert bench.came(run, State.DONE).pictures == 1


class Lost(Here):
    """The machines of a scheduler that is lost before the second part."""

    parts = 0

    def submit(self, order: Any, files: Any, progress: Any = no_progress) -> Any:
        self.parts += 1
        if self.parts > 1:
            raise ClusterError("the scheduler was lost in mid-run", remedy="Add --resume", file="tcp://secret:8786")
        return super().submit(order, files, progress)


def test_a_run_whose_scheduler_is_lost_waits_with_what_is_done(bench: Bench) -> None:
    bench.room = lambda: Lost(bench.inspector)
    bench.let(1)
    run = bench.start(*pictures(3))
    paused = bench.came(run, State.PAUSED)
    assert paused.pictures == 1
    assert bench.names(run) == ["0.png"]
    told = str(paused.record.trouble)
    assert told.startswith("the scheduler was lost in mid-run. What is done stays. Go on with the run when")
    bench.room = None
    bench.let(2)
    bench.runs.resume("", run)
    done = bench.came(run, State.DONE)
    assert (done.pictures, done.record.trouble) == (3, None)
    assert bench.engine.described == ["0.png", "1.png", "2.png"]


def test_a_run_whose_scheduler_is_not_there_waits_and_lets_the_next_one_pass(bench: Bench) -> None:
    def unreachable() -> Room:
        raise ClusterError("no scheduler answers there", file="tcp://secret:8786")

    bench.room = unreachable
    runs = [bench.start(*pictures(1, first)) for first in range(2)]
    for run in runs:
        assert "no scheduler answers there" in str(bench.came(run, State.PAUSED).record.trouble)
    bench.room = None
    bench.let(2)
    for run in runs:
        bench.runs.resume("", run)
        bench.came(run, State.DONE)


def test_a_run_is_its_accounts_alone_and_deleted_with_its_files(bench: Bench) -> None:
    run = bench.start(*pictures(1), account="ann")
    assert bench.runs.get("", run) is None
    bench.runs.delete("ann", run)
    assert bench.state(run, "ann").goes_on
    bench.runs.cancel("", run)
    assert bench.state(run, "ann").goes_on
    bench.let(1)
    deadline = time.monotonic() + PATIENCE
    while bench.state(run, "ann").goes_on and time.monotonic() < deadline:
        time.sleep(0.005)
    folder = bench.runs.folder(run)
    bench.runs.delete("ann", run)
    assert bench.runs.of("ann") == []
    assert not folder.exists()


def test_uploads_are_named_as_they_came_and_a_zip_stands_for_its_members(bench: Bench) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("in/b.png", pictures(1, 1)[0])
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    uploads = [("a.png", pictures(1)[0]), ("../a.png", pictures(1, 2)[0]), ("more.zip", buffer.getvalue())]
    bench.let(3)
    with bench.runs.new_folder() as folder:
        found = store_uploads(folder, [*uploads, ("nothing.zip", empty.getvalue()), ("notes.txt", b"none")])
        assert [file.name for file in found.files] == ["a.png", "../a.png", "in/b.png", "nothing.zip"]
        work = Work.by(bench.inspector, found.files, SETTINGS)
        run = bench.runs.start(folder, work, name="mixed", left_out=found.left_out)
    assert [item.name for item in read_files(folder).left_out] == ["notes.txt"]
    assert bench.came(run, State.DONE).counts[FAILED] == 1
    assert bench.names(run, verdicts=(FAILED,)) == ["nothing.zip"]


def test_known_good_pictures_are_kept_with_the_run(bench: Bench) -> None:
    data = png(weave(seed=3))
    good = SourceFile("good.png", lambda: data)
    settings = replace(SETTINGS, scope=Scope.REFERENCES)
    with bench.runs.new_folder() as folder:
        found = store_uploads(folder, [("0.png", pictures(1)[0])])
        work = Work.by(bench.inspector, found.files, settings, references=[good])
        run = bench.runs.start(folder, work, name="cloth")
    bench.let(2)
    bench.came(run, State.DONE)
    assert sorted(bench.engine.described) == ["0.png", "good.png"]


def test_links_out_of_the_folders_that_may_be_read_are_rows_with_that_reason(tmp_path: Path) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret.png"
    allowed.mkdir()
    secret.write_bytes(png(weave()))
    (allowed / "own.png").write_bytes(png(weave()))
    (allowed / "link.png").symlink_to(secret)
    files = within(Roots((allowed,)), list_sources([allowed]).files)
    assert [file.place is None for file in files] == [True, False]
    with pytest.raises(InputError, match="may not be read"):
        files[0].data()


def test_a_run_without_pictures_does_not_begin(bench: Bench) -> None:
    with pytest.raises(InputError, match="no picture"), bench.runs.new_folder() as folder:
        bench.runs.start(folder, Work.by(bench.inspector, [], SETTINGS), name="none")
    assert bench.runs.of("") == []
    assert not folder.exists()


def test_of_pictures_that_flag_from_a_share_of_the_strongest_on_the_most_anomalous_is_first(tmp_path: Path) -> None:
    made = answer(picture(weave()), [1.0] * 48 + [4.0], grid=GridSize(7, 7), flagged=[48], threshold=2.8)
    some = [replace(made, decision=replace(made.decision, needed=needed)) for needed in (2.5, 1.6, 3.2)]
    rows = Rows(tmp_path)
    rows.add(enumerate(Finished.of(one, file=number) for number, one in enumerate(some)))
    assert [(row.line, row.excess) for row in rows.find(Query())] == [(1, 2.5), (0, 1.6), (2, 1.25)]


def test_rows_are_sorted_and_filtered(bench: Bench) -> None:
    bench.let(4)
    run = bench.start(png(weave()), *pictures(2), b"none")
    bench.came(run, State.DONE)
    rows = Rows(bench.runs.folder(run))
    found = rows.find(Query())
    excesses = [row.excess for row in found if row.excess is not None]
    assert excesses == sorted(excesses, reverse=True)
    assert found[-1].image == "3.png"
    assert [row.image for row in rows.find(Query(sorting=Sorting.FOUND), first=1, count=2)] == ["1.png", "2.png"]
    assert rows.lines(Query(name="2.PNG")) == [2]
    table = rows.table()
    assert [*table.image] == ["0.png", "1.png", "2.png", "3.png"]
    assert table.flagged[1] == len(table.tiles[1])


def test_what_a_run_finds_goes_into_the_history(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "runs", history=History(f"sqlite:///{tmp_path / 'history.sqlite'}"))
    bench.let(2)
    run = bench.start(*pictures(2), b"", name="shift 7", account="ann")
    deadline = time.monotonic() + PATIENCE
    while bench.state(run, "ann").goes_on and time.monotonic() < deadline:
        time.sleep(0.005)
    assert bench.history is not None
    entries = bench.history.find(Search(account="ann"))
    assert {(entry.image, entry.run_name, entry.run) for entry in entries} == {
        (f"{number}.png", "shift 7", run) for number in range(3)
    }
    assert bench.state(run, "ann").unkept is None
