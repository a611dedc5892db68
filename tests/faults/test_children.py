"""The processes that describe and decode pictures: killed, crashed, hung, starved, talking nonsense, or not there."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from segdetect.engines.base import EmbedRequest
from segdetect.engines.fastdup import FastdupEngine
from segdetect.errors import (
    EngineExpiredError,
    EngineFailedError,
    EngineKilledError,
    EngineMissingError,
    EngineTimeoutError,
    EngineUnavailableError,
    ImageTooLargeError,
    SegDetectError,
    StorageError,
    UnreadableImageError,
)
from segdetect.grid import tile_layout
from segdetect.pictures import isolation
from segdetect.pictures.isolation import Decoders
from segdetect.pictures.loading import LoadedImage, decode_image
from segdetect.settings import GridSize
from tests.support.fake_fastdup import FATAL_LINE, WORKING, install_fake
from tests.support.faults import fault, told
from tests.support.pictures import png, weave

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

PLAIN = png(weave((40, 30)))
OPTIONS: dict[str, Any] = {"name": "a.png", "sha256": "0", "page": 0, "window": None, "max_pixels": 10**6}
IMAGE = LoadedImage("a.png", "0", weave((40, 30)))
REQUEST = EmbedRequest(IMAGE, tile_layout(IMAGE.size_wh, GridSize(1, 2)))
# The descriptor of the child's end of the socket, on which it answers.
SOCKET = "int(sys.argv[1])"
MEMORY = "resource.setrlimit(resource.RLIMIT_AS, (1 << 20, resource.RLIM_INFINITY)); bytearray(1 << 28)"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Callable[..., FastdupEngine]]:
    """An engine whose child finds another fastdup, which does once what it is told."""
    engines: list[FastdupEngine] = []

    def make(once: str = "pass", *, package: str = WORKING, **options: float) -> FastdupEngine:
        place = install_fake(tmp_path / "packages", f"import resource\nif once():\n    {once}", package=package)
        engines.append(FastdupEngine(python_path=[place], environment={"FLAG": str(tmp_path / "flag")}, **options))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def described(engine: FastdupEngine) -> None:
    """The engine describes a picture."""
    assert engine.embed([REQUEST])[0].layers[0].shape == (2, 576)


ENGINE_FAULTS = [
    ("killed", "os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL in mid-run", EngineKilledError, "was killed"),
    ("crashed", "os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV in mid-run", EngineKilledError, r"killed \(signal 11"),
    ("hung", "time.sleep(600)", "a run that never ends", EngineTimeoutError, "did not answer within"),
    ("stopped", "os.kill(os.getpid(), signal.SIGSTOP)", "SIGSTOP in mid-run", EngineTimeoutError, "did not answer"),
    ("left", "os._exit(0)", "it ends by itself in mid-run", EngineKilledError, "ended by itself"),
    ("talking nonsense", f"os.write({SOCKET}, b'nonsense' * 99)", "a reply of no form", EngineFailedError, "no answer"),
    (
        *("answering with what is no JSON", f"os.write({SOCKET}, b'\\0\\0\\0\\3\\xff[}}')", "a reply that is no JSON"),
        *(EngineFailedError, "is no answer"),
    ),
    (
        *("answering with half a message", f"os.write({SOCKET}, b'\\0\\0\\0\\x63half'); time.sleep(600)"),
        *("half a reply, then silence", EngineTimeoutError, "did not answer within"),
    ),
    ("out of memory", MEMORY, "RLIMIT_AS of 1 MB in mid-run", EngineFailedError, "MemoryError"),
]


@pytest.mark.parametrize(
    ("once", "kind", "says"),
    [
        pytest.param(once, kind, says, id=name, marks=fault(f"fastdup's process: {name}", injected=injected))
        for name, once, injected, kind, says in ENGINE_FAULTS
    ],
)
def test_an_engines_process(
    fake: Callable[..., FastdupEngine], temporary: Path, once: str, kind: type[SegDetectError], says: str
) -> None:
    engine = fake(once, seconds_per_run=0.5)
    told(lambda: described(engine), kind, says)
    assert [path for path in temporary.rglob("*.png")] == []
    described(engine)


@fault("fastdup expired", injected="fastdup's own refusal in the midst of use", held="said with its date and remedy")
def test_an_expired_engine(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake(f"pass\nelse:\n    print({FATAL_LINE!r}, flush=True)\n    raise RuntimeError('failed')")
    engine.check()
    for _ in range(2):
        told(lambda: described(engine), EngineExpiredError, "has expired")
        told(engine.check, EngineExpiredError, "has expired")


@fault("fastdup missing", injected="no such package", held="said with its remedy, without an attempt to import it")
def test_a_missing_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "prefix", "/nowhere")
    engine = FastdupEngine()
    told(engine.check, EngineMissingError, "fastdup is not installed")
    told(lambda: described(engine), EngineMissingError, "fastdup is not installed")


@fault("fastdup broken", injected="its import fails", held="said with its remedy")
def test_a_broken_engine(fake: Callable[..., FastdupEngine]) -> None:
    engine = fake(package="raise ImportError('GLIBC_2.31 not found')")
    told(lambda: described(engine), EngineUnavailableError, "does not start: ImportError: GLIBC")


FEATURES = "write_bytes(values.tobytes())"
LIST = 'write_text("\\n".join(lines) + "\\n")'
DAMAGED = [
    ("cut off", FEATURES, "write_bytes(values.tobytes()[:-9])", "incomplete"),
    ("their list not text", LIST, "write_bytes(bytes([255]) * 9)", "damaged"),
    ("their list not there", LIST, "exists()", "left no features: No such file"),
]


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        pytest.param(right, wrong, says, id=name, marks=fault(f"fastdup's features: {name}", injected="in one run"))
        for name, right, wrong, says in DAMAGED
    ],
)
def test_features_that_are_damaged(
    fake: Callable[..., FastdupEngine], tmp_path: Path, right: str, wrong: str, says: str
) -> None:
    assert WORKING.count(right) == 1
    engine = fake(package=WORKING.replace(right, wrong))
    told(lambda: described(engine), EngineFailedError, says)
    engine.close()
    described(fake())


@fault("temporary folder gone", injected="the folder of the run is removed in mid-run")
def test_a_temporary_folder_that_goes(fake: Callable[..., FastdupEngine], temporary: Path) -> None:
    engine = fake("__import__('shutil').rmtree(os.environ['TMPDIR'] + '/..'); return 1")
    told(lambda: described(engine), StorageError, "the folder for temporary files")
    described(engine)
    shutil.rmtree(temporary)
    temporary.mkdir()
    described(engine)


@fault("no process can be started", injected="the system answers EAGAIN to a start")
def test_no_process_for_an_engine(fake: Callable[..., FastdupEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, os.strerror(11))

    engine = fake()
    with monkeypatch.context() as patch:
        patch.setattr("subprocess.Popen", refuse)
        told(lambda: described(engine), EngineFailedError, "cannot be started")
        told(lambda: Decoders(1).run(decode_image, PLAIN, **OPTIONS), UnreadableImageError, "does not start")
    described(engine)


# ---- decoding --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Decoders]:
    """A process in which files may do harm, for a second each."""
    monkeypatch.setattr(isolation, "decoding_seconds", lambda size: 1.0)
    pool = Decoders(1, "tests.support.hostile_decoder")
    yield pool
    pool.close()


def decoded(pool: Decoders, deed: str = "") -> None:
    """A picture is decoded, in which a deed of `hostile_decoder` may be hidden."""
    data = deed.encode() + b" " + PLAIN if deed else PLAIN
    assert pool.run(decode_image, data, **OPTIONS).size_wh == (40, 30)


DECODER_FAULTS = [
    ("crashed", "segfault", "a read of address 0", UnreadableImageError, "broke off abruptly"),
    ("hung in C", "stuck", "an endless loop that no signal handler ends", UnreadableImageError, "took longer than"),
    ("asleep", "asleep", "it sleeps for a minute", UnreadableImageError, "took longer than"),
    ("talking nonsense", "nonsense", "a reply of no form", UnreadableImageError, "broke off abruptly"),
    ("left", "leaving", "it ends by itself", UnreadableImageError, "broke off abruptly"),
    ("greedy", "greedy", "it wants 3 GB", ImageTooLargeError, "more than .* megabytes"),
]


@pytest.mark.parametrize(
    ("deed", "kind", "says"),
    [
        pytest.param(
            *(deed, kind, says),
            id=name,
            # The unit tests of decoding in processes have them, too.
            marks=[pytest.mark.slow, fault(f"decoding process: {name}", injected=injected)],
        )
        for name, deed, injected, kind, says in DECODER_FAULTS
    ],
)
def test_a_decoding_process(pool: Decoders, deed: str, kind: type[SegDetectError], says: str) -> None:
    told(lambda: decoded(pool, deed), kind, says)
    decoded(pool)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        pytest.param(
            signal.SIGKILL,
            "broke off abruptly",
            id="killed",
            marks=fault("decoding process: killed", injected="SIGKILL while it decodes"),
        ),
        pytest.param(
            signal.SIGSTOP,
            "took longer than",
            id="stopped",
            marks=fault("decoding process: stopped", injected="SIGSTOP while it decodes"),
        ),
    ],
)
def test_a_signal_to_a_decoding_process(
    pool: Decoders, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, says: str
) -> None:
    decoded(pool)
    (decoder,) = pool._idle
    send = isolation.send_parcel

    def sent(*arguments: Any) -> None:
        send(*arguments)
        os.kill(decoder.pid, number)

    with monkeypatch.context() as patch:
        patch.setattr(isolation, "send_parcel", sent)
        told(lambda: decoded(pool, "asleep"), UnreadableImageError, says)
    decoded(pool)


@fault("decoding process: no address space", injected="RLIMIT_AS of what it holds already")
def test_a_decoding_process_without_memory(pool: Decoders) -> None:
    decoded(pool)
    (decoder,) = pool._idle
    held = psutil.Process(decoder.pid).memory_info().vms
    resource.prlimit(decoder.pid, resource.RLIMIT_AS, (held, held))
    large = png(np.zeros((900, 900, 3), np.uint8))
    told(lambda: pool.run(decode_image, large, **OPTIONS), SegDetectError, r"a\.png: ")
    assert pool.run(decode_image, large, **OPTIONS).size_wh == (900, 900)
