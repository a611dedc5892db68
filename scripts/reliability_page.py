"""docs/reliability.md from what the parts of `make reliability` told: lines of JSON in, a page out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

Line = Mapping[str, Any]

PARTS: Final = ("faults", "fuzz", "load", "endurance")
TITLES: Final = {"faults": "Faults", "fuzz": "Hostile input", "load": "Load", "endurance": "Endurance"}
MOST_SECONDS: Final = 10.0
MOST_MEGABYTES: Final = 1500.0
# As the browser shows it, and as the server has answered it: neither may keep a visitor waiting.
THRESHOLD_STEPS: Final = ("threshold", "threshold, in table and files")
THRESHOLD_SECONDS: Final = 2.0
MEMORY_SHARE: Final = 1.1
MOST_GROWTH_MB: Final = 50
INTRODUCTION: Final = """# Reliability

What the program was put through, and what became of it. `make reliability` writes this page from what its four parts
tell; `PARTS="faults load"` names those that are run, and the others stay as they were told last. No figure is typed in.
"""
ABOUT: Final = {
    "faults": """Each fault is injected into the real program. Beside what the table says, no child process, temporary
folder or partial file may be left. The tests are in `tests/faults`.""",
    "fuzz": f"""Inputs are made by rules and by changing valid files, and all follow from the seed. Answers and typed
errors are allowed. A crash, {MOST_SECONDS:.0f} s for one input, {MOST_MEGABYTES / 1000} GB of memory, a file written
elsewhere, another program or a connection is a finding. The targets are in `tests/fuzz`.""",
    "load": """Each visitor is a session of its own (a context of one Chromium) on one dashboard with all engines, all
of it on one machine. Again and again each drops in a picture with a tile planted where nobody else's is, tunes, reviews
and exports, and looks whether all that is shown and exported is of this picture. Times are what a visitor waits; the
browsers give way to the server (nice 10), as they would by being on machines of their own. A changed threshold has come
when picture, flags and verdict show it, which the browser does by itself; table and files follow with the server's
answer, a step of its own below.""",
    "endurance": """Inspections in a row, each engine in a process of its own, with drawing, tables and history; then a
day of a watched folder in fast motion. Memory and open files are those of a process and its children, from the
fiftieth picture on.""",
}


def page(told: Mapping[str, Sequence[Line]]) -> str:
    """The page.

    Args:
        told: the lines of each part that was run, the one that says how it was run first.
    """
    sections = [INTRODUCTION, _table(_RUNS, (_run(part, told.get(part, ())) for part in PARTS))]
    for part in PARTS:
        sections += [f"## {TITLES[part]}\n", f"{ABOUT[part]}\n"]
        lines = told.get(part, ())[1:]
        sections.append("\n".join(_SECTIONS[part](lines)) if lines else _nothing(part, told))
    return "\n".join(sections).rstrip() + "\n"


def troubles(told: Mapping[str, Sequence[Line]]) -> list[str]:
    """What did not hold, in sentences; of the parts that were run."""
    found = []
    for part in (part for part in PARTS if part in told):
        head, *lines = told[part]
        wrong = [one for line in lines for one in _TROUBLES[line["kind"]](line)]
        if head["exit"] and not wrong:
            wrong = [f"it ended with {head['exit']}"]
        found += [f"{TITLES[part]}: {one}" for one in wrong or ([] if lines else ["it told nothing"])]
    return found


def _nothing(part: str, told: Mapping[str, Sequence[Line]]) -> str:
    return f"**{'It told nothing' if part in told else 'This part was not run'}.**\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    right = ["---:" if head.endswith(("s", "MB", "inputs", "findings")) else "---" for head in heads]
    lines = [heads, right, *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else f"{value:.2f}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").split())


# ---- how it was run --------------------------------------------------------------------------------------------------

_RUNS: Final = ("part", "run on", "of", "with", "machine", "minutes", "what became of it")


def _run(part: str, lines: Sequence[Line]) -> Sequence[object]:
    if not lines:
        return (TITLES[part], "not run", "", "", "", "", "not known")
    head = lines[0]
    wrong = len(troubles({part: lines}))
    outcome = f"**{wrong} did not hold**" if wrong else "all held"
    versions = ", ".join(f"{name} {version}" for name, version in head["versions"].items())
    minutes = f"{head['seconds'] / 60:.1f}"
    return (TITLES[part], head["at"], head["commit"], versions, head["machine"], minutes, outcome)


# ---- the parts -------------------------------------------------------------------------------------------------------


def _faults(lines: Sequence[Line]) -> Iterator[str]:
    held = sum(bool(line["held"]) for line in lines)
    yield f"**{held} of {len(lines)} kinds of faults survived.**\n"
    rows = ((one["name"], one["injected"], one["held"] or "**not survived**", float(one["seconds"])) for one in lines)
    yield _table(("fault", "what is done", "what held", "s"), rows)


def _fuzz(lines: Sequence[Line]) -> Iterator[str]:
    inputs, findings = (sum(line[name] for line in lines) for name in ("inputs", "findings"))
    seeds = ", ".join(sorted({str(line["seed"]) for line in lines}))
    yield f"**{inputs:,} inputs tried, {findings} findings.** Seed: {seeds}; `make fuzz SEED=...` tries them again.\n"
    names = ("name", "inputs", "refused", "read", "slowest_seconds", "largest_mb", "findings")
    heads = ("target", "inputs", "refused inputs", "read inputs", "slowest, s", "largest, MB", "findings")
    yield _table(heads, ([_figure(line[name]) for name in names] for line in lines))


def _figure(value: object) -> object:
    return round(value, 2) if isinstance(value, float) else value


def _load(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        engines = ", ".join(f"{count} with {name}" for name, count in line["engines"].items())
        wrong = f"{len(line['errors'])} errors, {len(line['foreign'])} answers of somebody else"
        yield (
            f"**{line['users']} visitors for {line['minutes']:g} minutes on {line['cores']} cores: {wrong}.** "
            f"They were {engines}, and looked for {line['pause']:g} s between two steps on average. "
            f"{_queues(line)}\n"
        )
        heads = ("step", "times", "median, s", "95 in 100 within, s", "longest, s")
        names = ("count", "median", "p95", "most")
        yield _table(heads, ([step, *(one[name] for name in names)] for step, one in line["seconds"].items()))
        yield _table(("memory", "server, MB", "children, MB", "open files"), _memory(line))
        yield f"For answers that are kept, {line['cache_mb']} MB were allowed.\n"


def _queues(line: Line) -> str:
    places = line["queue_places"]
    if not places["waits"]:
        return "Nobody saw a queue."
    fair = "nobody was overtaken" if not line["unfair"] else f"**{line['unfair']} were overtaken**"
    return f"{places['waits']} times a visitor was told their place in a queue, at most {places['farthest']}; {fair}."


def _memory(line: Line) -> Iterator[Sequence[object]]:
    said = {"before": "before", "most": "the most", "after": "after they had gone"}
    for name, held in line["memory_mb"].items():
        yield said[name], held["server"], held["children"], line["files"][name]


def _endurance(lines: Sequence[Line]) -> Iterator[str]:
    heads = ("work", "pictures", "wrong answers", "minutes", "memory first, MB", "most, MB", "last, MB", "grown, MB")
    yield _table((*heads, "open files", "temporary files left"), (_work(line) for line in lines))


def _work(line: Line) -> Sequence[object]:
    name = "a watched folder's day" if line["name"] == "day" else f"inspections with {line['name']}"
    if "failed" in line:
        return (name, *[""] * 8, f"**{line['failed']}**")
    memory, files = line["memory_mb"], line["files"]
    held = (memory["first"], memory["most"], memory["last"], line["grown_mb"])
    files_told = f"{files['first']} to {files['last']}"
    minutes = f"{line['seconds'] / 60:.1f}"
    return (name, line["count"], line["wrong"], minutes, *held, files_told, line["temporary_left"])


_SECTIONS: Final[Mapping[str, Callable[[Sequence[Line]], Iterator[str]]]] = {
    "faults": _faults,
    "fuzz": _fuzz,
    "load": _load,
    "endurance": _endurance,
}

# ---- what did not hold -----------------------------------------------------------------------------------------------


def _fault_troubles(line: Line) -> Iterator[str]:
    if not line["held"]:
        yield f"{line['name']} was not survived"


def _fuzz_troubles(line: Line) -> Iterator[str]:
    if line["findings"]:
        yield f"{line['name']}: {line['findings']} findings"
    if line["slowest_seconds"] > MOST_SECONDS:
        yield f"{line['name']}: an input took {line['slowest_seconds']} s"
    if line["largest_mb"] > MOST_MEGABYTES:
        yield f"{line['name']}: {line['largest_mb']} MB were held"


def _load_troubles(line: Line) -> Iterator[str]:
    yield from (f"an error: {error}" for error in line["errors"])
    yield from (f"an answer of somebody else: {answer}" for answer in line["foreign"])
    if line["tracebacks"]:
        yield f"{line['tracebacks']} failures in the server's log"
    if line["unfair"]:
        yield f"{line['unfair']} visitors were overtaken in a queue"
    for step in THRESHOLD_STEPS:
        if step not in line["seconds"]:
            yield f"nobody came to the {step}"
        elif line["seconds"][step]["p95"] > THRESHOLD_SECONDS:
            yield f"{step}: a change took {line['seconds'][step]['p95']} s (95 in 100 within)"
    before, after = (sum(line["memory_mb"][name].values()) for name in ("before", "after"))
    if after > MEMORY_SHARE * before:
        yield f"memory went from {before} to {after} MB"
    if line["temporary_left"]:
        yield f"temporary files were left: {', '.join(line['temporary_left'])}"


def _endurance_troubles(line: Line) -> Iterator[str]:
    name = line["name"]
    if "failed" in line:
        yield f"{name}: {line['failed']}"
        return
    if line["wrong"]:
        yield f"{name}: {line['wrong']} wrong answers"
    if line["grown_mb"] >= MOST_GROWTH_MB:
        yield f"{name}: memory grew by {line['grown_mb']} MB"
    if line["files"]["last"] > line["files"]["first"]:
        yield f"{name}: open files went from {line['files']['first']} to {line['files']['last']}"
    if line["temporary_left"]:
        yield f"{name}: {line['temporary_left']} temporary files were left"


_TROUBLES: Final[Mapping[str, Callable[[Line], Iterator[str]]]] = {
    "fault": _fault_troubles,
    "fuzz": _fuzz_troubles,
    "load": _load_troubles,
    "endurance": _endurance_troubles,
}
