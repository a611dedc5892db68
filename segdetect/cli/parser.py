"""How arguments are read: as `argparse` does, with a word on where to look and on files taken for options."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NoReturn

from segdetect.cli.ending import WRONG_USE
from segdetect.pictures.names import on_one_line


class Parser(argparse.ArgumentParser):
    """A parser that says of an argument like `-part.png`, where it is in the way, how to name such a file."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in the library; what is not known is an error of the command that got it, whose help lists its options."""
        self._given = [*(sys.argv[1:] if args is None else args)]
        options, unknown = super().parse_known_args(self._given, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where all options are told, and exit with code 2."""
        named = "".join(map(_how_to_name, self._files()))
        missing = self._taken() if "arguments are required: " in message else ""
        told = on_one_line(f"{message.removesuffix('.')}{named}{missing}")
        self.exit(WRONG_USE, f"{self.prog}: {told}. `{self.prog} --help` lists what there is\n")

    def _taken(self) -> str:
        """Where what is missing may have gone: to an option that takes as much as there is."""
        greedy = [one for action in self._actions if action.nargs == "+" for one in action.option_strings]
        given = [one for one in greedy if any(len(word) > 2 and one.startswith(word) for word in self._given)]
        return f". What follows {given[0]} counts as its own: name the rest before it, or behind --" if given else ""

    def _files(self) -> list[str]:
        """What was given as an option and is a file's name."""
        before = takewhile(lambda one: one != "--", self._given)
        return [one for one in before if one.startswith("-") and os.path.lexists(one)]


def _how_to_name(file: str) -> str:
    return f". The file {file} was taken for an option, as its name begins with -: write ./{file}, or name it behind --"
