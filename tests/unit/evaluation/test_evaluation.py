from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segdetect.errors import CancelledError
from segdetect.evaluation.datasets import Dataset, read_dataset
from segdetect.evaluation.figures import CategoryResult, PictureResult, summarise
from segdetect.evaluation.plots import grid_chart, precision_recall_chart, score_histogram_chart
from segdetect.evaluation.run import Evaluation, ap_by_grid, evaluate, evaluate_each
from segdetect.evaluation.tables import figures_table, figures_text, json_bytes, shown_table, write_evaluation
from segdetect.inspection import Decision, Inspection, TileScores, Verdict
from segdetect.output.run import Run
from segdetect.output.run_folder import RunWriter
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from tests.support.tiny_dataset import SIZE, cloth, manifest_dataset, mvtec_category, save, save_pair
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

SCORE = Path(__file__).parents[3].parent / "shared" / "bench" / "score.py"
DENSE = Settings(engine=EngineName.TEXTURE)
TILES = Settings(engine=EngineName.FASTDUP)


def settings(
    scope: Scope = Scope.SELF, rule: RuleName = RuleName.AUTO, engine: EngineName = EngineName.TEXTURE
) -> Settings:
    return Settings(engine=engine, scope=scope, rule=Rule(rule))


@pytest.fixture
def inspector() -> Inspector:
    return Inspector({EngineName.TEXTURE: TinyDenseEngine(), EngineName.FASTDUP: TinyTileEngine()})


@pytest.fixture(scope="session")
def scorer() -> Callable[[Path, Path], tuple[dict[str, float], pd.DataFrame]]:
    if not SCORE.exists():
        pytest.skip("the benchmark with its own scorer is not on this machine")
    spec = importlib.util.spec_from_file_location("score", SCORE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score  # type: ignore[no-any-return]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return read_dataset(manifest_dataset(tmp_path / "own"))


def picture(
    dataset: Dataset, result: Evaluation, truth: list[bool], scores: list[float], flags: list[bool]
) -> PictureResult:
    """A made-up answer in place of the first picture's."""
    first = result.pictures[0]
    made = TileScores(first.inspection.scores.layout, np.array(scores), (), *[np.zeros(4)] * 3)
    decision = Decision(RuleName.FENCE, 0.0, np.array(flags), Verdict.ANOMALOUS, "")
    inspection = Inspection(
        **{
            name: getattr(first.inspection, name)
            for name in ("image", "sha256", "size_wh", "page", "settings", "engine")
        },
        **{name: getattr(first.inspection, name) for name in ("engine_version", "scope")},
        scores=made,
        decision=decision,
    )
    sample = dataset.pictures[0] if any(truth) else dataset.categories[0].references[0]
    return PictureResult(
        sample,
        inspection,
        np.array(truth),
        0.1 if any(truth) else 0.0,
        0.5 if any(truth) else None,
        0.25 if any(truth) else None,
    )


def test_the_planted_blot_is_found(inspector: Inspector, dataset: Dataset) -> None:
    result = evaluate(inspector, dataset, DENSE)
    assert result.overall.top1 == 1
    assert result.overall.ap == pytest.approx(1, abs=0.05)
    assert result.overall.pixel_auroc is not None
    assert result.overall.pixel_auroc > 0.95
    assert result.overall.pro is not None
    assert result.overall.pro > 0.9
    assert (result.overall.pictures, result.overall.clean, len(result.pictures)) == (6, 2, 8)


def test_tile_engines_have_no_pixel_figures(inspector: Inspector, dataset: Dataset) -> None:
    result = evaluate(inspector, dataset, TILES)
    assert result.overall.top1 == 1
    assert result.overall.pixel_auroc is None
    assert "px AUROC" not in figures_text(result)


def test_figures_by_hand(inspector: Inspector, dataset: Dataset) -> None:
    result = evaluate(inspector, dataset, Settings(engine=EngineName.TEXTURE, grid=GridSize(2, 2)), pixels=False)
    yes, no = True, False
    one = CategoryResult(
        dataset.categories[0],
        (
            picture(dataset, result, [yes, yes, no, no], [4, 3, 2, 1], [yes, no, yes, yes]),
            picture(dataset, result, [yes, no, no, no], [1, 3, 2, 1], [no, no, no, no]),
            picture(dataset, result, [no, no, no, no], [2, 2, 2, 1], [no, no, no, no]),
        ),
    )
    two = CategoryResult(
        dataset.categories[1], (picture(dataset, result, [yes, no, no, no], [9, 3, 2, 1], [yes, no, no, no]),)
    )
    figures = summarise([one, two])
    assert figures.top1 == pytest.approx((1 / 2 + 1) / 2)  # categories count alike, not pictures
    assert figures.precision == pytest.approx(2 / 4)  # tiles count alike
    assert figures.recall == pytest.approx(2 / 4)
    assert figures.f1 == pytest.approx(0.5)
    assert figures.hit == pytest.approx(2 / 3)
    assert (figures.clean, figures.clean_unflagged) == (1, 1)
    assert figures.image_auroc == pytest.approx(1)  # 4 and 3 against 2; the second category has no clean picture

    alone = replace(one.pictures[2], inspection=replace(one.pictures[2].inspection, scope=Scope.BATCH))
    pictures = (*one.pictures[:2], alone)
    assert summarise([replace(one, pictures=pictures)]).image_auroc is None  # in another scope, in other units


@pytest.mark.parametrize("scope", [Scope.SELF, Scope.REFERENCES, Scope.BATCH])
@pytest.mark.parametrize("rule", [RuleName.STOCK, RuleName.FENCE])
def test_figures_equal_those_of_the_independent_scorer(
    tmp_path: Path,
    inspector: Inspector,
    dataset: Dataset,
    scorer: Callable[[Path, Path], tuple[dict[str, float], pd.DataFrame]],
    scope: Scope,
    rule: RuleName,
) -> None:
    wanted = settings(scope, rule, EngineName.FASTDUP if rule is RuleName.STOCK else EngineName.TEXTURE)
    with RunWriter(tmp_path / "out", Run(settings=wanted, engine=wanted.engine, engine_version="tiny")) as writer:
        result = evaluate(inspector, dataset, wanted, on_result=lambda r: writer.add(r.inspection, lambda: r.image))  # type: ignore[union-attr]
    theirs, ours = scorer(tmp_path / "own/manifest.csv", tmp_path / "out/tiles.csv")[0], result.overall
    for name in ("auroc", "ap", "top1", "precision", "recall", "f1", "hit", "clean_unflagged"):
        assert getattr(ours, name) == pytest.approx(theirs[name], abs=1e-9), name
    assert (ours.pictures, ours.clean, 0) == (theirs["images"], theirs["clean_images"], theirs["missing"])
    for kind, figures in result.by_kind.items():
        assert figures.ap == pytest.approx(theirs[f"ap_{kind}"], abs=1e-9)


def test_references_leave_the_picture_itself_out(inspector: Inspector, dataset: Dataset) -> None:
    result = evaluate(inspector, dataset, settings(Scope.REFERENCES))
    used = {p.labelled.name: {source.name for source in p.inspection.scores.sources[1:]} for p in result.pictures}
    good = {"own/cloth/good_0.png", "own/cloth/good_1.png"}
    assert used["own/cloth/blot_0.png"] == good
    assert used["own/cloth/good_0.png"] == {"own/cloth/good_1.png"}
    rug = [p for p in result.pictures if p.labelled.category == "rug"]
    assert all(p.inspection.scope is Scope.SELF for p in rug)  # no clean rug to compare with
    (note,) = result.notes
    assert note.startswith(
        "Compared with themselves, as there was no other picture to compare them with: own/rug/blot_0"
    )
    assert note.endswith(f", own/rug/blot_2.png ({len(rug)} in all).")


def test_train_pictures_are_the_references_of_mvtec(tmp_path: Path, inspector: Inspector) -> None:
    mvtec_category(tmp_path / "carpet", references=30)
    result = evaluate(inspector, read_dataset(tmp_path), settings(Scope.REFERENCES, engine=EngineName.FASTDUP))
    names = [source.name for source in result.pictures[0].inspection.scores.sources[1:]]
    assert len(names) == len(set(names)) == 20
    assert all(name.startswith("carpet/train/good/") for name in names)


def test_the_batch_is_the_rest_of_the_category(inspector: Inspector, dataset: Dataset) -> None:
    result = evaluate(inspector, dataset, settings(Scope.BATCH))
    names = {source.name for source in result.pictures[0].inspection.scores.sources[1:]}
    assert names == {s.name for s in dataset.categories[0].pictures} - {result.pictures[0].labelled.name}
    assert result.notes == ()


def test_a_picture_that_fails_does_not_stop_the_others(tmp_path: Path, inspector: Inspector) -> None:
    home = manifest_dataset(tmp_path)
    (home / "images/own/cloth/good_0.png").write_bytes(b"not a picture")
    source, broken = (home / f"images/own/rug/{name}.png" for name in ("blot_2", "broken"))
    source.rename(broken)
    text = (home / "manifest.csv").read_text()
    (home / "manifest.csv").write_text(text.replace("own/rug/blot_2.png,own", "own/rug/broken.png,own"))
    result = evaluate(inspector, read_dataset(home), settings(Scope.REFERENCES))
    assert [failure.image for failure in result.failures] == ["own/cloth/good_0.png", "own/rug/broken.png"]
    assert (result.overall.pictures, result.overall.clean) == (5, 1)


def test_an_empty_mask_is_noted_and_left_out(tmp_path: Path, inspector: Inspector) -> None:
    home = manifest_dataset(tmp_path)
    save_pair(home / "images/own/rug/blot_0.png", home / "masks/own/rug/blot_0.png", 1, np.zeros((SIZE, SIZE), bool))
    result = evaluate(inspector, read_dataset(home), DENSE)
    assert any("own/rug/blot_0.png" in note and "empty" in note for note in result.notes)
    assert (result.overall.pictures, result.overall.clean) == (5, 2)


@pytest.mark.parametrize("wanted", [DENSE, TILES], ids=["dense", "tiles"])
def test_progress_rises_to_one_and_can_stop_the_run(inspector: Inspector, dataset: Dataset, wanted: Settings) -> None:
    shares: list[float] = []
    evaluate(inspector, dataset, wanted, lambda share, doing: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1

    def stop(share: float, doing: str) -> None:
        if share > 0.3:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        evaluate(inspector, dataset, wanted, stop)


def test_a_reference_that_cannot_be_read_is_reported_and_left_out(tmp_path: Path, inspector: Inspector) -> None:
    home = mvtec_category(tmp_path / "carpet", references=2)
    (home / "train/good/000.png").write_bytes(b"")
    each = [settings(scope, engine=EngineName.FASTDUP) for scope in (Scope.SELF, Scope.REFERENCES)]
    alone, compared = evaluate_each(inspector, read_dataset(tmp_path), each)
    assert alone.failures == ()
    assert [failure.image for failure in compared.failures] == ["carpet/train/good/000.png"]
    assert {s.name for s in compared.pictures[0].inspection.scores.sources[1:]} == {"carpet/train/good/001.png"}


def test_several_settings_share_one_description(dataset: Dataset) -> None:
    engine = TinyDenseEngine()
    each = [settings(scope, rule) for scope in Scope for rule in (RuleName.AUTO, RuleName.STOCK)]
    results = evaluate_each(Inspector({EngineName.TEXTURE: engine}), dataset, each, pixels=False)
    assert [r.settings for r in results] == each
    # Known-good pictures are described once more as references, seen turned.
    wanted = {s.name: 2 if s in dataset.categories[0].references else 1 for s in dataset.pictures}
    assert Counter(engine.described) == wanted


def test_average_precision_is_told_for_each_grid(inspector: Inspector, dataset: Dataset) -> None:
    points = ap_by_grid(inspector, dataset, DENSE, [GridSize(4, 4), GridSize(7, 7)])
    assert [grid.rows for grid, _ in points] == [4, 7]
    assert all(figures.ap is not None and figures.ap > 0.5 for _, figures in points)


def test_misses_and_false_alarms_are_listed_worst_first(tmp_path: Path, inspector: Inspector) -> None:
    home = manifest_dataset(tmp_path)
    faint = cloth(3)
    faint[:2, :4] += 2  # hardly to be seen
    save(home / "images/own/cloth/blot_1.png", faint)
    result = evaluate(inspector, read_dataset(home), settings(rule=RuleName.STOCK))
    late = [*result.worst_misses(), *result.ranked_late()]
    assert late[0].labelled.name == "own/cloth/blot_1.png"
    assert {p.labelled.defect for p in result.false_alarms()} == {"good"}
    assert len(result.false_alarms()) == 2  # the stock rule flags something on every picture
    truth, scores = result.tiles()
    assert (truth.shape, int(truth.sum())) == ((8 * 49,), 6)
    assert scores.shape == truth.shape


def test_everything_is_written(tmp_path: Path, inspector: Inspector, dataset: Dataset) -> None:
    result = evaluate(inspector, dataset, DENSE)
    write_evaluation(result, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out/evaluation.csv")
    assert table["row"].tolist() == ["category", "category", "kind", "kind", "overall"]
    assert table["ap"].iloc[-1] == pytest.approx(result.overall.ap)
    record = json.loads((tmp_path / "out/evaluation.json").read_text())
    assert record["overall"]["ap"] == result.overall.ap
    assert record["versions"]["texture"] == "tiny 1"
    assert record["settings"]["grid"] == {"rows": 7, "cols": 7}
    assert [p["image"] for c in record["categories"] for p in c["pictures"]] == [s.name for s in dataset.pictures]
    assert b"NaN" not in json_bytes(result)
    assert len(figures_table(result)) == 5


def test_the_page_shows_rows_under_one_title_and_no_empty_column(inspector: Inspector, dataset: Dataset) -> None:
    dense, tiles = (shown_table(evaluate(inspector, dataset, DENSE, pixels=pixels)) for pixels in (True, False))
    assert dense["title"].tolist() == ["cloth", "rug", "all of kind object", "all of kind texture", "overall"]
    assert {"pixel_auroc", "pro"} <= {*dense.columns}
    assert not {"pixel_auroc", "pro"} & {*tiles.columns}
    assert dense["clean_unflagged"].notna().tolist() == [True, False, False, True, True]


def test_charts_show_what_was_found(inspector: Inspector, dataset: Dataset) -> None:
    result = evaluate(inspector, dataset, settings(rule=RuleName.STOCK))
    curve, flags = precision_recall_chart(result).data
    assert (curve.x[-1], curve.y[0]) == (1, 1)
    assert (flags.x[0], flags.y[0]) == (result.overall.recall, result.overall.precision)
    good, defective = score_histogram_chart(result).data
    assert (sum(good.customdata), sum(defective.customdata)) == (8 * 49 - 6, 6)
    above = sum(n for n, x in zip(defective.customdata, defective.x, strict=True) if x > 1)
    assert above == sum(p.hits for p in result.pictures)
    (line,) = grid_chart({"texture": ap_by_grid(inspector, dataset, DENSE, [GridSize(4, 4), GridSize(4, 6)])}).data
    assert list(line.text) == ["4 x 4", "4 x 6"]


def test_charts_of_nothing_are_empty(inspector: Inspector, tmp_path: Path) -> None:
    home = manifest_dataset(tmp_path)
    for path in (home / "images").rglob("*.png"):
        path.write_bytes(b"")
    result = evaluate(inspector, read_dataset(home), DENSE)
    assert len(result.failures) == 8
    assert result.overall.ap is None
    assert precision_recall_chart(result).data == ()
    assert all(sum(bar.y) == 0 for bar in score_histogram_chart(result).data)
