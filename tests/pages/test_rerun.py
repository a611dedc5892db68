"""What a rerun does again, and what it does not: files are hashed, pictures decoded and data sets read once."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.state.query_params_proxy import QueryParamsProxy
from streamlit.testing.v1 import AppTest

from segdetect.comparing.banks import batch_bank
from segdetect.evaluation.datasets import Dataset, read_dataset
from segdetect.memo import process_budget
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, RuleName, Scope, Settings
from segdetect.ui.evaluate import plan
from segdetect.ui.inspect import table
from segdetect.ui.shared import session
from segdetect.ui.shared.session import Upload, loaded
from tests.support.pages import banner, captions, chart, choices, errors, open_page, upload
from tests.support.pictures import planted, png, tiff, weave
from tests.support.tiny_dataset import manifest_dataset
from tests.support.tiny_engine import TinyTileEngine

pytestmark = pytest.mark.usefixtures("page_engines")

# No two tests see the same picture, since the pages of one process remember those of all visitors.
SEEDS = itertools.count(10_000)


def fresh(count: int) -> list[tuple[str, bytes]]:
    return [(f"{number}.png", png(planted(2, 3, seed=next(SEEDS)))) for number in range(count)]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was decoded, in order."""
    names: list[str] = []

    def counted(data: bytes, *, name: str, **options: Any) -> LoadedImage:
        names.append(name)
        return load_image(data, name=name, **options)

    monkeypatch.setattr(session, "load_image", counted)
    return names


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of what was hashed as an upload."""
    lengths: list[int] = []

    class Counted:
        @staticmethod
        def sha256(data: bytes) -> Any:
            lengths.append(len(data))
            return hashlib.sha256(data)

    monkeypatch.setattr(session, "hashlib", Counted)
    return lengths


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SEGDETECT_CACHE_MB", "1")
    process_budget.cache_clear()
    yield
    process_budget.cache_clear()


def with_overview(app: AppTest) -> AppTest:
    app.session_state["all"] = True
    return app.run()


def test_the_picture_that_is_shown_is_decoded_first_and_each_of_the_others_once(
    decoded: list[str], hashed: list[int]
) -> None:
    app = upload(open_page(), *fresh(5))
    assert decoded[0] == "0.png"
    app.slider(key="grid").set_value(5).run()
    app.selectbox(key="shown").select_index(3).run()
    assert "3.png" in decoded
    assert len(decoded) == len({*decoded})
    assert len(hashed) == 5
    assert not app.exception


def test_the_open_overview_decodes_each_picture_once(decoded: list[str], hashed: list[int]) -> None:
    app = with_overview(upload(open_page(), *fresh(5)))
    assert len(app.dataframe[0].value) == 5
    assert sorted(decoded) == [f"{number}.png" for number in range(5)]
    app.slider(key="grid").set_value(5).run()
    choices(app, "scope").select("batch").run()
    assert "compared with 4 other pictures" in captions(app)
    assert (len(decoded), len(hashed)) == (5, 5)
    assert not app.exception


def test_another_threshold_encodes_no_tile_of_the_table_anew_and_leaves_the_address_alone_where_it_says_so_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = upload(open_page(), *fresh(1))
    app.session_state["rule"], app.session_state["threshold"] = RuleName.THRESHOLD, 1.2
    app.run()
    before, encoded, told = captions(app), [], []
    monkeypatch.setattr(table, "thumbnail_uri", lambda *args: encoded.append(args))
    monkeypatch.setattr(QueryParamsProxy, "__setitem__", lambda _, *word: told.append(word[0]))
    app.session_state["threshold"] = 1.21
    app.run()
    assert not app.exception
    assert (encoded, told) == ([], ["threshold"])
    assert len(captions(app)) == len(before)


def test_with_too_little_memory_the_answers_are_the_same(little_memory: None) -> None:
    clean = [(f"clean {number}.png", png(weave(seed=next(SEEDS)))) for number in range(2)]
    app = with_overview(upload(open_page(engine="fastdup"), *fresh(1), *clean))
    choices(app, "scope").select("batch").run()
    assert not app.exception
    assert not errors(app)
    assert "compared with 2 other pictures" in captions(app)
    assert banner(app)[1].endswith("row 3, column 4")
    assert app.dataframe[0].value["verdict"].tolist() == ["anomalous", "normal", "normal"]
    assert 0 < process_budget().used_bytes <= 1_000_000


def test_a_page_and_the_overview_compare_with_the_same_pictures_of_a_large_batch() -> None:
    files = fresh(20)
    app = upload(open_page(engine="fastdup"), *files)
    choices(app, "scope").select("batch").run()
    assert "compared with 15 other pictures" in captions(app)
    with_overview(app)
    images = [load_image(data, name=name) for name, data in files]
    settings = Settings(engine=EngineName.FASTDUP, scope=Scope.BATCH)
    mine = Inspector({EngineName.FASTDUP: TinyTileEngine()}).inspect(images[0], settings, bank=batch_bank(images))
    strongest = float(mine.scores.scores.max())
    assert app.dataframe[0].value["strongest score"][0] == pytest.approx(strongest, abs=6e-4)
    told = [data[2] for data in chart(app, "heatmap")["data"][-1]["customdata"]]
    assert max(told) == pytest.approx(strongest)


def test_a_file_under_another_name_is_decoded_once(decoded: list[str]) -> None:
    (_, data), *_ = fresh(1)
    first, second = loaded(Upload("a.png", data)), loaded(Upload("b.png", data))
    assert (first.name, second.name, decoded) == ("a.png", "b.png", ["a.png"])
    assert first.pixels is second.pixels


def test_the_window_that_a_deep_picture_comes_with_is_decoded_once(decoded: list[str]) -> None:
    deep = weave(seed=next(SEEDS))[..., 0].astype("uint16") * 200
    app = upload(open_page(), ("deep.tif", tiff(deep)))
    assert decoded == ["deep.tif"]
    (window,) = [slider for slider in app.slider if slider.label == "Brightness window"]
    window.set_value((14_000.0, 33_000.0)).run()
    app.run()
    assert decoded == ["deep.tif", "deep.tif"]


# ---- data sets -------------------------------------------------------------------------------------------------------


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders of the data sets that were read."""
    places: list[Path] = []

    def counted(path: Path, **options: Any) -> Dataset:
        places.append(path)
        return read_dataset(path, **options)

    monkeypatch.setattr(plan, "read_dataset", counted)
    return places


def rewrite(home: Path) -> None:
    file = home / "images/own/rug/blot_0.png"
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))


def remove(home: Path) -> None:
    lines = (home / "manifest.csv").read_text().splitlines(keepends=True)
    (home / "manifest.csv").write_text("".join(line for line in lines if "rug/blot_2" not in line))


@pytest.mark.parametrize(("change", "pictures"), [(rewrite, 8), (remove, 7)])
def test_a_data_set_is_read_again_only_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[Path], change: Callable[[Path], None], pictures: int
) -> None:
    monkeypatch.setenv("SEGDETECT_ROOTS", str(tmp_path))
    home = manifest_dataset(tmp_path / "own")
    app = open_page("pages/evaluate.py")
    app.text_input(key="dataset").set_value(str(home)).run()
    app.run()
    assert "8 pictures in 2 categories" in captions(app)
    assert len(read) == 1
    change(home)
    app.run()
    assert len(read) == 2
    assert f"{pictures} pictures in 2 categories" in captions(app)
