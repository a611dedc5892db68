"""A watched folder: each picture once, in order, told, kept, moved; also after a restart, and beside bad files."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from segdetect.errors import CancelledError, EngineMissingError, InputError, SettingsError, StorageError
from segdetect.inspection import Failure
from segdetect.pictures.source_file import SourceFile
from segdetect.pipeline import Inspector
from segdetect.runs.watching import arrivals
from segdetect.runs.watching.calls import Call
from segdetect.runs.watching.inspecting import Inspecting, Picture
from segdetect.runs.watching.ledger import SHOWN, Ledger, Seen
from segdetect.runs.watching.watch import Watch
from segdetect.runs.watching.wishes import Wish, state_folder
from segdetect.settings import EngineName, GridSize, Scope, Settings
from segdetect.storage.history.entries import Search
from segdetect.storage.history.history import History
from segdetect.storage.plans.opened import OpenPlan
from segdetect.storage.plans.plan import GoodPicture, Plan
from segdetect.storage.plans.plans import Plans
from tests.support.pictures import planted, png, tiff, weave
from tests.support.tiny_engine import TinyDenseEngine

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is watched, with three pictures, the first one defective."""
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(arrivals, "_STILL_SECONDS", 0.1)
    monkeypatch.setattr(arrivals, "_OPEN_SECONDS", 0.1)
    (tmp_path / "in").mkdir()
    for number in range(3):
        put(
            tmp_path / "in" / f"{number}.png",
            planted(2, 3) if number == 0 else weave(seed=10 + number),
            age=90 - number,
        )
    return tmp_path / "in"


def put(path: Path, pixels: object, *, age: float = 0.0) -> None:
    path.write_bytes(png(pixels) if not isinstance(pixels, bytes) else pixels)  # type: ignore[arg-type]
    then = time.time() - age
    os.utime(path, (then, then))


@pytest.fixture
def plan() -> OpenPlan:
    data = [png(weave(seed=seed)) for seed in (1, 2, 3)]
    pictures = {_digest(one): one for one in data}
    good = tuple(GoodPicture(f"{number}.png", sha256) for number, sha256 in enumerate(pictures))
    settings = Settings(grid=GridSize(5, 5), engine=EngineName.TEXTURE, scope=Scope.REFERENCES)
    plans = Plans()
    return plans.opened(plans.keep(Plan(name="Gasket 7", settings=settings, good=good), pictures))


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


class Watching:
    """A watcher that ends when so many pictures were told, or at its next look after `stop`."""

    def __init__(self, wish: Wish, inspector: Inspector, *, until: int, **options: object) -> None:
        self.told: list[tuple[str, Call]] = []
        self.said: list[str] = []
        self.pictures: list[Picture] = []
        self._until = until
        self._stop = threading.Event()
        self._end = time.monotonic() + PATIENCE
        self.on_tell: Callable[[Picture], object] = lambda picture: None
        self.on_say: Callable[[str], object] = lambda text: None
        self.watch = Watch(wish, inspector, tell=self._tell, say=self._say, **options)  # type: ignore[arg-type]

    def _tell(self, picture: Picture) -> None:
        self.told.append((picture.result.image, picture.call))
        self.pictures.append(picture)
        self.on_tell(picture)

    def _say(self, text: str) -> None:
        self.said.append(text)
        self.on_say(text)

    def _progress(self, share: float, doing: str) -> None:
        assert time.monotonic() < self._end, self.told
        if len(self.told) >= self._until:
            raise CancelledError("enough")

    def run(self) -> list[tuple[str, Call]]:
        with pytest.raises(CancelledError):
            self.watch.run(self._progress)
        return self.told


@pytest.fixture
def watching(folder: Path, plan: OpenPlan, inspector: Inspector) -> Callable[..., Watching]:
    def start(*, until: int, history: History | None = None, shown: bool = False, **wish: object) -> Watching:
        made = Wish(folder=folder, plan=plan, **wish)  # type: ignore[arg-type]
        return Watching(made, inspector, until=until, history=history, shown=shown)

    return start


ALL = [("0.png", Call.NOT_OK), ("1.png", Call.OK), ("2.png", Call.OK)]


def test_pictures_are_called_out_in_their_order_and_a_bad_one_stops_nothing(
    folder: Path, watching: Callable[..., Watching]
) -> None:
    put(folder / "bad.png", b"no picture", age=88.5)
    watcher = watching(until=4)
    assert watcher.run() == [ALL[0], ALL[1], ("bad.png", Call.LOOK), ALL[2]]
    assert isinstance(watcher.pictures[2].result, Failure)
    assert watcher.said == ["3 more pictures wait."]
    assert watcher.watch.standing.ready


def test_a_restart_goes_on_where_it_stopped(
    folder: Path, watching: Callable[..., Watching], inspector: Inspector
) -> None:
    assert watching(until=2).run() == ALL[:2]
    os.utime(folder / "0.png")  # touched, not changed
    (folder / "1.png").rename(folder / "late.png")
    put(folder / "3.png", weave(seed=33))
    assert watching(until=2).run() == [ALL[2], ("3.png", Call.OK)]
    put(folder / "2.png", planted(1, 1))
    put(folder / "3 copy.png", weave(seed=33))
    assert sorted(watching(until=2).run()) == [("2.png (2)", Call.NOT_OK), ("3 copy.png", Call.OK)]
    ledger = Ledger(state_folder(folder))
    assert [seen.name for seen in ledger.last()][2:] == ["3.png", "2.png", "1.png", "0.png"]
    assert ledger.shift().counts == {Call.OK: 4, Call.NOT_OK: 2, Call.LOOK: 0}


def test_what_comes_while_it_watches_is_seen(folder: Path, watching: Callable[..., Watching]) -> None:
    watcher = watching(until=4, poll=0.05)
    watcher.on_tell = lambda picture: put(folder / "new.png", weave(seed=50)) if len(watcher.told) == 3 else None
    assert watcher.run() == [*ALL, ("new.png", Call.OK)]
    assert watcher.watch.standing.polling


def test_a_folder_that_is_gone_for_a_while_is_told_of_twice(
    folder: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_AGAIN_SECONDS", 0.05)
    away = folder.with_name("away")
    watcher = watching(until=4)
    watcher.on_tell = lambda picture: folder.rename(away) if len(watcher.told) == 3 else None

    def bring_back(text: str) -> None:
        if "not there" in text:
            put(away / "3.png", weave(seed=33))
            away.rename(folder)

    watcher.on_say = bring_back
    assert watcher.run() == [*ALL, ("3.png", Call.OK)]
    assert watcher.said == [
        f"{folder}: the watched folder is not there at present. Bring it back. It is looked for again and again.",
        f"{folder}: the watched folder is there again.",
    ]


def test_a_folder_that_is_a_link_is_watched_as_what_it_leads_to(folder: Path, plan: OpenPlan) -> None:
    link = folder.with_name("link")
    link.symlink_to(folder, target_is_directory=True)
    assert Wish(folder=link, plan=plan).folder == folder.resolve()


def test_a_file_that_was_closed_half_written_is_read_once_more(
    folder: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (folder / "0.png").read_bytes()
    put(folder / "0.png", whole[:200], age=90)
    pictures = Inspecting.pictures

    def gone_on_with(self: Inspecting, file: SourceFile) -> Iterator[Picture]:
        answers = list(pictures(self, file))
        if file.name == "0.png":
            put(folder / "0.png", whole, age=80)
        return iter(answers)

    monkeypatch.setattr(Inspecting, "pictures", gone_on_with)
    assert sorted(watching(until=3).run()) == ALL


def test_each_page_of_a_file_is_a_picture(folder: Path, watching: Callable[..., Watching]) -> None:
    put(folder / "0a.tif", tiff(weave(seed=7), planted(2, 2)), age=89.5)
    assert watching(until=4).run()[1:3] == [("0a.tif#1", Call.OK), ("0a.tif#2", Call.NOT_OK)]


def test_files_are_written_as_by_inspect_and_go_on_after_a_restart(
    folder: Path, watching: Callable[..., Watching], tmp_path: Path
) -> None:
    out = folder / "answers"
    watching(until=2, out=out).run()
    put(folder / "bad.png", b"")
    watching(until=2, out=out).run()
    table = pd.read_csv(out / "images.csv")
    assert list(table["image"]) == ["0.png", "1.png", "2.png", "bad.png"]
    assert list(table["verdict"][:3]) == ["anomalous", "normal", "normal"]
    tiles = pd.read_csv(out / "tiles.csv")
    assert list(tiles["image"].unique()) == ["0.png", "1.png", "2.png"]
    assert len(tiles) == 75
    assert sorted(path.name for path in (out / "annotated").iterdir()) == ["0.png", "1.png", "2.png"]
    assert len((out / "journal.jsonl").read_text().splitlines()) == 5


def test_a_watcher_that_was_killed_before_it_noted_a_file_writes_it_once(
    folder: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = folder / "answers"
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "add", _killed)
        with pytest.raises(KeyboardInterrupt):
            watching(until=3, out=out).watch.run(lambda share, doing: None)
    assert watching(until=3, out=out).run() == ALL
    assert list(pd.read_csv(out / "images.csv")["image"]) == ["0.png", "1.png", "2.png"]


def _killed(*args: object) -> None:
    raise KeyboardInterrupt


def test_answers_of_another_plan_are_not_mixed_in(
    folder: Path, watching: Callable[..., Watching], plan: OpenPlan, inspector: Inspector
) -> None:
    watching(until=1, out=folder / "answers").run()
    plans = Plans()
    other = plans.opened(plans.keep(Plan(name="Other", settings=Settings(engine=EngineName.TEXTURE))))
    wish = Wish(folder=folder, plan=other, out=folder / "answers")
    with pytest.raises(SettingsError, match="not of the same plan"):
        Watch(wish, inspector).run(lambda share, doing: None)


def test_files_are_moved_when_they_are_done_with(
    folder: Path, watching: Callable[..., Watching], tmp_path: Path
) -> None:
    watching(until=1).run()
    put(folder / "bad.png", b"")
    assert watching(until=3, move_to=folder / "done").run() == [*ALL[1:], ("bad.png", Call.LOOK)]
    assert [path.name for path in folder.iterdir()] == ["done"]
    assert sorted(path.name for path in (folder / "done").iterdir()) == ["0.png", "1.png", "2.png", "bad.png"]
    put(folder / "1.png", weave(seed=40))
    assert watching(until=1, move_to=folder / "done").run() == [("1.png (2)", Call.OK)]
    assert (folder / "done" / "1 (2).png").is_file()


def test_what_cannot_be_moved_is_said_once(
    folder: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    watcher = watching(until=3, move_to=folder.parent / "done")
    with monkeypatch.context() as patched:
        patched.setattr("segdetect.runs.watching.watch.move", refused)
        assert watcher.run() == ALL
    assert [text for text in watcher.said if "cannot be moved" in text] == [
        f"0.png cannot be moved to {folder.parent / 'done'} (Permission denied). "
        "It stays where it is until a watcher is started that can move it."
    ]
    put(folder / "3.png", weave(seed=33))
    assert watching(until=1, move_to=folder.parent / "done").run() == [("3.png", Call.OK)]
    assert {path.name for path in (folder.parent / "done").iterdir()} >= {"0.png", "1.png", "2.png"}


def test_the_history_has_them_with_plan_and_version(folder: Path, watching: Callable[..., Watching]) -> None:
    history = History()
    watching(until=2, history=history).run()
    watching(until=1, history=history).run()
    found = history.find(Search(plan="Gasket 7"))
    assert [entry.image for entry in found] == ["2.png", "1.png", "0.png"]
    assert {(entry.run_name, entry.plan_version) for entry in found} == {("watched: in", 1)}
    assert all(entry.thumbnail for entry in found)


def test_a_history_that_cannot_be_written_costs_nothing_and_gets_the_rest_later(
    folder: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    history, add = History(), History.add

    def failing(*args: object) -> None:
        raise StorageError("it is locked")

    monkeypatch.setattr(History, "add", failing)
    watcher = watching(until=3, history=history)
    watcher.on_tell = lambda picture: monkeypatch.setattr(History, "add", add) if len(watcher.told) == 3 else None
    monkeypatch.setattr("segdetect.runs.watching.remembering._AGAIN_SECONDS", 0.0)
    assert watcher.run() == ALL
    assert [text for text in watcher.said if "history" in text] == ["not kept in the history: it is locked."]
    assert len(history.find(Search())) == 3


def test_only_one_watcher_looks_after_a_folder(folder: Path, watching: Callable[..., Watching]) -> None:
    watcher = watching(until=1)

    def second(picture: Picture) -> None:
        with pytest.raises(SettingsError, match="another watcher"):
            watching(until=1).watch.run(lambda share, doing: None)

    watcher.on_tell = second
    watcher.run()


def test_pictures_are_kept_to_be_shown_and_only_the_last_ones(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(SHOWN + 3):
        seen = Seen(name=f"{number}", call=Call.OK, verdict="normal", reason="", at=number, large=b"l", thumbnail=b"t")
        ledger.add(f"{number}.png", arrivals.Stamp(1, number), f"{number}", [seen])
    listed = ledger.last(SHOWN + 3)
    assert [seen.name for seen in listed[:2]] == ["22", "21"]
    assert [seen.large for seen in listed[:3]] == [b"l", None, None]
    assert [seen.thumbnail for seen in listed].count(b"t") == SHOWN
    assert ledger.newest == listed[0].id == SHOWN + 3
    assert (ledger.shift().since, ledger.shift().counts[Call.OK]) == (0.0, SHOWN + 3)
    ledger.begin_shift()
    assert ledger.shift().counts == {Call.OK: 0, Call.NOT_OK: 0, Call.LOOK: 0}


def test_the_picture_of_what_is_shown(folder: Path, watching: Callable[..., Watching]) -> None:
    watching(until=1, shown=True).run()
    (seen,) = Ledger(state_folder(folder)).last()
    assert seen.large is not None
    assert seen.thumbnail is not None
    assert seen.large[:2] == seen.thumbnail[:2] == b"\xff\xd8"
    assert (seen.verdict, seen.flagged) == ("anomalous", 1)


def test_an_engine_that_fails_for_good_ends_it(
    folder: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    def expired(*args: object) -> None:
        raise EngineMissingError("it has expired")

    watcher = watching(until=3)
    watcher.on_tell = lambda picture: monkeypatch.setattr(TinyDenseEngine, "embed", expired)
    with pytest.raises(EngineMissingError):
        watcher.watch.run(lambda share, doing: None)
    assert watcher.told == ALL[:1]


def test_what_does_not_go_together_is_refused(folder: Path, plan: OpenPlan, inspector: Inspector) -> None:
    with pytest.raises(InputError, match="no such folder"):
        Wish(folder=folder / "absent", plan=plan)
    with pytest.raises(InputError, match="it is a file"):
        Wish(folder=folder / "0.png", plan=plan)
    with pytest.raises(SettingsError, match="take their place"):
        Wish(folder=folder, plan=plan, out=folder)
    with pytest.raises(SettingsError, match="time between"):
        Wish(folder=folder, plan=plan, poll=0)
    with pytest.raises(SettingsError, match="another machine"):
        Wish(folder=folder, plan=plan, webhook="http://192.168.0.1/")
    for scope, said in ((Scope.BATCH, "one by one"), (Scope.REFERENCES, "has none yet")):
        bare = Plans().opened(Plan(name="bare", settings=Settings(scope=scope)))
        with pytest.raises(SettingsError, match=said):
            Watch(Wish(folder=folder, plan=bare), inspector)


def test_a_webhook_is_told(folder: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[str] = []
    monkeypatch.setattr(
        "segdetect.runs.watching.sinks.Webhook.post", lambda self, value: posted.append(json.dumps(value))
    )
    put(folder / "bad.png", b"", age=89.5)
    watching(until=2, webhook="http://127.0.0.1:9/").run()
    first, second = map(json.loads, posted)
    assert (first["image"], first["call"], first["plan"]) == ("0.png", "NOT OK", {"name": "Gasket 7", "version": 1})
    assert [len(flag["box"]) for flag in first["flagged"]] == [4]
    assert (second["image"], second["call"], second["verdict"], second["flagged"]) == ("bad.png", "LOOK", "failed", [])
