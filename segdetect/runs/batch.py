"""Many pictures, one after the other in bounded memory; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from segdetect.comparing.banks import batch_bank
from segdetect.comparing.tiled import cut_picture
from segdetect.errors import EngineError, EngineUnavailableError, NothingToScoreError, SegDetectError
from segdetect.inspection import Failure, Inspection
from segdetect.pictures.loading import LoadedImage, load_image
from segdetect.pipeline import Inspector
from segdetect.progress import Progress, no_progress
from segdetect.settings import Scope, Settings

# One fastdup run costs a second whatever it holds, so pictures go in together; these bounds keep memory in check.
CHUNK_PICTURES: Final = 40
CHUNK_PIXELS: Final = 100_000_000


class PictureFile(Protocol):
    """A picture that has not been read yet."""

    @property
    def name(self) -> str:
        """Its name, as shown and exported."""
        ...

    def data(self) -> bytes:
        """Its bytes; raises `SegDetectError` where they cannot be read."""
        ...


F = TypeVar("F", bound=PictureFile)


def load_file(file: PictureFile) -> LoadedImage:
    """Read and decode a picture; raises `SegDetectError` where that fails."""
    return load_image(file.data(), name=file.name)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A picture with its inspection."""

    image: LoadedImage
    inspection: Inspection


def inspect_files(
    inspector: Inspector,
    files: Sequence[F],
    settings: Settings,
    *,
    references: Sequence[LoadedImage] = (),
    load: Callable[[F], LoadedImage] = load_file,
    expand: Callable[[F], Iterable[F]] = lambda file: (file,),
    progress: Progress = no_progress,
) -> Iterator[Answer | Failure]:
    """Inspect pictures in their order, all by the same engine.

    In scope batch they are compared with up to 16 pictures chosen evenly from all of them, so that the time grows with
    the number of pictures and not with its square.

    Args:
        inspector: what inspects.
        files: the pictures.
        settings: what to do with each.
        references: the known-good pictures, for scope references, and those with places that are allowed.
        load: opens a picture, perhaps from a cache; reads and decodes it if left out.
        expand: the pictures that a file stands for, such as its pages, asked for when their turn comes; the file
            itself if left out. What it raises is that file's failure.
        progress: told the share of pictures done.

    Raises:
        EngineUnavailableError: the engine cannot run at all.
    """
    inspector = inspector.settled(settings.engine)
    bank = [image for image in references if image.allowed or settings.scope is Scope.REFERENCES]
    if settings.scope is Scope.BATCH:
        bank += load_bank(files, settings, load, expand)
    share = _Share(progress, total=len(files))
    for chunk in chunks(load_each(_expanded(files, expand, share), settings, load)):
        share.under_way = sum(isinstance(item, LoadedImage) for item in chunk)
        for answer in answers_of(chunk, inspector, settings, bank, share.report):
            share.count_one()
            yield answer


@dataclass(slots=True)
class _Share:
    """How many pictures are done, of files that may turn out to hold several."""

    progress: Progress
    total: int
    done: int = 0
    under_way: int = 0

    def report(self, share: float, doing: str) -> None:
        """Tell how far those are that are under way, all together."""
        self.progress((self.done + share * self.under_way) / max(1, self.total), doing)

    def count_one(self) -> None:
        self.done += 1
        self.progress(self.done / self.total, f"{self.done} of {self.total} pictures")


def _expanded(files: Sequence[F], expand: Callable[[F], Iterable[F]], share: _Share) -> Iterator[F | Failure]:
    for file in files:
        parts = parts_of(file, expand)
        share.total += len(parts) - 1
        yield from parts


def parts_of(file: F, expand: Callable[[F], Iterable[F]]) -> list[F | Failure]:
    """The pictures that a file stands for, or the failure to find out."""
    try:
        return list(expand(file))
    except SegDetectError as error:
        return [Failure(file.name, error)]


def load_bank(
    files: Sequence[F],
    settings: Settings,
    load: Callable[[F], LoadedImage],
    expand: Callable[[F], Iterable[F]],
) -> list[LoadedImage]:
    """The pictures to compare with; those that cannot be read are reported where their turn comes."""
    parts = [part for file in batch_bank(files) for part in parts_of(file, expand)]
    chosen = batch_bank([part for part in parts if not isinstance(part, Failure)])
    return [item for item in load_each(chosen, settings, load) if isinstance(item, LoadedImage)]


def load_each(
    files: Iterable[F | Failure], settings: Settings, load: Callable[[F], LoadedImage]
) -> Iterator[LoadedImage | Failure]:
    """Pictures as they are asked for; those that cannot be read, or cut in this grid, are failures in their place."""
    for file in files:
        if isinstance(file, Failure):
            yield file
            continue
        try:
            image = load(file)
        except SegDetectError as error:
            yield Failure(file.name, error)
            continue
        try:
            cut_picture(image, settings.grid, False, settings.ignore)
        except SegDetectError as error:
            yield Failure(file.name, error, image.sha256)
        else:
            yield image


def chunks(items: Iterable[LoadedImage | Failure]) -> Iterator[list[LoadedImage | Failure]]:
    """Pictures that go in together; no more of them are asked for than a chunk holds."""
    chunk: list[LoadedImage | Failure] = []
    pixels = 0
    for item in items:
        chunk.append(item)
        if isinstance(item, LoadedImage):
            pixels += item.size_wh[0] * item.size_wh[1]
        if len(chunk) >= CHUNK_PICTURES or pixels >= CHUNK_PIXELS:
            yield chunk
            chunk, pixels = [], 0
    if chunk:
        yield chunk


def answers_of(
    chunk: Sequence[LoadedImage | Failure],
    inspector: Inspector,
    settings: Settings,
    bank: Sequence[LoadedImage],
    progress: Progress = no_progress,
) -> Iterator[Answer | Failure]:
    """Inspect a chunk; one result for each of its items, in their order."""
    images = [item for item in chunk if isinstance(item, LoadedImage)]
    answers = iter(_inspect_together(inspector, images, settings, bank, progress))
    for item in chunk:
        yield next(answers) if isinstance(item, LoadedImage) else item


def _inspect_together(
    inspector: Inspector,
    images: Sequence[LoadedImage],
    settings: Settings,
    bank: Sequence[LoadedImage],
    progress: Progress,
) -> list[Answer | Failure]:
    """Inspect together; where that fails, one by one, so that only the picture at fault is lost."""
    if not images:
        return []
    try:
        inspections = inspector.inspect_many(images, settings, bank=bank, progress=progress)
    except EngineUnavailableError:
        raise
    except (EngineError, NothingToScoreError) as error:
        if len(images) == 1:
            return [Failure(images[0].name, error, images[0].sha256)]
        return [r for image in images for r in _inspect_together(inspector, [image], settings, bank, progress)]
    return [Answer(image, inspection) for image, inspection in zip(images, inspections, strict=True)]
