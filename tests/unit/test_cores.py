"""Answers that do not depend on how many threads there are."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from segdetect import cores
from segdetect.cores import each_at_once

# A picture whose blocks of cells and whose products have borders in other places with one thread than with three.
SCRIPT = """
import hashlib
import numpy as np
from segdetect.pictures.loading import load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, Settings
from tests.support.pictures import planted, png
image = load_image(png(planted(2, 3, seed=1)), name="picture")
scores = Inspector().inspect(image, Settings(engine=EngineName.TEXTURE)).scores
print(hashlib.sha256(scores.scores.tobytes() + scores.cell_map.tobytes()).hexdigest())
"""


def test_the_number_of_threads_changes_no_digit_of_a_score():
    told = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count},
            check=True,
            capture_output=True,
        ).stdout
        for count in ("1", "2", "3")
    }
    assert len(told) == 1


def test_parts_are_computed_by_as_many_threads_as_there_may_be_and_kept_in_order(monkeypatch):
    monkeypatch.setenv(cores.THREADS_VARIABLE, "3")
    together = threading.Barrier(3, timeout=20)

    def part(number: int) -> int:
        together.wait()
        return 10 * number

    assert each_at_once(part, range(3)) == [0, 10, 20]


def test_one_thread_does_them_itself(monkeypatch):
    monkeypatch.setenv(cores.THREADS_VARIABLE, "1")
    assert each_at_once(lambda _: threading.current_thread(), range(3)) == 3 * [threading.current_thread()]


def test_what_a_part_raises_comes_to_who_asked(monkeypatch):
    monkeypatch.setenv(cores.THREADS_VARIABLE, "2")
    with pytest.raises(ZeroDivisionError):
        each_at_once(lambda number: 1 / number, range(3))
