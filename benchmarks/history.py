"""How quick the history is when it is large: python benchmarks/history.py [--entries 100000] [--rounds 5]

Fills a new SQLite file, and a new PostgreSQL where its programs are on this machine, with inspections of the bundled
samples under many names, verdicts, dates, digests and plans, and times what the History page asks: the first list, a
page further on, each kind of search, the size. Each figure is the median of some rounds, list and count together, as
the page asks for both; the first list of a process that has just begun stands apart. Before that, what keeping costs a
run per picture of 1024 x 1024: the thumbnail, and the entry in chunks, in time on the clock and of the processor. Ends
with 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from segdetect.inspection import Inspection  # noqa: E402
from segdetect.output.thumbnails import kept_thumbnail  # noqa: E402
from segdetect.pictures.loading import LoadedImage, load_image  # noqa: E402
from segdetect.pipeline import Inspector  # noqa: E402
from segdetect.samples.catalogue import SAMPLES, sample_bytes  # noqa: E402
from segdetect.settings import EngineName, Settings  # noqa: E402
from segdetect.storage.history.entries import Finding, Run, Search  # noqa: E402
from segdetect.storage.history.history import History  # noqa: E402
from segdetect.storage.history.keeping import CHUNK, Keeper  # noqa: E402
from segdetect.storage.history.tables import documents, inspections, runs  # noqa: E402
from tests.support.postgresql import UnavailableError, running_postgresql  # noqa: E402

FIRST_LIMIT: Final = 0.5  # seconds
SEARCH_LIMIT: Final = 1.0
KEEPING_LIMIT: Final = 0.005
PAGE: Final = 25
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS: Final = Settings(engine=EngineName.TEXTURE)
VERDICTS: Final = (*["normal"] * 90, *["anomalous"] * 7, *["suspicious"] * 2, "cannot tell")

Answers = list[tuple[LoadedImage, Inspection]]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--entries", type=int, default=100_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    options = parser.parse_args()
    answers = inspected()
    met = keeping_cost(answers)
    for name, begin in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        try:
            with begin() as url:
                print(f"\n{name}, {options.entries:,} inspections")
                met &= measured(url, answers, options.entries, options.rounds)
        except UnavailableError as error:
            print(f"\n{name}: not tried, {error}")
    return 0 if met else 1


def inspected() -> Answers:
    """The bundled samples with their answers."""
    inspector = Inspector()
    images = [load_image(sample_bytes(sample.key), name=f"{sample.key}.png") for sample in SAMPLES]
    return [(image, inspector.inspect(image, SETTINGS)) for image in images]


@contextmanager
def sqlite() -> Iterator[str]:
    """The address of a new file."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/history.sqlite3"


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a new database."""
    with running_postgresql() as url:
        yield url


def measured(url: str, answers: Answers, entries: int, rounds: int) -> bool:
    """Fill, time and print; whether all limits are met."""
    history = History(url)
    history.start()
    begin = time.perf_counter()
    fill(history, answers, entries)
    print(f"  filled in {time.perf_counter() - begin:.0f} s, {history.size().bytes / 1e6:,.0f} MB of entries")
    met = line("first list, new process", FIRST_LIMIT, timed(lambda: asked(History(url), Search()), 1))
    middle = history.find(Search(until=BEGIN + timedelta(minutes=entries // 2)), count=1)[0]
    for name, limit, work in (
        ("first list", FIRST_LIMIT, lambda: asked(history, Search())),
        ("a page in the middle", SEARCH_LIMIT, lambda: history.find(Search(), after=middle.place, count=PAGE)),
        ("name of one", SEARCH_LIMIT, lambda: asked(history, Search(name=f"{entries // 3:06d}"))),
        ("name of many", SEARCH_LIMIT, lambda: asked(history, Search(name="LINE 3"))),
        ("name of none", SEARCH_LIMIT, lambda: asked(history, Search(name="nowhere"))),
        ("verdict", SEARCH_LIMIT, lambda: asked(history, Search(verdict="cannot tell"))),
        ("dates", SEARCH_LIMIT, lambda: asked(history, days(entries))),
        ("digest", SEARCH_LIMIT, lambda: asked(history, Search(sha256=digest(entries // 3)[:16]))),
        ("plan", SEARCH_LIMIT, lambda: asked(history, Search(plan="plan 2"))),
        ("all together", SEARCH_LIMIT, lambda: asked(history, replace(days(entries), name="line 3", plan="plan 2"))),
        ("size", SEARCH_LIMIT, lambda: history.size()),
    ):
        met &= line(name, limit, timed(work, rounds))
    gone = [entry.id for entry in history.find(Search(), count=500)]
    print(f"  {'500 deleted':<24}{timed(lambda: history.delete(gone), 1):8.3f} s")
    history.database.engine.dispose()
    return met


def fill(history: History, answers: Answers, entries: int) -> None:
    """Entries a minute apart, written in bulk."""
    _, inspection = answers[0]
    run = Run(name="line", settings=SETTINGS, engine="texture", engine_version=inspection.engine_version)
    kept = [Finding(result=inspection, thumbnail=kept_thumbnail(image, inspection)) for image, inspection in answers]
    packed = [(finding.row(document := finding.document(), run), document, finding.thumbnail) for finding in kept]
    with history.database.writing() as connection:
        connection.execute(sa.insert(runs).values(run.row()))
    for start in range(0, entries, 5000):
        numbers = range(start, min(entries, start + 5000))
        with history.database.writing() as connection:
            connection.execute(sa.insert(inspections), [row_of(n, packed[n % len(packed)][0], run) for n in numbers])
            contents = [(n + 1, *packed[n % len(packed)][1:]) for n in numbers]
            names = ("inspection", "document", "thumbnail")
            connection.execute(sa.insert(documents), [dict(zip(names, values, strict=True)) for values in contents])


def row_of(number: int, row: dict[str, Any], run: Run) -> dict[str, Any]:
    """A row of its own for each number."""
    name = f"Line {number % 7}/part_{number:06d}.png"
    own = {"id": number + 1, "run": run.id, "account": "", "key": digest(number), "sha256": digest(number)}
    told = {"image": name, "folded": name.casefold(), "verdict": VERDICTS[number % len(VERDICTS)]}
    return {**row, **own, **told, "plan": f"plan {number % 5}", "created": BEGIN + timedelta(minutes=number)}


def digest(number: int) -> str:
    """A digest of its own for each number."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def days(entries: int) -> Search:
    """A week in the middle."""
    middle = BEGIN + timedelta(minutes=entries // 2)
    return Search(since=middle, until=middle + timedelta(days=7))


def asked(history: History, search: Search) -> None:
    """What the page asks of a search."""
    history.count(search)
    history.find(search, count=PAGE)


def keeping_cost(answers: Answers) -> bool:
    """What a run pays for each picture."""
    large = [(image, inspection) for image, inspection in answers if image.size_wh == (1024, 1024)]
    many = (large * (10 * CHUNK // len(large) + 1))[: 10 * CHUNK]
    drawn: list[tuple[bytes, Inspection]] = []
    drawing = spent(lambda: drawn.extend((kept_thumbnail(*answer), answer[1]) for answer in many))
    run = Run(name="line", settings=SETTINGS, engine="texture", engine_version=many[0][1].engine_version)
    with sqlite() as url:
        history = History(url)
        history.start()

        def keep() -> None:
            with Keeper(history, run, tell=print) as keeper:
                for number, (thumbnail, inspection) in enumerate(drawn):
                    keeper.add(Finding(result=inspection, thumbnail=thumbnail, key=str(number)))

        keeping = spent(keep)
    print("Keeping, per picture:         clock  processor")
    for name, (clock, processor) in (("thumbnail", drawing), (f"entry, in chunks of {CHUNK}", keeping)):
        print(f"  {name:<24}{1000 * clock / len(many):8.2f} {1000 * processor / len(many):8.2f} ms")
    return line("both, processor", KEEPING_LIMIT, (drawing[1] + keeping[1]) / len(many))


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def timed(work: Callable[[], object], rounds: int) -> float:
    """The median of some rounds, in seconds."""
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def line(name: str, limit: float, seconds: float) -> bool:
    """Print a figure beside its limit; whether that is met."""
    met = seconds < limit
    print(f"  {name:<24}{seconds:8.3f} s, limit {limit:g} s{'' if met else ', MISSED'}", flush=True)
    return met


if __name__ == "__main__":
    sys.exit(main())
