"""Places that are allowed: what looks like one of them is not flagged, here or elsewhere; anything else still is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segdetect.cli.main import main
from segdetect.comparing.comparer import Comparer
from segdetect.comparing.tiled import cut_as
from segdetect.engines.base import Engine
from segdetect.errors import SettingsError
from segdetect.output.plan_changes import plan_changes
from segdetect.output.segments import segments
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.pipeline import Inspector
from segdetect.runs.batch import Answer, inspect_files
from segdetect.runs.orders import Wanted, read_wanted
from segdetect.scoring.allowing import only_within
from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.storage.plans.plan import MAX_ALLOWED, AllowedPlace, GoodPicture, Plan, plan_record, read_plan
from segdetect.storage.plans.plans import Plans
from segdetect.storage.plans.segplan import read_segplan, write_segplan
from tests.support.pictures import Pixels, picture, planted, png, weave
from tests.support.tiny_engine import TinyDenseEngine, TinyTileEngine

DENSE, TILES = Settings(engine=EngineName.TEXTURE), Settings(engine=EngineName.FASTDUP)
BOX = (32, 32, 48, 48)  # row 2, column 2 of 7 x 7 tiles of 16 pixels
HERE, THERE, OTHER = 16, 33, 40


def marked(*tiles: int, seed: int = 0, colour: tuple[int, int, int] = (200, 40, 30), side: int = 16) -> Pixels:
    """The weave with flat patches in place of some tiles."""
    pixels = weave(seed=seed)
    for tile in tiles:
        top, left = 16 * (tile // 7), 16 * (tile % 7)
        pixels[top : top + side, left : left + side] = colour
    return pixels


def allowed(image: LoadedImage, *boxes_ltrb: tuple[int, int, int, int]) -> LoadedImage:
    return replace(image, allowed=boxes_ltrb or (BOX,))


def far_out(inspector: Inspector, settings: Settings, bank: Sequence[LoadedImage] = ()) -> Rule:
    """A rule that flags what is a quarter as odd as the mark."""
    strongest = inspector.inspect(picture(marked(HERE), "first"), settings, bank=bank).scores.highest
    return Rule(RuleName.THRESHOLD, threshold=strongest / 4)


@pytest.fixture
def inspector() -> Inspector:
    engines: dict[EngineName, Engine] = {EngineName.TEXTURE: TinyDenseEngine(), EngineName.FASTDUP: TinyTileEngine()}
    return Inspector(engines)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("settings", [DENSE, TILES], ids=["dense", "tiles"])
def test_a_mark_that_is_allowed_is_flagged_nowhere_and_another_one_still_is(
    inspector: Inspector, settings: Settings, scope: Scope
) -> None:
    bank = [picture(weave(seed=seed), f"good {seed}") for seed in (7, 8, 9)]
    settings = replace(settings, scope=scope, rule=far_out(inspector, replace(settings, scope=scope), bank))
    first, second = picture(marked(HERE), "first"), picture(marked(THERE, seed=1), "second")
    strange = picture(marked(THERE, seed=1)[:, :, ::-1].copy(), "strange")
    place = allowed(first)

    def odd(image: LoadedImage, *more: LoadedImage) -> list[int]:
        return inspector.inspect(image, settings, bank=[*bank, *more]).flagged_tiles

    assert (odd(first), odd(second), odd(strange)) == ([HERE], [THERE], [THERE])
    assert (odd(first, place), odd(second, place), odd(strange, place)) == ([], [], [THERE])
    # Nothing of it is remembered where it is not allowed.
    assert odd(second) == [THERE]


def test_no_score_rises_and_the_good_pictures_teach_what_they_did(inspector: Inspector) -> None:
    settings = replace(DENSE, scope=Scope.REFERENCES)
    bank = [picture(weave(seed=seed), f"good {seed}") for seed in (7, 8, 9)]
    image = picture(marked(HERE, OTHER), "picture")
    with_place = [*bank, allowed(image)]
    before = inspector.inspect(image, settings, bank=bank).scores
    after = inspector.inspect(image, settings, bank=with_place).scores
    assert (after.scores <= before.scores).all()
    assert after.scores[HERE] <= np.median(before.scores) < before.scores[HERE]
    assert before.cell_map is not None
    assert after.cell_map is not None
    assert (after.cell_map <= before.cell_map).all()
    assert after.cell_map.max() < before.cell_map.max()
    for old, new in zip(
        inspector.bank_scores(image, settings, bank), inspector.bank_scores(image, settings, with_place), strict=True
    ):
        assert (old == new).all()


def test_a_picture_with_an_allowed_place_is_no_good_picture(inspector: Inspector) -> None:
    settings = replace(DENSE, scope=Scope.REFERENCES)
    answer = inspector.inspect(picture(weave(), "new"), settings, bank=[allowed(picture(marked(HERE), "odd"))])
    assert answer.scope is Scope.SELF
    assert [source.name for source in answer.scores.sources] == ["new"]


def test_the_same_picture_may_be_good_and_have_an_allowed_place(inspector: Inspector) -> None:
    settings = replace(DENSE, scope=Scope.REFERENCES)
    good = picture(weave(seed=7), "good")
    answer = inspector.inspect(picture(weave(), "new"), settings, bank=[good, allowed(good)])
    assert [source.name for source in answer.scores.sources] == ["new", "good"]


@pytest.mark.parametrize("box", [BOX, (41, 41, 43, 43)], ids=["a tile", "less than a cell"])
def test_the_cells_within_a_box_count_or_the_one_that_has_most_of_it(box: tuple[int, int, int, int]) -> None:
    image = picture(weave(), "picture")
    engines = (TinyDenseEngine(), TinyTileEngine())
    for engine in engines:
        settings = Settings(engine=engine.name)
        (described,) = Comparer().describe(engine, [cut_as(image, settings)])
        within = only_within(described, [box])
        cells = within.boxes_ltrb[within.counted]
        assert len(cells)
        middle = (box[0] + box[2]) / 2
        assert any(left <= middle < right for left, _, right, _ in cells.tolist())
        if not engine.dense:
            assert cells.tolist() == [list(BOX)]
        else:
            width = described.boxes_ltrb[0, 2]
            assert cells[:, 0].min() >= box[0] - 2 * width
            assert cells[:, 2].max() <= box[2] + 2 * width


def test_a_run_of_many_pictures_allows_them_in_every_scope(inspector: Inspector) -> None:
    files = [
        SourceFile(name, lambda pixels=pixels: png(pixels))  # type: ignore[misc]
        for name, pixels in (("a", marked(THERE)), ("b", weave(seed=1)), ("c", weave(seed=2)), ("d", weave(seed=3)))
    ]
    place = allowed(picture(marked(HERE), "odd"))
    for scope in (Scope.SELF, Scope.BATCH):
        settings = replace(DENSE, scope=scope, rule=far_out(inspector, DENSE))
        told = []
        for references in ((), (place,)):
            answers = inspect_files(inspector, files, settings, references=references, load=load_source)
            told.append([one.inspection.flagged_tiles[:1] for one in answers if isinstance(one, Answer)])
        assert told == [[[THERE], [], [], []], [[], [], [], []]]


def test_they_travel_to_whoever_does_the_work() -> None:
    file = SourceFile("a", lambda: b"data", allowed=(BOX, (0, 0, 8, 8)))
    assert read_wanted(Wanted.of(0, file).record()).file().allowed == file.allowed
    older = Wanted.of(0, file).record()
    del older["allowed"]
    assert read_wanted(older).allowed == ()


SHA = "ab" * 32
PLACE = AllowedPlace("a.png", SHA, 0, (BOX, (0, 0, 16, 16)))


def test_a_plan_allows_a_place_once_and_takes_it_back() -> None:
    plan = Plan(name="cloth")
    allowing = plan.allowing(PLACE).allowing(replace(PLACE, name="the same.png", boxes_ltrb=PLACE.boxes_ltrb[::-1]))
    assert allowing.allowed == (PLACE,)
    assert allowing.digests == {SHA}
    assert allowing.forbidding(PLACE) == plan
    assert read_plan(plan_record(allowing)) == allowing
    older = plan_record(plan)
    del older["allowed"]
    assert read_plan(older) == plan
    (change,) = plan_changes(plan, allowing)
    assert (change.what, str(change.before), str(change.after)) == ("allowed places", "0", "1: with one in a.png")


@pytest.mark.parametrize(
    "wrong", [{"boxes_ltrb": ()}, {"boxes_ltrb": ((5, 5, 5, 9),)}, {"boxes_ltrb": ((-1, 0, 5, 5),)}, {"page": -1}]
)
def test_what_is_no_place_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="lies in no picture"):
        replace(PLACE, **wrong)


def test_a_plan_has_room_for_so_many_and_no_more() -> None:
    places = tuple(replace(PLACE, boxes_ltrb=((0, 0, at + 1, 1),)) for at in range(MAX_ALLOWED + 1))
    with pytest.raises(SettingsError, match="201 allowed places"):
        Plan(name="cloth", allowed=places)


def test_an_exported_plan_allows_the_same_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size_wh = (224, 224)
    odd, other = (planted(row, col, size_wh=size_wh, seed=seed) for row, col, seed in ((2, 2, 0), (4, 5, 1)))
    data = png(odd)
    image = picture(odd, "odd.png")
    settings = Settings(grid=GridSize(7, 7), engine=EngineName.TEXTURE)
    (segment,) = segments(Inspector().inspect(image, settings))
    place = AllowedPlace("odd.png", image.sha256, 0, (segment.box_ltrb,))
    plans = Plans(tmp_path / "plans")
    before = plans.keep(Plan(name="cloth", settings=settings))
    after = plans.keep(before.allowing(place), {image.sha256: data})
    file = write_segplan(plans.opened(after))
    assert read_segplan(file, name="cloth").plan == after
    (tmp_path / "other.png").write_bytes(png(other))
    told = []
    for number, plan in enumerate((before, after)):
        path = tmp_path / f"cloth{number}.segplan"
        path.write_bytes(write_segplan(plans.opened(plan)))
        assert main(["inspect", str(tmp_path / "other.png"), "--plan", str(path), "--no-history"]) == 0
        told.append(capsys.readouterr().out)
    assert "flagged tile 33" in told[0]
    assert "flagged" not in told[1]


def test_good_pictures_and_allowed_places_are_read_apart(tmp_path: Path) -> None:
    data = {picture(weave(seed=seed)).sha256: png(weave(seed=seed)) for seed in (0, 1)}
    good, odd = data
    places = [AllowedPlace("odd", odd, 0, (box,)) for box in (BOX, (0, 0, 16, 16))]
    plan = Plan(name="cloth", good=(GoodPicture("good", good),)).allowing(places[0]).allowing(places[1])
    opened = Plans(tmp_path).opened(Plans(tmp_path).keep(plan, data))
    assert [(file.name, file.allowed) for file in opened.bank_files(Scope.REFERENCES)] == [
        ("good", ()),
        ("odd", (BOX, (0, 0, 16, 16))),
    ]
    assert [file.name for file in opened.bank_files(Scope.SELF)] == ["odd"]
    assert load_source(opened.allowed_files()[0]).allowed == (BOX, (0, 0, 16, 16))
    assert np.asarray(load_source(opened.good_files()[0]).allowed).size == 0
