"""The DINOv2 engine on made-up textures, and what it says of weights that will not do."""

import os
import shutil
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from segdetect.engines.base import EmbedRequest
from segdetect.engines.dinov2 import Dinov2Engine, int8
from segdetect.engines.dinov2.network import Network
from segdetect.engines.dinov2.weights import WEIGHTS_VARIABLE, find_weights
from segdetect.errors import CancelledError, EngineUnavailableError, SegDetectError, WeightsError
from segdetect.grid import tile_layout
from segdetect.pictures.loading import LoadedImage
from segdetect.scoring.cells import score_references, score_self
from segdetect.scoring.tiles import pool_scores
from segdetect.settings import GridSize
from tests.support.background import PATIENCE
from tests.support.processes import wait_until

GRID = GridSize(5, 5)
ODD_TILE = 17
MARK_XY = (250, 70)


@pytest.fixture(scope="module")
def engine():
    engine = Dinov2Engine()
    try:
        engine.check()
    except EngineUnavailableError as error:
        pytest.skip(f"DINOv2 cannot run here: {error}")
    return engine


def _texture(kind, seed=0, *, size_wh=(320, 320)):
    """A woven, a striped or a grainy surface."""
    random = np.random.default_rng(seed)
    width, height = size_wh
    y, x = np.mgrid[:height, :width]
    pattern = {
        "woven": 40 * np.sin(x * 0.8) + 40 * np.sin(y * 0.8),
        "striped": 60 * np.sin((x + y) * 0.35),
        "grainy": cv2.GaussianBlur(random.standard_normal((height, width)), (0, 0), 1.5) * 150,
    }[kind]
    grey = np.clip(128 + pattern + random.normal(0, 6, (height, width)), 0, 255)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def _with_defect(pixels, defect):
    """A defect in the middle of tile 17 of 5 x 5."""
    flawed = pixels.copy()
    height, width = pixels.shape[:2]
    at = (int((ODD_TILE % 5 + 0.5) * width / 5), int((ODD_TILE // 5 + 0.5) * height / 5))
    if defect == "spot":
        cv2.circle(flawed, at, 12, (30, 30, 30), -1)
    else:
        cv2.line(flawed, (at[0] - 20, at[1] - 12), (at[0] + 20, at[1] + 12), (240, 240, 240), 3)
    return flawed


def _request(pixels, *, name="picture", turned=False):
    pixels.flags.writeable = False
    image = LoadedImage(name, name, pixels)
    return EmbedRequest(image, tile_layout(image.size_wh, GRID), turned=turned)


def _tiles(cells, request, comparison):
    return pool_scores(cells, request.layout, comparison)[0]


@pytest.mark.parametrize(("kind", "defect"), [("woven", "scratch"), ("striped", "spot"), ("grainy", "scratch")])
def test_a_planted_defect_ranks_first(engine, kind, defect):
    request = _request(_with_defect(_texture(kind), defect))
    (embeddings,) = engine.embed([request])

    tiles = _tiles(score_self(embeddings), request, embeddings.comparison)

    assert tiles.argmax() == ODD_TILE


@pytest.fixture(scope="module")
def reference(engine):
    """A good striped part with a red mark, seen at several angles."""
    request = _request(_marked(_texture("striped", 2)), name="good", turned=True)
    return request, engine.embed([request])[0]


def _marked(pixels):
    marked = pixels.copy()
    cv2.circle(marked, MARK_XY, 25, (250, 20, 20), -1)
    return marked


def test_a_planted_defect_ranks_first_with_a_turned_reference(engine, reference):
    _, bank = reference
    flawed = _request(np.rot90(_with_defect(_marked(_texture("striped", 1)), "spot"), 2).copy())
    (picture,) = engine.embed([flawed])

    tiles = _tiles(score_references(picture, [bank]), flawed, picture.comparison)

    assert tiles.argmax() == 24 - ODD_TILE
    assert not picture.turned


def test_turned_cells_are_named_by_their_upright_place(reference):
    _, bank = reference
    rows, cols = bank.lattice
    mirrored = rows * cols - 1 - bank.turned_cells

    def likeness(cells):
        return sum(
            np.einsum("nd,nd->n", turned, upright[cells]).mean()
            for turned, upright in zip(bank.turned, bank.layers, strict=True)
        )

    assert len(bank.turned[0]) == len(bank.turned_cells) == rows * cols
    assert likeness(bank.turned_cells) > likeness(mirrored) + 0.05


@pytest.mark.parametrize("size_wh", [(320, 320), (500, 120), (60, 400)], ids=str)
def test_descriptions_keep_to_the_contract(engine, size_wh):
    (embeddings,) = engine.embed([_request(_texture("grainy", size_wh=size_wh))])
    rows, cols = embeddings.lattice
    width, height = size_wh
    boxes = embeddings.boxes_ltrb.astype(np.int64)

    assert embeddings.dense
    for layer in embeddings.layers:
        assert layer.shape[0] == rows * cols
        assert layer.dtype == np.float32
        assert np.linalg.norm(layer, axis=1) == pytest.approx(1, abs=1e-5)
        assert not layer.flags.writeable
    assert ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum() == width * height
    assert boxes.max(axis=0).tolist()[2:] == [width, height]


def test_the_same_picture_gets_the_same_description(engine):
    pixels = _texture("woven")
    first, second = engine.embed([_request(pixels), _request(pixels)])

    assert all(np.array_equal(one, other) for one, other in zip(first.layers, second.layers, strict=True))


@pytest.mark.parametrize("shade", [-70, 60])
def test_the_coarse_view_sees_a_darker_or_lighter_picture_alike(engine, shade):
    plain = np.clip(_texture("grainy"), 80, 190)
    other = (plain.astype(np.int16) + shade).astype(np.uint8)

    (one,), (two,) = (engine.embed([_request(pixels, turned=True)]) for pixels in (plain, other))

    for of_one, of_two in zip(one.layers, two.layers, strict=True):
        assert (of_one * of_two).sum(axis=1).min() > 0.98
    for of_one, of_two in zip(one.turned, two.turned, strict=True):
        assert np.median((of_one @ of_two.T).max(axis=1)) > 0.98
    assert (one.finer.layers[0] * two.finer.layers[0]).sum(axis=1).mean() < 0.98  # which sees it as it is


def test_threads_may_share_an_engine(engine):
    pictures = [_texture(kind) for kind in ("woven", "striped")]
    expected = [engine.embed([_request(p)])[0].layers[0] for p in pictures]
    fresh, found = Dinov2Engine(), {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: fresh.embed([_request(pictures[i])])[0].layers[0]}))
        for i in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(np.array_equal(found[i], expected[i]) for i in (0, 1))


def test_progress_is_told_and_may_cancel(engine):
    told = []

    def stop(share, doing):
        told.append((share, doing))
        if len(told) == 2:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        engine.embed([_request(_texture("woven"), name=n) for n in ("first", "second", "third")], stop)
    assert told[0] == (0, "describing first")
    assert told[1][0] > 0


def test_the_version_names_weights_and_runtime(engine):
    assert engine.version.startswith("dinov2 ")
    assert "onnxruntime" in engine.version


def _assert_refused(path, *words):
    with pytest.raises(WeightsError) as caught:
        Dinov2Engine(path).check()
    text = str(caught.value)
    assert str(path) in text
    assert "SEGDETECT_DINOV2_ONNX" in text
    for word in words:
        assert word in text
    assert isinstance(caught.value, SegDetectError)


def test_a_missing_weights_file_is_named(tmp_path):
    _assert_refused(tmp_path / "absent.onnx", "no such")


def test_the_environment_names_the_weights(tmp_path, monkeypatch):
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "absent.onnx"))
    with pytest.raises(WeightsError, match="absent"):
        find_weights()


@pytest.mark.parametrize(
    "content", [b"these are not weights\n" * 50, b"", b"\x00" * 4096], ids=["text", "empty", "zero"]
)
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    pytest.importorskip("onnx")
    path = tmp_path / "weights.onnx"
    path.write_bytes(content)
    _assert_refused(path)


def test_another_model_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, 224, 224]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", values[:1], values[1:])
    path = tmp_path / "relu.onnx"
    onnx.save(helper.make_model(graph), str(path))
    _assert_refused(path, "0 blocks of a vision transformer")


def test_a_model_with_the_right_names_and_the_wrong_tokens_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    names = [f"/encoder/layer.{n}/Add_1_output_0" for n in range(12)]
    nodes = [helper.make_node("Conv", ["x", "w"], ["patches"], strides=[14, 14], kernel_shape=[14, 14])]
    nodes += [helper.make_node("Relu", ["patches"], [name]) for name in names]
    weight = onnx.numpy_helper.from_array(np.zeros((8, 3, 14, 14), np.float32), "w")
    taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 224, 224])
    given = [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph(nodes, "named alike", [taken], given, [weight]),
        opset_imports=[helper.make_opsetid("", 14)],
        ir_version=8,
    )
    path = tmp_path / "alike.onnx"
    onnx.save(model, str(path))
    _assert_refused(path, "does not work as DINOv2")


def test_a_truncated_model_is_refused(engine, tmp_path):
    path = tmp_path / "half.onnx"
    shutil.copyfile(find_weights(), path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    _assert_refused(path)


def test_patches_have_the_size_of_the_lattice(engine):
    (embeddings,) = engine.embed([_request(_texture("woven"))])
    assert embeddings.lattice == (36, 36)
    assert embeddings.finer is not None
    assert embeddings.finer.lattice == (72, 72)


def test_a_failed_self_test_is_not_repeated_at_every_call(monkeypatch, tmp_path):
    opened = []
    (tmp_path / "weights.onnx").touch()

    def refuse(*_):
        opened.append(1)
        raise WeightsError("they are no DINOv2")

    monkeypatch.setattr("segdetect.engines.dinov2.engine.open_network", refuse)
    engine = Dinov2Engine(tmp_path / "weights.onnx")
    for call in (engine.check, engine.check, lambda: engine.embed([_request(_texture("woven"))])):
        with pytest.raises(WeightsError, match="they are no DINOv2"):
            call()
    assert len(opened) == 1


def test_weights_that_were_put_in_place_are_found_after_a_pause(monkeypatch, tmp_path):
    monkeypatch.setattr("segdetect.engines.self_test.FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("segdetect.engines.dinov2.engine.open_network", lambda *_: Network(None, 14, "int8"))
    engine = Dinov2Engine(tmp_path / "weights.onnx")
    with pytest.raises(WeightsError, match="no such weights file"):
        engine.check()
    (tmp_path / "weights.onnx").touch()
    engine.check()


def test_the_version_names_the_weights_that_answer_whatever_becomes_of_their_file(monkeypatch, tmp_path):
    monkeypatch.setattr("segdetect.engines.dinov2.engine.open_network", lambda *_: Network(None, 14, "int8"))
    weights = tmp_path / "weights.onnx"
    weights.write_bytes(b"first")
    engine = Dinov2Engine(weights)
    before = engine.version
    engine.check()
    weights.write_bytes(b"second, and longer")
    assert engine.version == before
    weights.unlink()
    assert engine.version == before


def test_a_name_that_no_file_can_have_is_no_weights_file():
    with pytest.raises(WeightsError, match="no such weights file"):
        find_weights("x" * 300 + ".onnx")


def _lattice(engine, size_wh):
    return engine.embed([_request(_texture("woven", size_wh=size_wh))])[0].lattice


@pytest.mark.parametrize("size_wh", [(320, 320), (200, 600), (620, 110)], ids=str)
def test_pictures_of_all_shapes_are_seen_at_about_one_area(engine, size_wh):
    rows, cols = _lattice(engine, size_wh)
    assert rows * cols == pytest.approx(36 * 36, rel=0.12)
    assert rows / cols == pytest.approx(size_wh[1] / size_wh[0], rel=0.12)


def test_a_very_narrow_picture_is_not_stretched_without_end(engine):
    assert max(_lattice(engine, (2400, 60))) <= 4 * 36


@pytest.fixture(scope="module")
def kept(tmp_path_factory, engine):
    """A home with the 8-bit model in it."""
    home = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGDETECT_HOME", str(home))
        assert "int8" in Dinov2Engine().version
    return home


def _model_file(home):
    (file,) = (home / "engines").iterdir()
    return file


def test_the_8_bit_model_is_made_once_and_answers_as_the_full_one(monkeypatch, kept):
    monkeypatch.setenv("SEGDETECT_HOME", str(kept))
    monkeypatch.setattr(int8, "_make", lambda *_: pytest.fail("it was made again"))
    small = Dinov2Engine()
    assert "int8" in small.version
    monkeypatch.setenv("SEGDETECT_DINOV2_PRECISION", "float32")
    full = Dinov2Engine()
    assert "float32" in full.version
    request = _request(_with_defect(_texture("woven"), "spot"))
    one, other = (by.embed([request])[0] for by in (small, full))
    for layer, same in zip(one.layers, other.layers, strict=True):
        assert (layer * same).sum(axis=1).mean() > 0.99
        assert not np.array_equal(layer, same)


@pytest.mark.parametrize("at", [0, 4000, 9_000_000, -9])
def test_a_kept_model_with_another_byte_counts_as_none(tmp_path, kept, at):
    data = bytearray(_model_file(kept).read_bytes())
    data[at] ^= 0xFF
    (tmp_path / "damaged.npz").write_bytes(data)
    assert int8._read(tmp_path / "damaged.npz") is None


def test_a_kept_model_that_was_cut_off_is_made_anew(monkeypatch, tmp_path, kept):
    shutil.copytree(kept, tmp_path / "home")
    whole = _model_file(kept).read_bytes()
    _model_file(tmp_path / "home").write_bytes(whole[:5000])
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "home"))
    assert "int8" in Dinov2Engine().version
    assert _model_file(tmp_path / "home").stat().st_size == len(whole)


def test_an_8_bit_model_that_answers_otherwise_on_this_machine_is_not_used(monkeypatch, kept):
    monkeypatch.setenv("SEGDETECT_HOME", str(kept))
    answers = int8.answers
    monkeypatch.setattr(int8, "answers", lambda session, side: [-one for one in answers(session, side)])
    assert "float32" in Dinov2Engine().version


def test_where_nothing_can_be_kept_the_8_bit_model_serves_all_the_same(monkeypatch, tmp_path, engine):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEGDETECT_HOME", str(tmp_path / "file"))
    assert "int8" in Dinov2Engine().version


def test_pictures_queue_first_come_first_served_and_may_leave_the_queue(monkeypatch):
    engine, go = Dinov2Engine(), threading.Event()
    monkeypatch.setattr(engine, "check", lambda: None)
    monkeypatch.setattr(engine, "_network", object())
    monkeypatch.setattr("segdetect.engines.dinov2.engine._embed", lambda network, request: go.wait(PATIENCE))
    told, done = {"first": [], "second": [], "third": []}, []
    second_leaves = threading.Event()

    def inspect(name):
        def progress(share, doing):
            told[name].append(doing)
            if name == "second" and second_leaves.is_set():
                raise CancelledError("stopped")

        try:
            engine.embed([_request(_texture("woven"))], progress)
            done.append(name)
        except CancelledError:
            done.append(f"{name} left")

    threads = [threading.Thread(target=inspect, args=(name,)) for name in told]
    for name, thread in zip(told, threads, strict=True):
        thread.start()
        wait_until(lambda name=name: told[name])
    assert told["first"] == ["describing picture"]
    assert told["second"][0] == "waiting: 1 picture ahead"
    assert told["third"][0] == "waiting: 2 pictures ahead"
    second_leaves.set()
    wait_until(lambda: told["third"][-1] == "waiting: 1 picture ahead")
    go.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert done == ["second left", "first", "third"]


def test_onnx_runtime_leaves_no_file_of_its_telemetry(tmp_path):
    script = "from segdetect.engines.dinov2 import Dinov2Engine; import onnxruntime"
    subprocess.run([sys.executable, "-c", script], env=os.environ | {"TMPDIR": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []
