"""The pictures that a plan holds, for a page."""

from __future__ import annotations

from collections.abc import Sequence

from segdetect.errors import StorageError
from segdetect.pictures.loading import LoadedImage
from segdetect.pictures.source_file import SourceFile, load_source
from segdetect.settings import Settings
from segdetect.storage.plans.plan import Plan
from segdetect.storage.plans.plans import Plans
from segdetect.ui.shared.file_pages import FilePage, count_of
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import Upload


def good_pages(plan: Plan) -> list[FilePage]:
    """The known-good pictures of a plan; raises `StorageError` where one cannot be read."""
    return pages_among(plan, good_uploads(plan))


def pages_among(plan: Plan, uploads: Sequence[Upload]) -> list[FilePage]:
    """The known-good pictures of a plan, whose files are at hand."""
    files = {upload.sha256: upload for upload in uploads}
    return [FilePage(files[one.sha256], one.page, count_of(files[one.sha256])) for one in plan.good]


def good_uploads(plan: Plan) -> tuple[Upload, ...]:
    """The files that its known-good pictures are pages of."""
    opened = Plans().opened(plan)
    names = {one.sha256: one.name.removesuffix(f"#{one.page + 1}") for one in plan.good}
    return tuple(Upload(name, opened.bytes_of(sha256)) for sha256, name in names.items())


def allowed_files(settings: Settings) -> list[SourceFile]:
    """The pictures with places that the plan of these settings allows, read when needed."""
    if settings.plan is None:
        return []
    try:
        return Plans().open(settings.plan.name, settings.plan.version).allowed_files()
    except StorageError:
        return []  # it was deleted for good, with what it allowed


def allowed_images(settings: Settings) -> tuple[LoadedImage, ...]:
    """The same opened; raises `SegDetectError` where one cannot be."""
    files = allowed_files(settings)
    key = (settings.plan, *((file.sha256, file.page) for file in files))
    return remembered("allowed", key, lambda: tuple(map(load_source, files))) if files else ()
