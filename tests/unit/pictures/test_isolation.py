"""Decoding in other processes: the same pictures and errors, whatever a decoder does, and nothing is left behind."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdetect.child import ChildProcess
from segdetect.errors import ImageTooLargeError, SegDetectError, UnreadableImageError
from segdetect.message import Message
from segdetect.pictures import isolation
from segdetect.pictures.image import LoadedImage
from segdetect.pictures.isolation import Decoder, Decoders, isolates
from segdetect.pictures.loading import decode_image, load_image
from segdetect.pictures.paging import count_pages
from tests.support.bombs import CRASHING_LZW
from tests.support.picture_files import dicom
from tests.support.pictures import png, tiff, weave
from tests.support.processes import lives, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

PROJECT = Path(__file__).parents[3]
PLAIN = png(weave((40, 30)))
DEEP = tiff(np.arange(1200, dtype=np.uint16).reshape(30, 40), np.full((5, 7), 9, np.uint16))
OPTIONS: dict[str, Any] = {"name": "a.png", "sha256": "0", "page": 0, "window": None, "max_pixels": 10**6}


@pytest.fixture
def pool() -> Iterator[Decoders]:
    """Processes in which files may do harm."""
    pool = Decoders(2, "tests.support.hostile_decoder")
    yield pool
    pool.close()


def pids(pool: Decoders) -> list[int]:
    return [decoder.pid for decoder in pool._idle]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture may take a second."""
    monkeypatch.setattr(isolation, "decoding_seconds", lambda size: 1.0)


def either_way(data: bytes, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[LoadedImage | SegDetectError]:
    answers: list[LoadedImage | SegDetectError] = []
    for value in ("1", "0"):
        monkeypatch.setenv(isolation.ISOLATE_VARIABLE, value)
        try:
            answers.append(load_image(data, name="na\udc80me.x", **options))
        except SegDetectError as error:
            answers.append(error)
    return answers


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (PLAIN, {}),
        (DEEP, {}),
        (DEEP, {"window": (np.float64(20), 1000.5)}),
        (DEEP, {"page": 1}),
    ],
    ids=["PNG", "16-bit TIFF", "in a window", "second page"],
)
def test_pictures_are_the_same(data: bytes, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    apart, within = either_way(data, monkeypatch, **options)
    assert isinstance(apart, LoadedImage)
    assert isinstance(within, LoadedImage)
    for field in LoadedImage.__dataclass_fields__:
        one, other = getattr(apart, field), getattr(within, field)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
            assert not one.flags.writeable
        else:
            assert one == other
            assert type(one) is type(other)
    for one, other in zip(apart.notes, within.notes, strict=True):
        assert type(one) is type(other)
        if isinstance(one, Message) and isinstance(other, Message):
            assert (one.template, one.values) == (other.template, other.values)


@pytest.mark.parametrize(
    ("data", "options"),
    [(b"", {}), (b"hello there", {}), (PLAIN[:-30], {}), (PLAIN, {"max_pixels": 100}), (DEEP, {"page": 2})],
    ids=["empty", "text", "cut off", "too large", "no such page"],
)
def test_errors_are_the_same(data: bytes, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    apart, within = either_way(data, monkeypatch, **options)
    assert isinstance(apart, SegDetectError)
    assert isinstance(within, SegDetectError)
    assert type(apart) is type(within)
    assert (apart.problem, apart.remedy, apart.file) == (within.problem, within.remedy, within.file)
    assert apart.message.written(lambda number, form: "#", str) == within.message.written(lambda number, form: "#", str)


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("segfault", "reading it broke off abruptly"),
        ("leaving", "reading it broke off abruptly"),
        ("stuck", "it took longer than 1 seconds to decode"),
        ("asleep", "it took longer than 1 seconds to decode"),
        ("hidden", "reading it broke off abruptly"),
        ("nonsense", "reading it broke off abruptly"),
    ],
)
def test_a_decoder_that_misbehaves_costs_its_own_picture_only(
    deed: str, words: str, pool: Decoders, at_once: None
) -> None:
    pool.run(decode_image, PLAIN, **OPTIONS)
    (before,) = pids(pool)
    with pytest.raises(UnreadableImageError) as caught:
        pool.run(decode_image, deed.encode() + b" " + PLAIN, **OPTIONS)
    assert str(caught.value).startswith(f"a.png: {words}")
    assert not lives(before)
    assert pool.run(decode_image, PLAIN, **OPTIONS).size_wh == (40, 30)
    assert pids(pool) != [before]


@pytest.mark.slow
def test_a_real_decoder_that_crashes_is_survived(pool: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    exit_code = ChildProcess.exit_code
    monkeypatch.setattr(ChildProcess, "exit_code", lambda child: codes.append(exit_code(child)) or codes[-1])
    # What nobody has written is then no zero, as in a process that has run for long.
    environment = {**isolation._environment(), "MALLOC_PERTURB_": "165"}
    monkeypatch.setattr(isolation, "_environment", lambda: environment)
    for data in CRASHING_LZW:
        with pytest.raises(UnreadableImageError, match=r"a\.png: (it is damaged|reading it broke off abruptly)"):
            pool.run(decode_image, b"unguarded " + data, **OPTIONS | {"max_pixels": 10**7})
    if not codes and version("imagecodecs") > "2026":
        pytest.skip("this decoder does not crash any more")
    assert codes
    assert set(codes) <= {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS}
    assert pool.run(decode_image, PLAIN, **OPTIONS).size_wh == (40, 30)


def test_more_memory_than_the_limit_is_refused(pool: Decoders) -> None:
    with pytest.raises(ImageTooLargeError, match=r"a\.png: it needs more than 1160 megabytes of memory to decode\. Sc"):
        pool.run(decode_image, b"greedy " + PLAIN, **OPTIONS)
    assert pool.run(decode_image, PLAIN, **OPTIONS).size_wh == (40, 30)


def test_one_that_ended_between_two_pictures_is_replaced(pool: Decoders) -> None:
    pool.run(decode_image, PLAIN, **OPTIONS)
    (before,) = pids(pool)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not lives(before))
    assert pool.run(decode_image, PLAIN, **OPTIONS).size_wh == (40, 30)
    assert pids(pool) != [before]


def test_what_interrupts_the_wait_ends_the_process(pool: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer would else be taken for that to the next picture."""
    pool.run(decode_image, PLAIN, **OPTIONS)
    (before,) = pids(pool)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(isolation, "receive_parcel", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pool.run(decode_image, PLAIN, **OPTIONS)
    assert not lives(before)
    assert pool.run(decode_image, PLAIN, **OPTIONS).size_wh == (40, 30)


def test_threads_share_a_few_processes_and_each_gets_its_own_picture(pool: Decoders) -> None:
    wrong: list[str] = []

    def work(width: int) -> None:
        for _ in range(10):
            found = pool.run(decode_image, png(np.full((8, width, 3), width, np.uint8)), **OPTIONS)
            if found.size_wh != (width, 8) or not (found.pixels == width).all():
                wrong.append(f"{width}: {found.size_wh}")

    threads = [threading.Thread(target=work, args=(width,)) for width in range(20, 26)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(pids(pool)) == 2


def test_a_process_that_does_not_start_says_so_and_what_to_do() -> None:
    with pytest.raises(
        UnreadableImageError, match=r"a\.png: .* does not start \(exit code 1\)\. .*SEGDETECT_ISOLATE=0"
    ):
        Decoders(1, "segdetect.no_such_module").run(decode_image, PLAIN, **OPTIONS)


def test_it_gets_nothing_of_this_programs_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    decoder = Decoder()
    decoder.run(decode_image, PLAIN, **OPTIONS)
    process = Path(f"/proc/{decoder.pid}")
    environment = process.joinpath("environ").read_bytes()

    def files() -> set[str]:
        return {link.readlink().name.split(":")[0] for link in process.joinpath("fd").iterdir()}

    wait_until(lambda: files() == {"null", "socket"})  # its answer may be open for a moment
    decoder.close()
    assert b"SECRET" not in environment
    assert b"HOME=" not in environment


def test_pages_of_kinds_that_libraries_read_are_counted_apart(isolated: None, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dicom(np.zeros((3, 4, 5), np.uint8))
    asked: list[str] = []

    def run(function: Any, data: bytes, **options: Any) -> Any:
        asked.append(function.__name__)
        return isolation.decoders().run(function, data, **options)

    monkeypatch.setattr("segdetect.pictures.paging.apart", run)
    assert count_pages(data) == 3
    assert count_pages(data[:150]) == 1
    assert count_pages(PLAIN) == 1
    assert asked == ["count_by_library"] * 2


def test_what_identifies_a_picture_is_not_taken_from_another_process(
    pool: Decoders, isolated: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the key under which pictures are kept."""
    monkeypatch.setattr(isolation, "decoders", lambda: pool)
    image = load_image(b"impostor " + PLAIN, name="a.png")
    assert (image.name, image.sha256) == ("a.png", hashlib.sha256(b"impostor " + PLAIN).hexdigest())


@pytest.mark.parametrize("value", ["1", "", "yes"])
def test_only_zero_turns_it_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(isolation.ISOLATE_VARIABLE, value)
    assert isolates()
    monkeypatch.setenv(isolation.ISOLATE_VARIABLE, "0")
    assert not isolates()


def test_standard_streams_may_be_closed() -> None:
    """Their numbers go to whatever is opened next."""
    program = f"""
        import sys
        sys.path.insert(0, {str(PROJECT)!r})
        from segdetect.pictures.loading import load_image
        from tests.support.pictures import png, weave
        sys.exit(load_image(png(weave((40, 30))), name="a.png").size_wh != (40, 30))
    """
    environment = {name: value for name, value in os.environ.items() if name != isolation.ISOLATE_VARIABLE}
    command = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, textwrap.dedent(program)]
    assert subprocess.run(command, check=False, env=environment).returncode == 0


# The parent asks, then is killed: while its decoder waits, or is stuck in the middle of a picture.
PARENT = """
    import os, sys, threading, time
    sys.path.insert(0, {project!r})
    from segdetect.pictures import isolation
    from segdetect.pictures.loading import decode_image
    from tests.support.pictures import png, weave
    isolation.decoding_seconds = lambda size: 1.0 if {deed!r} else 10.0
    options = dict(name="a.png", sha256="0", page=0, window=None, max_pixels=10**6)
    decoder = isolation.Decoder("tests.support.hostile_decoder")
    decoder.run(decode_image, png(weave((40, 30))), **options)
    copy = os.fork()  # which holds the parent's end of the socket
    if copy:
        print(decoder.pid, copy, flush=True)
        if {deed!r}:
            threading.Timer(0.3, os.kill, (os.getpid(), 9)).start()
            decoder.run(decode_image, {deed!r} + b" " + png(weave((40, 30))), **options)
    time.sleep(60)
"""


@pytest.mark.parametrize("deed", [b"", b"stuck"], ids=["waiting", "stuck"])
def test_it_ends_with_its_parent_though_a_copy_holds_the_socket(deed: bytes) -> None:
    program = textwrap.dedent(PARENT).format(project=str(PROJECT), deed=deed)
    before = set(Path("/dev/shm").iterdir())
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    decoder, copy = map(int, parent.stdout.readline().split())
    try:
        if not deed:
            parent.kill()
        parent.wait(20)
        wait_until(lambda: not lives(decoder))
        assert lives(copy)
    finally:
        parent.stdout.close()
        os.kill(copy, signal.SIGKILL)
    assert set(Path("/dev/shm").iterdir()) <= before


def test_a_program_that_ends_says_nothing_and_leaves_nothing() -> None:
    """No remarks of a resource tracker, no process."""
    program = f"""
        import sys
        sys.path.insert(0, {str(PROJECT)!r})
        from segdetect.pictures import isolation
        from segdetect.pictures.loading import load_image
        from tests.support.pictures import png, weave
        load_image(png(weave((40, 30))), name="a.png")
        print(isolation.decoders()._idle[0].pid)
    """
    environment = {name: value for name, value in os.environ.items() if name != isolation.ISOLATE_VARIABLE}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stderr == ""
    assert not lives(int(done.stdout))


def test_a_forked_copy_of_the_program_has_processes_of_its_own(isolated: None) -> None:
    load_image(PLAIN, name="a.png")
    mine = pids(isolation.decoders())
    copy = os.fork()
    if copy == 0:
        well = load_image(PLAIN, name="a.png").size_wh == (40, 30) and not set(mine) & set(pids(isolation.decoders()))
        isolation.decoders().close()
        os._exit(0 if well else 1)
    assert os.waitpid(copy, 0)[1] == 0
    assert all(map(lives, mine))
    assert load_image(PLAIN, name="a.png").size_wh == (40, 30)
