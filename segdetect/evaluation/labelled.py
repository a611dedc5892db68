"""Pictures with their ground truth, and the data sets that they make up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from segdetect.errors import DatasetError, SegDetectError
from segdetect.evaluation.masks import fitted, header_size, read_mask, scale_between
from segdetect.evaluation.search import Masks, inside_roots
from segdetect.evaluation.shapes import Shapes, union
from segdetect.message import Message
from segdetect.pictures.left_out import LeftOut
from segdetect.pictures.masks import NEARLY_ALL, Marked, Mask, Polarity
from segdetect.storage.roots import Roots

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture with its ground truth.

    Args:
        name: its path below the dataset (below `images/` where there is one), with forward slashes.
        path: the file.
        masks: the files that mark its defects, which count together; none for a clean picture.
        category: what it shows.
        dataset: where it comes from; may be empty.
        kind: `texture`, `object` or another word of the manifest; may be empty.
        defect: what is wrong with it; `good` for a clean picture.
        within: the folders that its files must lie in, links followed, whenever they are read; None for any.
        shapes: what marks its defects beside files.
        polarity: which pixels of the masks are defects.
        problem: why nobody can tell whether it has a defect, or where, or that its file is missing; None where picture
            and ground truth are as they should be.
    """

    name: str
    path: Path
    masks: tuple[Path, ...]
    category: str
    dataset: str = ""
    kind: str = ""
    defect: str = ""
    within: Roots | None = None
    shapes: Shapes | None = None
    polarity: Polarity = Polarity.ASK
    problem: DatasetError | None = None

    @property
    def is_clean(self) -> bool:
        """Whether it is known to have no defect."""
        return not self.masks and self.shapes is None and self.problem is None

    def with_masks(self, masks: Masks, place: Path) -> LabelledPicture:
        """Itself with the masks of a place, if any, or with the problem of there being two for it."""
        try:
            return replace(self, masks=masks.take(place, name=self.name))
        except DatasetError as error:
            return replace(self, problem=error)

    def with_problem(self, problem: str, remedy: str) -> LabelledPicture:
        """Itself with a reason why its ground truth is not known."""
        return replace(self, problem=DatasetError(problem, remedy=remedy, file=self.name))

    def data(self) -> bytes:
        """The file's bytes.

        Raises:
            DatasetError: it cannot be read, or lies elsewhere than it may.
        """
        return self._from_file(Path.read_bytes)

    def stamp(self) -> tuple[int, int]:
        """When the file was last changed, in nanoseconds, and its size in bytes; raises what `data` does."""
        found = self._from_file(Path.stat)
        return found.st_mtime_ns, found.st_size

    def _from_file(self, read: Callable[[Path], T]) -> T:
        try:
            return read(inside_roots(self.path, self.within, name=self.name))
        except OSError as error:
            # What names a missing file says more than the system does.
            raise self.problem or DatasetError(f"it cannot be read ({error.strerror})", file=self.name) from error

    def mask(self, size_wh: tuple[int, int] | None = None) -> Mask | None:
        """`(height, width)` bool, True on defects; None for a clean picture. Otherwise as `truth`."""
        truth = self.truth(size_wh)
        return None if truth is None else truth.pixels

    def truth(self, size_wh: tuple[int, int] | None = None) -> Marked | None:
        """What is known to be defective, and what was assumed about it; None for a clean picture.

        Args:
            size_wh: of the picture, which it is scaled to by a whole factor; None for the mask's own size.

        Raises:
            DatasetError: there is a `problem`, or a mask cannot be read, lies elsewhere than it may, does not fit the
                size or another mask, or marks nearly everything while nobody has said which of its pixels are defects.
        """
        if self.problem is not None:
            raise self.problem
        if self.is_clean:
            return None
        whole = self._whole(size_wh)
        share = float(whole.pixels.mean())
        if self.polarity is Polarity.ASK and share > NEARLY_ALL:
            raise self._question(share)
        return whole

    def _whole(self, size_wh: tuple[int, int] | None) -> Marked:
        parts = self._parts(size_wh)
        return union([fitted(part, parts[0].size_wh, name=self.name) for part in parts])

    def _parts(self, size_wh: tuple[int, int] | None) -> list[Marked]:
        found = []
        for path in self.masks:
            part = read_mask(inside_roots(path, self.within, name=self.name), name=self.name)
            found.append(Marked(~part.pixels, part.notes) if self.polarity is Polarity.BACKGROUND else part)
        if self.shapes is not None:
            if size_wh is not None:
                scale_between(self.shapes.size_wh, size_wh, name=self.name)
            found.append(self.shapes.marked(name=self.name))
        return found if size_wh is None else [fitted(part, size_wh, name=self.name) for part in found]

    def _question(self, share: float) -> DatasetError:
        problem = Message("its mask marks {share:.0f} % of the picture as defective", share=100 * share)
        return DatasetError(
            problem,
            remedy="Say what is defective: what the masks mark (--masks marked) or their background (--masks "
            "background); on the page, choose it under Defects in masks",
            file=self.name,
        )

    def check_polarity(self) -> None:
        """Raise what `truth` does where it marks nearly everything, and nothing where it cannot be read."""
        try:
            share = float(replace(self, polarity=Polarity.MARKED)._whole(None).pixels.mean())
        except SegDetectError:
            return
        if self.polarity is Polarity.ASK and share > NEARLY_ALL:
            raise self._question(share)

    def sized(self) -> LabelledPicture:
        """Itself, with the problem named where the headers of its files say that a mask does not fit it."""
        size = None if self.is_clean or self.problem is not None else header_size(self.path)
        if size is None:
            return self
        sizes = [header_size(mask) for mask in self.masks] + [self.shapes.size_wh if self.shapes else None]
        try:
            for mask_size in sizes:
                if mask_size is not None:
                    scale_between(mask_size, size, name=self.name)
        except DatasetError as error:
            return replace(self, problem=error)
        return self


@dataclass(frozen=True, slots=True)
class Category:
    """Pictures of one kind of thing.

    Args:
        name: what they show.
        pictures: the pictures to evaluate, at least one.
        references: known-good pictures to compare with. Where the layout has none apart, the clean ones among the
            pictures; a picture is never its own reference, so those must be left out one at a time.
    """

    name: str
    pictures: tuple[LabelledPicture, ...]
    references: tuple[LabelledPicture, ...] = ()

    @property
    def dataset(self) -> str:
        """Where the pictures come from; may be empty."""
        return self.pictures[0].dataset

    @property
    def kind(self) -> str:
        """`texture`, `object` or another word; may be empty."""
        return self.pictures[0].kind


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything that one evaluation runs on.

    Args:
        name: the folder's name.
        categories: at least one.
        left_out: what its folders hold that is no picture or mask of it.
        notes: what was assumed when it was read.
    """

    name: str
    categories: tuple[Category, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def pictures(self) -> list[LabelledPicture]:
        """All pictures to evaluate, category by category."""
        return [picture for category in self.categories for picture in category.pictures]


def clean_ones(pictures: Sequence[LabelledPicture]) -> tuple[LabelledPicture, ...]:
    """Those known to have no defect."""
    return tuple(picture for picture in pictures if picture.is_clean)


def grouped(pictures: Sequence[LabelledPicture]) -> list[Category]:
    """Categories of pictures that name theirs, each with its clean pictures as references."""
    groups: dict[tuple[str, str, str], list[LabelledPicture]] = {}
    for picture in pictures:
        groups.setdefault((picture.dataset, picture.category, picture.kind), []).append(picture)
    return [Category(key[1], tuple(group), clean_ones(group)) for key, group in sorted(groups.items())]
