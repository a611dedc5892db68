"""All pictures that were dropped in together, as a strip above the one that is shown, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segdetect.inspection import Failure
from segdetect.output.thumbnails import thumbnail_uri
from segdetect.pictures.loading import LoadedImage
from segdetect.progress import Progress
from segdetect.runs.batch import Answer, inspect_files
from segdetect.runs.jobs import Job
from segdetect.settings import Scope, Settings
from segdetect.storage.history.entries import FAILED
from segdetect.ui.inspect.strip_view import Picture, picture_strip
from segdetect.ui.shared.file_pages import FilePage, Place, page_key
from segdetect.ui.shared.jobs import foreground, jobs, visitor
from segdetect.ui.shared.locale import localized, percent
from segdetect.ui.shared.page import callback, part
from segdetect.ui.shared.polling import poll
from segdetect.ui.shared.remembered import recalled, remembered
from segdetect.ui.shared.session import inspector, kept_uploads
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.shared.verdict import SIGNS, WORST_FIRST

MOST: Final = 100
_SIDE: Final = 96
_POLL_SECONDS: Final = 1.0
_SAID: Final = "strip-failure-said"
_CHOSEN: Final = "strip-chosen"
_THUMBNAIL: Final = "strip-thumbnail"
_FOUND: Final = "strip-found"


# Words, pictures and buttons in one line; on a phone the pictures have a line of their own.
_STYLE: Final = """
<style>
/* How much stands above the verdict: the stage is lower by as much. */
.stApp { --sd-above: 52px; }
:is(.st-key-strip-line, .st-key-strip-body) > * { flex: none; width: auto; }
:is(.st-key-strip-line, .st-key-strip-body) > :is(.st-key-strip, :has(.st-key-strip)) { flex: 1 1 0; min-width: 0; }
.st-key-strip-line :is(button, [data-testid=stCaptionContainer], strong) { white-space: nowrap; }
@media (min-width: 768px) {
  .st-key-strip-line { flex-wrap: nowrap; padding-right: 2.6rem; }
}
@media (max-width: 767px) {
  .st-key-strip-line { justify-content: space-between; gap: 0 .6rem; }
  .st-key-strip-line :is(:has(> .st-key-strip-body), :has(> * > .st-key-strip-body), .st-key-strip-body) {
    display: contents; }
  .st-key-strip-body > .st-key-strip { order: 1; flex-basis: 100%; }
}
</style>
"""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked of all pictures of the strip.

    Args:
        settings: what to do with them.
        bank: the known-good pictures.
        shown: the page that is shown below the strip; None where there is none.
    """

    settings: Settings
    bank: tuple[LoadedImage, ...] = ()
    shown: Place | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one picture; plain values, so that no pixels are held.

    Args:
        verdict: of the picture, or that it failed.
        why: the reason in full.
        strength: its highest score over what it takes, if known; of pictures of one verdict, the highest comes first.
        thumbnail: a `data:` address; empty where it could not be opened.
    """

    verdict: str
    why: str
    strength: float = 0.0
    thumbnail: str = ""


@part("The strip of pictures")
def show_strip(asked: Asked, pages: Sequence[FilePage], *, beside: Callable[[], object] = lambda: None) -> None:
    """Draw the strip, which fills itself in as the pictures are inspected in the background; a click shows one.

    Args:
        asked: what is asked of them.
        pages: the pictures.
        beside: draws what stands at the end of the strip's line.
    """
    listed = pages[:MOST]
    job = _ask(asked, listed)
    st.session_state.pop(_CHOSEN, None)
    st.html(_STYLE)
    with _line("strip-line"):
        if job.ended:
            _show_found(asked, listed, job)
        else:
            poll(
                lambda: _show_progress(asked, listed, job),
                until=lambda: _ask(asked, listed).ended,
                seconds=_POLL_SECONDS,
            )
        beside()
    for page, one in zip(listed, _found_by(job), strict=False):
        if st.session_state.get(_SAID) == page.place != asked.shown:
            st.error(f"**{plain(page.name)}**: {plain(localized(one.why))}", icon=":material/error:")


def _found_by(job: Job) -> Sequence[Found]:
    """What came of all pictures; none while it is awaited, or where it failed."""
    return job.answer if job.ended and isinstance(job.answer, list) else []


def _show_found(asked: Asked, pages: Sequence[FilePage], job: Job) -> None:
    found = _found_by(job)
    with _line("strip-body"):
        if job.error is not None and not job.was_cancelled:
            st.caption(":material/error: The others could not be inspected; open the table of all.", width="content")
        else:
            st.markdown(f"**{plain(told(found))}**", width="content")
        _show_pictures(asked, pages, found or [None] * len(pages), worst_first(found) or range(len(pages)))


def _line(key: str) -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="center", gap="small", key=key)


def _show_progress(asked: Asked, pages: Sequence[FilePage], job: Job) -> None:
    """Draw how far they are and what is known of each; they keep their places, so that nothing moves under the hand."""
    if st.session_state.pop(_CHOSEN, False):
        st.rerun()  # the whole page, of which this is a fragment
    with _line("strip-body"):
        st.caption(
            f":material/hourglass_top: Inspecting {len(pages):d} pictures: {plain(percent(job.share))}",
            width="content",
        )
        so_far = [recalled(_FOUND, (_key(asked, pages), page.place)) for page in pages]
        _show_pictures(asked, pages, so_far, range(len(pages)))


def _show_pictures(
    asked: Asked, pages: Sequence[FilePage], found: Sequence[Found | None], order: Sequence[int]
) -> None:
    shown_at = _current(asked.shown, pages)
    picture_strip(
        [_picture(pages[at], found[at]) for at in order],
        key="strip",
        current=[*order].index(shown_at) if shown_at is not None else None,
        on_choose=callback(lambda chosen: _choose(pages[order[chosen]], found[order[chosen]])),
    )


def _key(asked: Asked, pages: Sequence[FilePage]) -> tuple[object, ...]:
    """All that the answers depend on."""
    places = tuple(page.place for page in pages)
    return ("strip", asked.settings, places, tuple(image.key for image in _references(asked)))


def _references(asked: Asked) -> tuple[LoadedImage, ...]:
    return asked.bank if asked.settings.scope is Scope.REFERENCES else ()


def _ask(asked: Asked, pages: Sequence[FilePage]) -> Job:
    """The work for all of them; asked for again and again, so that it is not taken for left."""
    everyone, key = inspector(), _key(asked, pages)

    def inspect(progress: Progress) -> list[Found]:
        with foreground().work():
            results = inspect_files(
                everyone,
                pages,
                asked.settings,
                references=_references(asked),
                load=_load_with_thumbnail,
                progress=progress,
            )
            return [_noted(key, page, result) for page, result in zip(pages, results, strict=True)]

    return jobs().ask(key, visitor(), inspect)


def _load_with_thumbnail(page: FilePage) -> LoadedImage:
    """Open a picture, and make what is shown of it at once, long before its answer."""
    image = page.load()
    _thumbnail(image)
    return image


def _thumbnail(image: LoadedImage) -> str:
    whole = (0, 0, *image.size_wh)
    return remembered(_THUMBNAIL, image.identity, lambda: thumbnail_uri(image, whole, _SIDE))


def _noted(key: tuple[object, ...], page: FilePage, result: Answer | Failure) -> Found:
    """What came of a picture, which the strip can show while others are under way."""
    found = _found(page, result)
    # What failed may go well the next time.
    return found if isinstance(result, Failure) else remembered(_FOUND, (key, page.place), lambda: found)


def _found(page: FilePage, result: Answer | Failure) -> Found:
    if isinstance(result, Failure):
        # One that could be opened, and is too small for the grid, is seen all the same.
        return Found(FAILED, result.error.message, thumbnail=recalled(_THUMBNAIL, page.place) or "")
    inspection = result.inspection
    strength = inspection.scores.highest / (inspection.needed or 1.0)
    decision = inspection.decision
    return Found(decision.verdict.value, decision.reason, strength, _thumbnail(result.image))


def worst_first(found: Sequence[Found]) -> list[int]:
    """Positions of the pictures, those to look at first at the beginning."""
    return sorted(range(len(found)), key=lambda at: (WORST_FIRST.index(found[at].verdict), -found[at].strength, at))


def told(found: Sequence[Found]) -> str:
    """How many there are of each verdict, the worst first.

    >>> told([Found("normal", ""), Found("failed", ""), Found("anomalous", "")])
    '1 anomalous, 1 failed, 1 normal'
    """
    counts = Counter(one.verdict for one in found)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in WORST_FIRST if counts[verdict])


def _picture(page: FilePage, found: Found | None) -> Picture:
    if found is None:
        return Picture(name=shown(page.name), thumbnail=recalled(_THUMBNAIL, page.place) or "")
    return Picture(
        name=shown(page.name),
        verdict=found.verdict,
        sign=SIGNS[found.verdict],
        why=shown(localized(found.why)),
        thumbnail=found.thumbnail,
    )


def _current(shown_place: Place | None, pages: Sequence[FilePage]) -> int | None:
    places = [page.place for page in pages]
    return places.index(shown_place) if shown_place in places else None


def _choose(page: FilePage, found: Found | None) -> None:
    """Show a picture; of one that failed there is nothing to see but why."""
    st.session_state[_CHOSEN] = True
    st.session_state[_SAID] = page.place if found is not None and found.verdict == FAILED else None
    if st.session_state[_SAID] is not None:
        return
    st.session_state["shown"] = [*kept_uploads("uploads")].index(page.upload)
    if page.pages > 1:
        st.session_state[page_key(page.upload.sha256)] = page.page + 1
