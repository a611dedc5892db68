"""Banks: the pictures that others are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from segdetect.comparing.tiled import Picture, cut_as
from segdetect.pictures.loading import LoadedImage
from segdetect.settings import Scope, Settings

# Mutual scoring keeps the lowest 30 % of the distances: of so many pictures that is five.
MAX_BATCH_BANK: Final = 16
# Few references show a part in few positions; they are then also seen turned, once each. Many show it as it comes.
MAX_TURNED_REFERENCES: Final = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """What pictures are compared with.

    Args:
        scope: which pictures these are.
        members: the pictures; none in scope self.
        allowed: the pictures that are there for what is allowed in them, in every scope.
    """

    scope: Scope
    members: Sequence[Picture]
    allowed: Sequence[Picture] = ()

    def of(self, picture: Picture) -> Bank:
        """What is left of it for a picture: the members other than itself, or itself alone where there is none."""
        others = without(picture, self.members)
        return Bank(self.scope if others else Scope.SELF, others, self.allowed)

    @property
    def pictures(self) -> list[Picture]:
        """All that is to be described of it."""
        return [*self.members, *self.allowed]


def cut_bank(images: Sequence[LoadedImage], settings: Settings) -> Bank:
    """The bank that pictures make as settings have them cut; raises what `cut_picture` does."""
    allowed = [cut_as(image, settings) for image in images if image.allowed]
    if settings.scope is Scope.SELF:
        return Bank(Scope.SELF, (), allowed)
    pictures = [cut_as(image, settings) for image in images if not image.allowed]
    turned = settings.scope is Scope.REFERENCES and len(pictures) <= MAX_TURNED_REFERENCES
    return Bank(settings.scope, [replace(picture, turned=turned) for picture in pictures], allowed)


def without(picture: Picture, pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures other than this one; another page of its file is another picture."""
    return [other for other in pictures if other.image.identity != picture.image.identity]


def batch_bank(images: Sequence[T]) -> list[T]:
    """The pictures of a batch that the others are compared with: all, or evenly chosen ones of many.

    >>> batch_bank([])
    []
    """
    step = max(1.0, len(images) / MAX_BATCH_BANK)
    return [images[int(i * step)] for i in range(min(len(images), MAX_BATCH_BANK))]
