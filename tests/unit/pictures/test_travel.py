"""What comes from another process is checked: nothing of it is run, and nothing is taken for what it is not."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segdetect.errors import DatasetError, ImageTooLargeError, InputError, SegDetectError, UnreadableImageError
from segdetect.message import Message, packed, unpacked
from segdetect.pictures import parcels
from segdetect.pictures.image import LoadedImage
from segdetect.pictures.parcels import Parcel, receive_parcel, send_parcel
from segdetect.pictures.travel import packed_answer, packed_error, unpacked_answer

PICTURE = LoadedImage(
    "a.png", "0", np.zeros((2, 3, 3), np.uint8), ("Turned.",), window=(1.5, 2.0), valid=np.eye(2, 3, dtype=np.bool_)
)


def told(**changes: Any) -> Parcel:
    """The picture with other facts."""
    head, blocks = packed_answer(PICTURE)
    return Parcel({"answer": {**head["answer"], **changes}}, blocks)


def opened(parcel: Parcel, kind: object = LoadedImage) -> Any:
    """What a receiver makes of it."""
    blocks = {name: bytes(block) for name, block in parcel.blocks.items()}
    return unpacked_answer(Parcel(json.loads(json.dumps(parcel.head)), blocks), kind, name="b.png")


def test_a_picture_comes_as_it_was() -> None:
    image = opened(packed_answer(PICTURE))
    assert isinstance(image, LoadedImage)
    for field in fields(image):
        value, before = getattr(image, field.name), getattr(PICTURE, field.name)
        if isinstance(before, np.ndarray):
            assert value.dtype == before.dtype
            np.testing.assert_array_equal(value, before)
            assert not value.flags.writeable
        else:
            assert value == before


@pytest.mark.parametrize(("answer", "kind"), [(3, int), ("a", str), ((1, "b"), tuple[int, str])])
def test_other_answers_have_the_type_that_was_announced(answer: object, kind: object) -> None:
    assert opened(packed_answer(answer), kind) == answer
    with pytest.raises(ValueError, match="another kind"):
        opened(packed_answer(answer), float | None if answer == "a" else str)


MESSAGE = Message(
    "{count} of {inner} on {day}: {share:.1%}", count=3, inner=Message("{x:g}", x=1.0), day=date(2026, 1, 2), share=0.5
)


def test_texts_keep_their_numbers() -> None:
    text = unpacked(json.loads(json.dumps(packed(MESSAGE))))
    assert isinstance(text, Message)
    assert (text, text.template, text.values) == (MESSAGE, MESSAGE.template, MESSAGE.values)
    assert isinstance(text.values["inner"], Message)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnreadableImageError(MESSAGE, remedy="Look"), UnreadableImageError),
        (ImageTooLargeError("large"), ImageTooLargeError),
        (type("NewError", (InputError,), {})("new"), InputError),
        (DatasetError("of another room"), SegDetectError),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_error_comes_as_its_kind(error: SegDetectError, kind: type[SegDetectError]) -> None:
    found = opened(packed_error(error))
    assert type(found) is kind
    assert (found.problem, found.remedy, found.file) == (error.problem, error.remedy, "b.png")


@pytest.mark.parametrize(
    "template",
    ["{a.__class__}", "{a.__new__.__globals__}", "{a[0]}", "{a!r}", "{a:999999999}", "{a:{b}}", "{c}", "{}", "{"],
)
def test_a_template_asks_for_values_and_nothing_else(template: str) -> None:
    inner = {"template": "x", "values": {}}
    with pytest.raises(ValueError, match=r".+"):
        unpacked({"template": template, "values": {"a": inner, "b": 1}})


@pytest.mark.parametrize(
    "parcel",
    [
        told(pages="3"),
        told(page=True),
        told(window=[1.0]),
        told(window="ab"),
        told(notes=[3]),
        told(notes="Turned."),
        told(pixels=None),
        told(pixels={"dtype": "|u1", "shape": [3, 3, 3]}),
        told(pixels={"dtype": "|u1", "shape": [2, 9]}),
        Parcel({"answer": {}}, {}),
        told(valid={"dtype": "|b1", "shape": [3, 2]}),
        told(valid={"dtype": "|u1", "shape": [2, 3]}),
        told(curved=0),
        told(pixels={"dtype": "|i1", "shape": [2, 3, 3]}),
        told(pixels={"dtype": "O", "shape": [2, 3, 3]}),
        told(pixels={"dtype": "nonsense", "shape": [2, 3, 3]}),
        told(unknown=1),
        Parcel({}, {}),
        Parcel({"answer": []}, {}),
        Parcel({"error": {"kind": "SystemExit", "problem": "", "remedy": ""}}, {}),
        Parcel({"error": {"kind": "InputError", "problem": 1, "remedy": ""}}, {}),
    ],
)
def test_what_is_no_picture_is_refused(parcel: Parcel) -> None:
    with pytest.raises(ValueError, match=r".+"):
        opened(parcel)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        other.settimeout(0.1)
        yield one, other


def test_a_parcel_arrives_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    array = np.arange(6, dtype=np.uint16).reshape(2, 3)
    send_parcel(ends[0], Parcel({"x": ["\udc80"]}, {"first": b"one", "none": b"", "second": array.data}))
    parcel = receive_parcel(ends[1], most=100)
    assert parcel == Parcel({"x": ["\udc80"]}, {"first": b"one", "none": b"", "second": array.tobytes()})


def test_where_there_are_no_memory_files_a_file_without_a_name_serves(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "memfd_create", refuse)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    send_parcel(ends[0], Parcel({}, {"block": b"abc"}))
    assert receive_parcel(ends[1], most=100) == Parcel({}, {"block": b"abc"})
    assert list(tmp_path.iterdir()) == []


def test_a_large_parcel_that_nobody_can_change_is_not_copied(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcels, "_MAPPED_BYTES", 100)
    content = label({}, {"block": 200}) + bytes(200)
    for seals, kind in ((0, bytes), (fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW, bytes), (parcels._SEALS, memoryview)):
        file = os.memfd_create("test", os.MFD_ALLOW_SEALING)
        os.write(file, content)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
        socket.send_fds(ends[0], [b"p"], [file])
        os.close(file)
        parcel = receive_parcel(ends[1], most=1000)
        assert parcel is not None
        assert isinstance(parcel.blocks["block"], kind)
        assert bytes(parcel.blocks["block"]) == bytes(200)


def test_nothing_comes_in_time_or_ever(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(TimeoutError):
        receive_parcel(ends[1], most=100)
    ends[0].close()
    assert receive_parcel(ends[1], most=100) is None


def label(head: object, sizes: object) -> bytes:
    text = json.dumps({"head": head, "blocks": sizes}).encode()
    return len(text).to_bytes(8, "big") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\xff" * 8,
        (3).to_bytes(8, "big") + b"{",
        (2).to_bytes(8, "big") + b"[]",
        (4).to_bytes(8, "big") + b"\xff\xfe\xfd\xfc",
        label([1], {}),
        label({}, []),
        label({}, {"a": "x"}),
        label({}, {"a": 3}) + b"ab",
        label({}, {"a": 3}) + b"abcd",
        label({}, {"a": -1, "b": 4}) + b"abc",
        label({}, {"a": 2_000_000}) + bytes(2_000_000),
    ],
)
def test_what_is_no_parcel_is_refused(content: bytes, ends: tuple[socket.socket, socket.socket]) -> None:
    file = os.memfd_create("test")
    os.write(file, content)
    socket.send_fds(ends[0], [b"p"], [file])
    os.close(file)
    with pytest.raises(ValueError, match=r".+"):
        receive_parcel(ends[1], most=100)


def test_a_pipe_is_not_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    reading, writing = os.pipe()
    socket.send_fds(ends[0], [b"p"], [reading])
    with pytest.raises(ValueError, match="no file"):
        receive_parcel(ends[1], most=100)
    os.close(reading)
    os.close(writing)
