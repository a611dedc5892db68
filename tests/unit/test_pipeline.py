"""The one way through: what is described again and what is not, scopes, and the choice of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import numpy as np
import pytest

from segdetect import pipeline
from segdetect.comparing.banks import MAX_BATCH_BANK, batch_bank
from segdetect.deciding.decision import decide
from segdetect.engines.base import Embeddings, EmbedRequest, Engine
from segdetect.engines.registry import choose_engine
from segdetect.errors import (
    CancelledError,
    EngineExpiredError,
    EngineMissingError,
    EngineUnavailableError,
    GridTooFineError,
    WeightsError,
)
from segdetect.inspection import Decision, Floats, TileScores, Verdict
from segdetect.memo import Budget
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.scoring import cells as scoring
from segdetect.scoring.nearest import Match
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from tests.support.pictures import picture, planted, tiff, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DENSE = Settings(engine=EngineName.TEXTURE)
TILES = Settings(engine=EngineName.FASTDUP)


class CountingEngine(TinyTileEngine):
    """Remembers each call with the pictures and grids in it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[tuple[str, GridSize]]] = []

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        self.calls.append([(request.image.name, request.layout.grid) for request in requests])
        return super().embed(requests, progress)


class BrokenEngine(TinyDenseEngine):
    """Cannot run here."""

    name: ClassVar[EngineName]

    def __init__(self, error: EngineUnavailableError) -> None:
        super().__init__()
        self.error = error

    def check(self) -> None:
        raise self.error


@pytest.fixture
def dense() -> TinyDenseEngine:
    return TinyDenseEngine()


@pytest.fixture
def tiles() -> CountingEngine:
    return CountingEngine()


@pytest.fixture
def inspector(dense: TinyDenseEngine, tiles: CountingEngine) -> Inspector:
    return Inspector({EngineName.TEXTURE: dense, EngineName.FASTDUP: tiles})


@pytest.fixture(scope="module")
def defect() -> LoadedImage:
    return picture(planted(2, 3), "defect.png")


@pytest.fixture(scope="module")
def clean() -> LoadedImage:
    return picture(weave(seed=1), "clean.png")


# ---- the answer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_the_planted_tile_ranks_first_and_is_flagged(
    inspector: Inspector, defect: LoadedImage, settings: Settings
) -> None:
    inspection = inspector.inspect(defect, settings)
    assert inspection.strongest_tile == 2 * 7 + 3
    assert 2 * 7 + 3 in inspection.flagged_tiles
    assert inspection.decision.verdict is Verdict.ANOMALOUS
    assert (inspection.image, inspection.sha256, inspection.size_wh) == ("defect.png", defect.sha256, (112, 112))
    assert (inspection.engine, inspection.engine_version) == (settings.engine, "tiny 1")


def test_a_clean_weave_is_left_alone(inspector: Inspector, clean: LoadedImage) -> None:
    inspection = inspector.inspect(clean, TILES)
    assert inspection.flagged_tiles == []
    assert inspection.decision.verdict is Verdict.NORMAL


def test_what_an_inspection_holds_cannot_be_changed(inspector: Inspector, defect: LoadedImage) -> None:
    inspection = inspector.inspect(defect, DENSE)
    scores = inspection.scores
    arrays = [scores.scores, scores.nearest_source, scores.nearest_tile, scores.nearest_similarity]
    arrays += [inspection.decision.flags, scores.layout.boxes_ltrb]
    assert not any(array.flags.writeable for array in arrays)


def test_a_picture_too_small_for_the_grid_is_refused_by_name(inspector: Inspector, defect: LoadedImage) -> None:
    with pytest.raises(GridTooFineError, match=r"defect\.png.*largest grid that fits has 11 rows and 11 columns"):
        inspector.inspect(defect, replace(DENSE, grid=GridSize(12, 12)))


def test_time_is_told_by_step(inspector: Inspector, defect: LoadedImage) -> None:
    inspection = inspector.inspect(defect, DENSE)
    assert set(inspection.seconds) == {"describe", "compare", "decide"}
    assert inspection.total_seconds == pytest.approx(sum(inspection.seconds.values()))


# ---- what is described again -----------------------------------------------------------------------------------------


def test_a_changed_rule_or_threshold_never_describes_again(
    inspector: Inspector, tiles: CountingEngine, dense: TinyDenseEngine, defect: LoadedImage
) -> None:
    rules = [Rule(), Rule(RuleName.FENCE), Rule(RuleName.STOCK), Rule(RuleName.THRESHOLD, threshold=0.1)]
    rules.append(Rule(RuleName.THRESHOLD, threshold=0.2))
    for rule in rules:
        inspector.inspect(defect, replace(TILES, rule=rule))
        inspector.inspect(defect, replace(DENSE, rule=rule))
    assert len(tiles.calls) == 1
    assert dense.described == ["defect.png"]


def test_a_changed_threshold_changes_the_answer(inspector: Inspector, defect: LoadedImage) -> None:
    def flagged(threshold: float) -> int:
        rule = Rule(RuleName.THRESHOLD, threshold=threshold)
        return len(inspector.inspect(defect, replace(DENSE, rule=rule)).flagged_tiles)

    assert flagged(0.0) == 49
    assert flagged(1e6) == 0


def test_a_changed_grid_describes_again_only_where_a_cell_is_a_tile(
    inspector: Inspector, tiles: CountingEngine, dense: TinyDenseEngine, defect: LoadedImage
) -> None:
    for side in (4, 7, 10):
        inspector.inspect(defect, replace(DENSE, grid=GridSize(side, side)))
        inspector.inspect(defect, replace(TILES, grid=GridSize(side, side)))
    assert dense.described == ["defect.png"]
    assert [call[0][1].rows for call in tiles.calls] == [4, 7, 10]


def test_prepared_grids_answer_at_once(inspector: Inspector, tiles: CountingEngine, defect: LoadedImage) -> None:
    grids = [GridSize(6, 6), GridSize(8, 8)]
    assert not inspector.is_described(defect, replace(TILES, grid=grids[0]))
    inspector.prepare(defect, TILES, grids)
    assert tiles.calls == [[("defect.png", grid) for grid in grids]]
    assert inspector.is_described(defect, replace(TILES, grid=grids[0]))
    inspector.inspect(defect, replace(TILES, grid=grids[1]))
    assert len(tiles.calls) == 1


def test_the_same_picture_under_another_name_shows_that_name_and_is_not_described_again(
    inspector: Inspector, tiles: CountingEngine, defect: LoadedImage
) -> None:
    inspector.inspect(defect, TILES)
    renamed = inspector.inspect(replace(defect, name="other name.png"), TILES)
    assert renamed.image == "other name.png"
    assert {source.name for source in renamed.scores.sources} == {"other name.png"}
    assert len(tiles.calls) == 1


def test_another_brightness_window_or_page_is_another_picture(
    inspector: Inspector, dense: TinyDenseEngine, defect: LoadedImage
) -> None:
    inspector.inspect(defect, DENSE)
    inspector.inspect(replace(defect, page=1), DENSE)
    inspector.inspect(replace(defect, window=(0.0, 9.0)), DENSE)
    assert len(dense.described) == 3


def test_several_pictures_go_into_one_call(
    inspector: Inspector, tiles: CountingEngine, defect: LoadedImage, clean: LoadedImage
) -> None:
    third = picture(weave(seed=3), "third.png")
    inspections = inspector.inspect_many([defect, clean, third], TILES)
    assert [inspection.image for inspection in inspections] == ["defect.png", "clean.png", "third.png"]
    assert [len(call) for call in tiles.calls] == [3]
    assert [bool(inspection.flagged_tiles) for inspection in inspections] == [True, False, False]


def test_references_are_described_in_the_same_call(
    inspector: Inspector, tiles: CountingEngine, defect: LoadedImage, clean: LoadedImage
) -> None:
    inspector.inspect(defect, replace(TILES, scope=Scope.REFERENCES), bank=[clean])
    assert [[name for name, _ in call] for call in tiles.calls] == [["defect.png", "clean.png"]]


def test_two_threads_describe_a_picture_once(inspector: Inspector, tiles: CountingEngine, defect: LoadedImage) -> None:
    answers: list[int] = []
    threads = [Thread(target=lambda: answers.append(inspector.inspect(defect, TILES).strongest_tile)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [17] * 4
    assert len(tiles.calls) == 1


def test_a_user_who_stops_gets_no_answer_and_spoils_none(
    inspector: Inspector, tiles: CountingEngine, defect: LoadedImage
) -> None:
    def stop(share: float, doing: str) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        inspector.inspect(defect, TILES, progress=stop)
    assert inspector.inspect(defect, TILES).strongest_tile == 17


# ---- scopes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
def test_without_another_picture_it_is_compared_with_itself_and_says_so(
    inspector: Inspector, defect: LoadedImage, scope: Scope
) -> None:
    alone = inspector.inspect(defect, replace(DENSE, scope=scope), bank=[replace(defect, name="copy.png")])
    assert alone.scope is Scope.SELF
    assert alone.settings.scope is scope
    assert "compared with itself" in alone.notes[-1]
    np.testing.assert_array_equal(alone.scores.scores, inspector.inspect(defect, DENSE).scores.scores)


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
def test_the_picture_itself_is_left_out_of_the_bank(
    inspector: Inspector, defect: LoadedImage, clean: LoadedImage, scope: Scope
) -> None:
    copy = replace(defect, name="copy.png")
    settings = replace(DENSE, scope=scope)
    with_copy = inspector.inspect(defect, settings, bank=[copy, clean])
    without = inspector.inspect(defect, settings, bank=[clean])
    assert [source.name for source in with_copy.scores.sources] == ["defect.png", "clean.png"]
    assert (with_copy.scope, with_copy.notes) == (scope, ())
    np.testing.assert_array_equal(with_copy.scores.scores, without.scores.scores)
    assert with_copy.strongest_tile == 17


def test_thirty_brightness_windows_stay_within_the_budget(dense: TinyDenseEngine) -> None:
    budget = Budget(100_000)
    inspector = Inspector({EngineName.TEXTURE: dense}, budget=budget)
    data = tiff(planted(2, 3)[..., 0].astype(np.uint16) * 200)
    for number in range(30):
        image = load_image(data, name="deep.tif", window=(100.0 * number, 51_000.0))
        assert inspector.inspect(image, DENSE).strongest_tile == 17
        assert 0 < budget.used_bytes <= budget.max_bytes
    assert len(dense.described) == 30
    assert inspector.is_described(image, DENSE)
    assert not inspector.is_described(load_image(data, name="deep.tif", window=(0.0, 51_000.0)), DENSE)


# ---- pages of one file -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages() -> list[LoadedImage]:
    """Two pages of one file: a clean one, and one with a defect in tile 17."""
    data = tiff(weave(seed=1), planted(2, 3))
    return [load_image(data, name="pages.tif", page=page) for page in (0, 1)]


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_a_page_is_compared_with_another_page_of_its_file(
    inspector: Inspector, pages: list[LoadedImage], clean: LoadedImage, settings: Settings, scope: Scope
) -> None:
    settings = replace(settings, scope=scope)
    inspection = inspector.inspect(pages[1], settings, bank=[pages[0]])
    assert (inspection.scope, inspection.notes) == (scope, pages[1].notes)
    assert [source.identity for source in inspection.scores.sources] == [page.identity for page in pages[::-1]]
    assert inspection.strongest_tile == 17
    # The page has the pixels of another file, and is worth as much in the bank.
    other_file = inspector.inspect(pages[1], settings, bank=[clean])
    np.testing.assert_array_equal(inspection.scores.scores, other_file.scores.scores)
    found = inspector.look_alikes(pages[1], inspection, 17, bank=[pages[0]])
    assert {look_alike.source.page for look_alike in found if not look_alike.own} == {0}
    assert any(not look_alike.own for look_alike in found)


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
def test_two_pages_of_one_file_in_a_bank_are_two_pictures(
    inspector: Inspector, pages: list[LoadedImage], scope: Scope
) -> None:
    third = picture(weave(seed=2), "third.png")
    bank = [*pages, third]
    answers = inspector.inspect_many(bank, replace(DENSE, scope=scope), bank=bank)
    for image, answer in zip(bank, answers, strict=True):
        others = [member.identity for member in bank if member is not image]
        assert [source.identity for source in answer.scores.sources] == [image.identity, *others]
        assert (answer.identity, answer.scope) == (image.identity, scope)


@pytest.mark.parametrize("change", [{"name": "copy.tif"}, {"window": (0.0, 100.0)}], ids=["name", "window"])
def test_a_page_under_another_name_or_in_another_window_is_still_itself(
    inspector: Inspector, pages: list[LoadedImage], change: dict[str, Any]
) -> None:
    settings = replace(DENSE, scope=Scope.REFERENCES)
    alone = inspector.inspect(pages[1], settings, bank=[replace(pages[1], **change)])
    assert alone.scope is Scope.SELF
    both = inspector.inspect(pages[1], settings, bank=[replace(pages[1], **change), pages[0]])
    assert [source.identity for source in both.scores.sources] == [page.identity for page in pages[::-1]]


def test_look_alikes_point_into_the_picture_that_they_come_from(
    inspector: Inspector, defect: LoadedImage, clean: LoadedImage
) -> None:
    batch = inspector.inspect(defect, replace(TILES, scope=Scope.BATCH), bank=[clean])
    assert {batch.scores.sources[source].name for source in batch.scores.nearest_source} == {"clean.png"}
    assert not batch.scores.varied


def test_a_part_that_every_reference_has_is_normal(inspector: Inspector) -> None:
    """A red tile in the same kind of picture is what it should be once a good picture shows one too."""
    good = [picture(planted(4, 1, seed=seed), f"good {seed}.png") for seed in (5, 6, 7)]
    part = picture(planted(2, 3), "part.png")
    alone = inspector.inspect(part, DENSE)
    known = inspector.inspect(part, replace(DENSE, scope=Scope.REFERENCES), bank=good)
    assert 17 in alone.flagged_tiles
    assert known.scores.scores[17] < alone.scores.scores[17] / 10


def test_a_bank_is_ignored_in_scope_self(
    inspector: Inspector, tiles: CountingEngine, defect: LoadedImage, clean: LoadedImage
) -> None:
    inspector.inspect(defect, TILES, bank=[clean])
    assert [name for name, _ in tiles.calls[0]] == ["defect.png"]


@pytest.fixture
def matches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets an entry for each comparison of a picture with another one."""
    made: list[int] = []
    compare = scoring.match_other

    def counted(picture_: Embeddings, other: Embeddings, *, neighbours: int) -> Match:
        made.append(neighbours)
        return compare(picture_, other, neighbours=neighbours)

    monkeypatch.setattr(scoring, "match_other", counted)
    return made


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
def test_a_bank_is_compared_with_itself_once(inspector: Inspector, matches: list[int], scope: Scope) -> None:
    """Whatever is inspected: n * (n - 1) comparisons in all, n for another picture, none for another grid."""
    bank = [picture(weave(seed=seed), f"{seed}.png") for seed in range(6)]
    settings = replace(DENSE, scope=scope)
    inspector.inspect(bank[0], settings, bank=bank)
    assert len(matches) == 6 * 5
    inspector.inspect_many(bank, settings, bank=bank)
    assert len(matches) == 6 * 5
    inspector.inspect(picture(planted(2, 3)), settings, bank=bank)
    assert len(matches) == 6 * 5 + 6
    inspector.inspect(bank[3], replace(settings, grid=GridSize(5, 5)), bank=bank)
    assert len(matches) == 6 * 5 + 6


@pytest.mark.parametrize("scope", [Scope.REFERENCES, Scope.BATCH])
def test_what_is_normal_is_learnt_from_the_others_alone(
    inspector: Inspector, defect: LoadedImage, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    """The scores that the rule sees are those that the other pictures of the bank have as their own answers."""
    bank = [defect, *(picture(weave(seed=seed), f"{seed}.png") for seed in (1, 2, 3))]
    seen: list[Sequence[Floats]] = []

    def remember(scores: TileScores, rule: Rule, *, bank_scores: Sequence[Floats], **given: object) -> Decision:
        seen.append(bank_scores)
        return decide(scores, rule, bank_scores=bank_scores, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "decide", remember)
    answers = inspector.inspect_many(bank, replace(DENSE, scope=scope), bank=bank)
    for number, good in enumerate(seen):
        others = [answer.scores.scores for answer in answers if answer is not answers[number]]
        np.testing.assert_allclose(np.array(good), np.array(others), rtol=1e-5)


def test_comparing_is_told_and_can_be_stopped(inspector: Inspector, defect: LoadedImage) -> None:
    bank = [picture(weave(seed=seed), f"{seed}.png") for seed in range(3)]
    settings = replace(DENSE, scope=Scope.BATCH)
    told: list[tuple[float, str]] = []

    def stop_late(share: float, doing: str) -> None:
        told.append((share, doing))
        if doing == "learning what is normal from picture 3 of 3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inspector.inspect(defect, settings, bank=bank, progress=stop_late)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1
    assert [doing for _, doing in told if doing.startswith("comparing")] == [
        f"comparing with picture {i} of 3" for i in (1, 2, 3)
    ]
    assert inspector.inspect(defect, settings, bank=bank).strongest_tile == 17


def test_a_large_batch_is_thinned_out_evenly() -> None:
    chosen = batch_bank(range(10 * MAX_BATCH_BANK))
    assert len(chosen) == MAX_BATCH_BANK
    assert set(np.diff(chosen)) == {10}
    assert batch_bank(range(5)) == [0, 1, 2, 3, 4]


# ---- the choice of the engine ----------------------------------------------------------------------------------------


EXPIRED = EngineExpiredError("fastdup 2.54 expired", remedy="Choose another engine")
WEIGHTLESS = WeightsError("there are no weights", remedy="Install them")


def _engines(**engines: Engine) -> dict[EngineName, Engine]:
    return {EngineName(name): engine for name, engine in engines.items()}


def test_auto_takes_the_first_that_runs_without_a_note() -> None:
    engines = _engines(texture=TinyDenseEngine(), fastdup=TinyTileEngine())
    assert choose_engine(engines, EngineName.AUTO) == (engines[EngineName.FASTDUP], ())


def test_auto_falls_back_in_order_and_says_why(defect: LoadedImage) -> None:
    last = TinyDenseEngine()
    engines = _engines(texture=last, dinov2=BrokenEngine(WEIGHTLESS), fastdup=BrokenEngine(EXPIRED))
    engine, notes = choose_engine(engines, EngineName.AUTO)
    assert engine is last
    assert notes == (
        "fastdup 2.54 expired. Choose another engine. The engine texture was used instead. Its scores are on another "
        "scale: do not compare them with those of before, and set a threshold of your own anew.",
        "there are no weights. Install them. The engine texture was used instead.",
    )
    inspection = Inspector(engines).inspect(defect, Settings())
    assert inspection.engine is EngineName.TEXTURE
    assert inspection.notes == notes


def test_an_engine_asked_for_by_name_is_never_replaced() -> None:
    engines = _engines(texture=TinyDenseEngine(), fastdup=BrokenEngine(EXPIRED))
    with pytest.raises(EngineExpiredError, match=r"2\.54 expired"):
        choose_engine(engines, EngineName.FASTDUP)


def test_where_none_runs_the_last_reason_is_told() -> None:
    missing = EngineMissingError("no OpenCV")
    engines = _engines(texture=BrokenEngine(missing), dinov2=BrokenEngine(WEIGHTLESS), fastdup=BrokenEngine(EXPIRED))
    with pytest.raises(EngineMissingError, match="no OpenCV"):
        choose_engine(engines, EngineName.AUTO)


def test_notes_of_the_picture_come_first(inspector: Inspector, defect: LoadedImage) -> None:
    turned = replace(defect, notes=("It was rotated.",))
    assert inspector.inspect(turned, replace(DENSE, scope=Scope.BATCH)).notes[0] == "It was rotated."


def test_stock_boxes_are_those_of_the_blog(inspector: Inspector, tiles: CountingEngine) -> None:
    odd = picture(planted(2, 3, size_wh=(115, 118)), "odd.png")
    plain = inspector.inspect(odd, TILES)
    stock = inspector.inspect(odd, replace(TILES, rule=Rule(RuleName.STOCK)))
    assert plain.scores.layout.boxes_ltrb[-1].tolist()[2:] == [115, 118]
    assert stock.scores.layout.boxes_ltrb[-1].tolist()[2:] == [112, 112]
    assert len(tiles.calls) == 2


def test_nothing_is_written_beside_the_pictures(
    inspector: Inspector, defect: LoadedImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inspector.inspect(defect, DENSE)
    assert list(tmp_path.iterdir()) == []
