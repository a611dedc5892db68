"""Answers and errors as plain values and bytes, for another process, and back, where nothing is taken on trust."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from segdetect.errors import ImageTooLargeError, InputError, SegDetectError, SettingsError, UnreadableImageError
from segdetect.message import packed, unpacked
from segdetect.pictures.parcels import Block, Parcel

_ERRORS: Final[dict[str, type[SegDetectError]]] = {
    kind.__name__: kind
    for kind in (SegDetectError, InputError, UnreadableImageError, ImageTooLargeError, SettingsError)
}


def packed_answer(answer: Any) -> Parcel:
    """A text, number or tuple of them, or a frozen dataclass that has such fields and arrays."""
    if not is_dataclass(answer):
        return Parcel({"answer": packed(answer)}, {})
    told: dict[str, Any] = {}
    blocks: dict[str, Block] = {}
    for field in fields(answer):
        value = getattr(answer, field.name)
        if isinstance(value, np.ndarray):
            told[field.name] = {"dtype": value.dtype.str, "shape": value.shape}
            blocks[field.name] = np.ascontiguousarray(value).data
        else:
            told[field.name] = packed(value)
    return Parcel({"answer": told}, blocks)


def packed_error(error: SegDetectError) -> Parcel:
    """What an error says, but for the file's name, which its receiver knows."""
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _ERRORS)
    told = {"kind": kind, "problem": packed(error.problem), "remedy": packed(error.remedy)}
    return Parcel({"error": told}, {})


def unpacked_answer(parcel: Parcel, kind: Any, *, name: str) -> Any:
    """The answer in a parcel, or the error.

    Args:
        parcel: from another process.
        kind: the type that the answer must have, as annotations tell it.
        name: the file's name, for the error.

    Raises:
        ValueError: it holds neither, or something of another type.
    """
    try:
        if "error" in parcel.head:
            return _error(parcel.head["error"], name)
        answer = _made(parcel, kind) if is_dataclass(kind) else unpacked(parcel.head["answer"])
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("it is neither an answer nor an error") from error
    if not _fits(answer, kind):
        raise ValueError("it is an answer of another kind")
    return answer


def _error(told: Mapping[str, Any], name: str) -> SegDetectError:
    problem, remedy = unpacked(told["problem"]), unpacked(told["remedy"])
    if not isinstance(problem, str) or not isinstance(remedy, str):
        raise ValueError("it is an error without words")
    return _ERRORS[told["kind"]](problem, remedy=remedy, file=name)


def _value(field: str, told: Any, parcel: Parcel) -> Any:
    if field not in parcel.blocks:
        return unpacked(told)
    dtype = np.dtype(str(told["dtype"]))
    if dtype.hasobject:
        raise ValueError("its values are objects")
    return np.frombuffer(parcel.blocks[field], dtype).reshape([int(side) for side in told["shape"]])


def _made(parcel: Parcel, kind: Any) -> Any:
    values = {field: _value(field, told, parcel) for field, told in parcel.head["answer"].items()}
    wrong = [field for field, hint in get_type_hints(kind).items() if not _fits(values[field], hint)]
    if wrong:
        raise ValueError(f"it is of another kind: {', '.join(wrong)}")
    return kind(**values)


def _fits(value: object, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, kind) for kind in inner)
    if (kind := _number_kind(hint)) is not None:
        return isinstance(value, np.ndarray) and value.dtype == kind
    if origin is not tuple:
        return isinstance(value, (int, float) if hint is float else hint) and isinstance(value, bool) == (hint is bool)
    if not isinstance(value, tuple):
        return False
    kinds = inner[:1] * len(value) if inner[1:] == (...,) else inner
    return len(value) == len(kinds) and all(map(_fits, value, kinds))


def _number_kind(hint: Any) -> Any:
    """Of what numbers an annotation says that an array is; None for one of something else."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is np.ndarray:
        return get_args(inner[1])[0]
    # From numpy 2.5 on this is a name of its own, and no longer the array that it stands for.
    return inner[0] if origin is npt.NDArray else None
