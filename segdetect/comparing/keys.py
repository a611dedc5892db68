"""Under which keys descriptions and comparisons are remembered: equal keys, equal answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segdetect.comparing.banks import Bank
from segdetect.comparing.tiled import Picture
from segdetect.engines.base import Engine

Key = tuple[object, ...]


def embedding_keys(engine: Engine, pictures: Sequence[Picture]) -> list[Key]:
    """Two pictures with equal keys have equal descriptions, in which cells of dense engines may yet be ignored."""
    version = engine.version  # some engines look it up anew each time, which takes as long as deciding does
    keys = [(engine.name, version, picture.turned and engine.dense, *picture.image.key) for picture in pictures]
    if engine.dense:
        return keys
    return [(*key, *p.layout.key, *_ignored(p)) for key, p in zip(keys, pictures, strict=True)]


def comparing_keys(engine: Engine, pictures: Sequence[Picture]) -> list[Key]:
    """Two pictures with equal keys are compared alike."""
    keys = embedding_keys(engine, pictures)
    return [(*key, *_ignored(picture)) for key, picture in zip(keys, pictures, strict=True)]


def cells_key(engine: Engine, picture: Picture, bank: Bank) -> Key:
    """With equal keys, the cells of two pictures have equal scores against the whole of their banks."""
    compared = comparing_keys(engine, [replace(picture, turned=False), *bank.members])
    return (bank.scope, *compared, *_allowed_keys(engine, bank.allowed))


def scored_key(engine: Engine, picture: Picture, bank: Bank) -> Key:
    """With equal keys, two pictures and what is left of their banks have equal scores of tiles."""
    pictures = [picture, *bank.members]
    names = ((one.layout.key, one.image.name) for one in pictures)
    return (bank.of(picture).scope, *comparing_keys(engine, pictures), *names, *_allowed_keys(engine, bank.allowed))


def _allowed_keys(engine: Engine, allowed: Sequence[Picture]) -> list[Key]:
    """Two pictures with equal keys allow the same."""
    keys = comparing_keys(engine, allowed)
    return [("allowed", *key, *picture.image.allowed) for key, picture in zip(keys, allowed, strict=True)]


def _ignored(picture: Picture) -> tuple[str, ...]:
    return () if picture.ignore is None else (picture.ignore.sha256,)
