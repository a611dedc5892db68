"""Accelerators that ONNX Runtime offers: taken only where their answers are those of the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segdetect.engines.dinov2.network import PRECISION_VARIABLE, Network, open_network
from segdetect.engines.dinov2.sessions import PROVIDER_VARIABLE
from segdetect.errors import EngineUnavailableError
from tests.support.tiny_vit import save_vit

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

VIEWS = np.random.default_rng(3).integers(0, 255, (2, 32, 48, 3)).astype(np.uint8)


class _Accelerated:
    """A session that says it runs on what was asked for first, and may fail or answer wrongly there."""

    fails = False
    wrong = False
    falls_back = False
    real = onnxruntime.InferenceSession

    def __init__(self, model: bytes, options: object, providers: list[str]) -> None:
        self._providers = providers
        if self._elsewhere and self.fails:
            raise RuntimeError("no driver")
        self._session = self.real(model, options, providers=["CPUExecutionProvider"])

    @property
    def _elsewhere(self) -> bool:
        return self._providers[0] != "CPUExecutionProvider"

    def get_providers(self) -> list[str]:
        return ["CPUExecutionProvider"] if self.falls_back else self._providers

    def get_inputs(self) -> list[object]:
        return self._session.get_inputs()

    def run(self, names: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
        outputs = self._session.run(names, given)
        return [output[..., ::-1] for output in outputs] if self._elsewhere and self.wrong else outputs


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A network's file, where ONNX Runtime offers DirectML and CUDA."""
    monkeypatch.setattr(onnxruntime, "InferenceSession", _Accelerated)
    names = ["DmlExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    path = tmp_path / "vit.onnx"
    save_vit(path, names="hub", blocks=12, patch=16)
    return path


def _tokens(network: Network) -> list[np.ndarray]:
    return network.tokens(VIEWS)


def test_the_first_that_answers_as_the_processor_is_taken(offered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = open_network(offered, "d")
    assert network.name == "float32 on cuda"
    monkeypatch.setenv(PROVIDER_VARIABLE, "cpu")
    monkeypatch.setenv(PRECISION_VARIABLE, "float32")
    plain = open_network(offered, "d")
    assert plain.name == "float32"
    for one, other in zip(_tokens(network), _tokens(plain), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("fault", ["fails", "wrong", "falls_back"])
def test_one_that_does_not_work_is_left_alone(fault: str, offered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Accelerated, fault, True)
    assert open_network(offered, "d").provider == ""


def test_the_environment_names_the_only_one_to_try(offered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROVIDER_VARIABLE, "DirectML")
    network = open_network(offered, "d")
    assert network.provider == "directml"
    assert [block.shape[:3] for block in _tokens(network)] == [(2, 2, 3)] * 2


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        (
            PROVIDER_VARIABLE,
            "SEGDETECT_DINOV2_PROVIDER is 'gpu'. Set it to one of cpu, cuda, directml, coreml, openvino",
        ),
        (PRECISION_VARIABLE, "SEGDETECT_DINOV2_PRECISION is 'gpu'. Set it to one of float32, int8, or unset it."),
    ],
)
def test_what_the_environment_may_not_choose_is_said(
    offered: Path, monkeypatch: pytest.MonkeyPatch, variable: str, said: str
) -> None:
    monkeypatch.setenv(variable, "gpu")
    with pytest.raises(EngineUnavailableError) as caught:
        open_network(offered, "d")
    assert str(caught.value).startswith(said)
