"""The command `engines`: which of them run here, why others do not, and how much memory caches may take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from segdetect.cli.ending import DONE, SOME_FAILED
from segdetect.engines.base import Elsewhere, Engine
from segdetect.engines.registry import AUTO_ORDER, default_engines
from segdetect.errors import EngineUnavailableError
from segdetect.memory import MEGABYTE, cache_limit

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_parser(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    parser = commands.add_parser("engines", help="say which engines can run here, and why others cannot")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    engines = default_engines()
    working = []
    for name in AUTO_ORDER:
        try:
            engines[name].check()
        except EngineUnavailableError as error:
            print(f"{name:10}cannot run: {error}")
        else:
            working.append(name)
            print(f"{name:10}ready, {engines[name].version}{_elsewhere(engines[name])}")
    if working:
        print(f"{'auto':10}means {working[0]} here")
    limit, origin = cache_limit()
    print(f"{'memory':10}up to {limit // MEGABYTE:,} MB for what is kept between answers, {origin}")
    return DONE if working else SOME_FAILED


def _elsewhere(engine: Engine) -> str:
    place = engine.place if isinstance(engine, Elsewhere) else ""
    return f" in {place}" if place else ""
