"""Some hostile inputs for every way in, the same ones each time; `make fuzz` tries others for as long as one likes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from segdetect.pictures import isolation
from tests.fuzz.run import Order, run_all
from tests.fuzz.targets import TARGETS
from tests.fuzz.worker import DECODER, OWN, PROBLEMS, ROUND, TEMPORARY, Trial, rounds

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures memory as Linux does")

SEED = 20261126


@pytest.fixture(scope="module")
def watched_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the program may write, with a process that decodes and is watched."""
    folder = tmp_path_factory.mktemp("hostile")
    for own in (OWN, TEMPORARY):
        (folder / own).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder / TEMPORARY))
        patch.setenv("TMPDIR", str(folder / TEMPORARY))
        patch.setenv("SEGDETECT_HOME", str(folder / OWN))
        decoders = isolation.Decoders(1, DECODER)
        patch.setattr(isolation, "decoders", lambda: decoders)
        yield folder
        decoders.close()


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "address"])
def test_hostile_input_is_read_or_refused_in_words(name: str, watched_folder: Path) -> None:
    problems = watched_folder / PROBLEMS
    problems.unlink(missing_ok=True)
    inputs = 2 * ROUND if TARGETS[name].share >= 0.5 else 15  # the others take longer
    trial = Trial(TARGETS[name], watched_folder, inputs=inputs, seconds=60, end_seconds=0)
    rounds(TARGETS[name], trial, start=0, of=SEED)
    assert not problems.exists(), problems.read_text()
    assert trial.tally.inputs == inputs == trial.tally.read + trial.tally.refused


@pytest.mark.slow
def test_the_campaign_finds_nothing(tmp_path: Path) -> None:
    outcomes = run_all(Order(SEED, 2000, 250), tmp_path)
    assert {outcome.name: outcome.problems for outcome in outcomes} == {name: {} for name in TARGETS}
    assert all(outcome.tally.inputs for outcome in outcomes)
