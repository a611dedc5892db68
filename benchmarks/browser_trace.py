"""Chromium's record of where its time goes, summed up by process, kind of task and function."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Final

from playwright.async_api import CDPSession

CATEGORIES: Final = ("devtools.timeline", "v8", "disabled-by-default-v8.cpu_profiler", "toplevel", "cc", "viz", "blink")
MOST_LISTED: Final = 40


class Trace:
    """Chromium's own record of what it did."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._events: list[dict[str, Any]] = []
        self._done = asyncio.Event()
        session.on("Tracing.dataCollected", lambda told: self._events.extend(told["value"]))
        session.on("Tracing.tracingComplete", lambda _: self._done.set())

    async def begin(self) -> None:
        """From now on."""
        wanted = {"includedCategories": list(CATEGORIES), "recordMode": "recordAsMuchAsPossible"}
        await self._session.send("Tracing.start", {"traceConfig": wanted, "transferMode": "ReportEvents"})

    async def end(self) -> list[dict[str, Any]]:
        """Its events."""
        await self._session.send("Tracing.end")
        await self._done.wait()
        return self._events


def summary(events: list[dict[str, Any]]) -> str:
    """CPU milliseconds by process and thread, by kind of task without those within it, and by function."""
    names = {
        (event["pid"], event["tid"]): event["args"]["name"] for event in events if event.get("name") == "thread_name"
    }
    tasks: Counter[str] = Counter()
    threads: Counter[str] = Counter()
    for (pid, tid), own in _by_thread(events).items():
        thread = f"{pid} {names.get((pid, tid), tid)}"
        for name, spent in own.items():
            tasks[f"{thread}: {name}"] += spent
            threads[thread] += spent
    parts = {"threads": threads, "tasks": tasks, "functions": _functions(events)}
    return "\n\n".join(f"{title}, ms\n{_listed(counts)}" for title, counts in parts.items())


def _listed(counts: Counter[str]) -> str:
    return "\n".join(f"{spent / 1000:9.1f}  {name}" for name, spent in counts.most_common(MOST_LISTED) if spent)


def _by_thread(events: list[dict[str, Any]]) -> dict[tuple[int, int], Counter[str]]:
    """Microseconds of CPU that each kind of task took itself, by thread."""
    found: dict[tuple[int, int], Counter[str]] = {}
    open_tasks: dict[tuple[int, int], list[tuple[float, str]]] = {}
    whole = [event for event in events if event.get("ph") == "X"]
    for event in sorted(whole, key=lambda one: (one["ts"], -one.get("dur", 0))):
        key = (event["pid"], event["tid"])
        stack, counts = open_tasks.setdefault(key, []), found.setdefault(key, Counter())
        while stack and stack[-1][0] <= event["ts"]:
            stack.pop()
        spent = event.get("tdur", 0)
        counts[event["name"]] += spent
        if stack:
            counts[stack[-1][1]] -= spent
        stack.append((event["ts"] + event.get("dur", 0), event["name"]))
    return found


def _functions(events: list[dict[str, Any]]) -> Counter[str]:
    """Microseconds in each function of a script itself."""
    nodes: dict[tuple[int, str, int], str] = {}
    spent: Counter[str] = Counter()
    for event in events:
        if event.get("name") != "ProfileChunk":
            continue
        data, whose = event["args"]["data"], (event["pid"], event["id"])
        profile = data.get("cpuProfile", {})
        for node in profile.get("nodes", []):
            frame = node["callFrame"]
            where = (
                f"{frame.get('url', '').rpartition('/')[2]}:{frame.get('lineNumber', 0)}:{frame.get('columnNumber', 0)}"
            )
            nodes[(*whose, node["id"])] = f"{frame['functionName'] or '(anonymous)'} {where}"
        for node_id, delta in zip(profile.get("samples", []), data.get("timeDeltas", []), strict=False):
            spent[nodes.get((*whose, node_id), "?")] += delta
    return spent
