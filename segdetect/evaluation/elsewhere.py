"""The pictures of a data set inspected in a room of workers, with the answers that this process would give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from segdetect.errors import SegDetectError
from segdetect.evaluation.labelled import Category, LabelledPicture
from segdetect.inspection import Failure, Inspection
from segdetect.pictures.image import LoadedImage
from segdetect.pictures.places import Place
from segdetect.pictures.source_file import SourceFile
from segdetect.pipeline import Inspector
from segdetect.progress import Progress
from segdetect.runs.batch import Answer, load_file
from segdetect.runs.rooms import Room
from segdetect.runs.run import Work, inspect_run
from segdetect.settings import Scope, Settings


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Workers that inspect the pictures of a data set.

    Args:
        room: where they are.
        references: the files of those that are used in place of the data set's own, if any are.
    """

    room: Room
    references: Sequence[SourceFile] = ()

    def answers(
        self,
        inspector: Inspector,
        category: Category,
        settings: Settings,
        references: Sequence[LoadedImage],
        progress: Progress,
    ) -> Iterator[Answer | Failure]:
        """Inspect a category's pictures, in their order.

        Args:
            inspector: chooses the engine.
            category: with the pictures.
            settings: what to do with each.
            references: those that were chosen, for scope references.
            progress: told the share of files done; may raise `CancelledError`.

        Raises:
            EngineUnavailableError: the engine cannot run.
            ClusterError: the room is lost.
        """
        files = [_file(labelled) for labelled in category.pictures]
        bank = self._good_files(category, references) if settings.scope is Scope.REFERENCES else []
        allowed = [file for file in self.references if file.allowed]
        work = Work.by(inspector, files, settings, references=[*bank, *allowed])
        for part in inspect_run(work, self.room, progress=progress):
            for finished in part:
                yield _answer(category.pictures[finished.file], finished.result)

    def _good_files(self, category: Category, references: Sequence[LoadedImage]) -> list[SourceFile]:
        named = {labelled.name: labelled for labelled in category.references}
        good = [file for file in self.references if not file.allowed]
        chosen = [image for image in references if not image.allowed]
        return good or [replace(_file(named[image.name]), sha256=image.sha256) for image in chosen]


def _file(labelled: LabelledPicture) -> SourceFile:
    # Named by itself, so that of several pages the first is taken under its own name.
    place = Place(str(labelled.path.absolute())) if labelled.within is None else None
    return SourceFile(labelled.name, labelled.data, named=True, place=place)


def _answer(labelled: LabelledPicture, result: Inspection | Failure | None) -> Answer | Failure:
    """The answer with its picture, which masks are compared with and which is drawn."""
    if not isinstance(result, Inspection):
        assert result is not None
        return result
    try:
        return Answer(load_file(labelled), result)
    except SegDetectError as error:
        return Failure(labelled.name, error, result.sha256)
