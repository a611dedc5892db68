"""Pictures of a plan as pages open them."""

from __future__ import annotations

from segdetect.pictures.loading import LoadedImage
from segdetect.settings import Scope
from segdetect.storage.plans.plan import Plan
from segdetect.ui.shared.plan_pictures import allowed_images, good_pages


def good_images(plan: Plan) -> tuple[LoadedImage, ...]:
    """Its known-good pictures.

    Raises:
        StorageError: one cannot be read, or is damaged.
        InputError: one cannot be opened.
    """
    return tuple(page.load() for page in good_pages(plan))


def bank_of(plan: Plan) -> tuple[LoadedImage, ...]:
    """The pictures that it compares with; raises as `good_images`."""
    good = good_images(plan) if plan.settings.scope is Scope.REFERENCES else ()
    return (*good, *allowed_images(plan.applied))
