"""What tiles are compared with, and what the bank's own pictures are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from segdetect import pipeline
from segdetect.comparing.banks import cut_bank
from segdetect.comparing.keys import embedding_keys
from segdetect.comparing.tiled import cut_picture
from segdetect.deciding.decision import decide
from segdetect.inspection import Decision, Floats, TileScores
from segdetect.pictures.loading import LoadedImage
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Rule, Scope, Settings
from tests.support.pictures import picture, planted, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DENSE = Settings(engine=EngineName.TEXTURE)


@pytest.fixture
def inspector() -> Inspector:
    return Inspector({EngineName.TEXTURE: TinyDenseEngine(), EngineName.FASTDUP: TinyTileEngine()})


def bank_of(count: int) -> list[LoadedImage]:
    return [picture(weave((28, 28), seed=seed), f"{seed}.png") for seed in range(count)]


@pytest.mark.parametrize(
    ("scope", "count", "turned"),
    [
        (Scope.REFERENCES, 1, True),
        (Scope.REFERENCES, 4, True),
        (Scope.REFERENCES, 5, False),
        (Scope.BATCH, 1, False),
        (Scope.BATCH, 4, False),
    ],
)
def test_up_to_four_references_are_also_seen_turned(scope: Scope, count: int, turned: bool) -> None:
    bank = cut_bank(bank_of(count), replace(DENSE, scope=scope, grid=GridSize(2, 2)))
    assert [one.turned for one in bank.members] == [turned] * count


def test_in_scope_self_there_is_no_bank() -> None:
    assert not cut_bank(bank_of(2), replace(DENSE, grid=GridSize(2, 2))).members


def test_only_a_dense_engine_describes_a_turned_picture_apart() -> None:
    plain = cut_picture(bank_of(1)[0], GridSize(2, 2), False)
    both = [plain, replace(plain, turned=True)]
    first, second = embedding_keys(TinyDenseEngine(), both)
    assert first != second
    first, second = embedding_keys(TinyTileEngine(), both)
    assert first == second


@pytest.fixture
def learnt(monkeypatch: pytest.MonkeyPatch) -> list[list[Floats]]:
    """The scores of good pictures that each decision rests on."""
    seen: list[list[Floats]] = []

    def remember(scores: TileScores, rule: Rule, *, bank_scores: Sequence[Floats], **given: object) -> Decision:
        seen.append(list(bank_scores))
        return decide(scores, rule, bank_scores=bank_scores, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "decide", remember)
    return seen


def test_the_only_other_reference_is_judged_by_itself_alone(inspector: Inspector, learnt: list[list[Floats]]) -> None:
    """Even where the picture in question is among the references: it is not known to be good then."""
    flawed, good = picture(planted(2, 3), "flawed.png"), picture(weave(seed=1), "good.png")
    settings = replace(DENSE, scope=Scope.REFERENCES)
    inspector.inspect(flawed, settings, bank=[good])
    inspector.inspect(flawed, settings, bank=[flawed, good])
    alone, among = learnt
    assert len(alone) == len(among) == 1
    np.testing.assert_array_equal(alone[0], among[0])


def test_the_only_peer_is_judged_by_the_other(inspector: Inspector, learnt: list[list[Floats]]) -> None:
    """In a batch of two each is compared with the other, and what one learns of the other is the other's own answer."""
    pair = [picture(weave(seed=seed), f"{seed}.png") for seed in (1, 2)]
    answers = inspector.inspect_many(pair, replace(DENSE, scope=Scope.BATCH), bank=pair)
    for answer, (scores,) in zip(answers[::-1], learnt, strict=True):
        np.testing.assert_allclose(scores, answer.scores.scores, rtol=1e-5)
