"""All pictures that were dropped in together, as a strip above the one that is shown, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

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
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.shared.session import inspector, kept_uploads
from segdetect.ui.shared.texts import plain, shown
from segdetect.ui.shared.verdict import SIGNS, WORST_FIRST

MOST: Final = 100
_SIDE: Final = 72
_POLL_SECONDS: Final = 1.0
_SAID: Final = "strip-failure-said"


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
        strength: its highest score over its threshold, if any; of pictures of one verdict, the highest comes first.
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
        beside: draws what stands beside the line above the strip.
    """
    listed = pages[:MOST]
    job = _ask(asked, listed)
    found: Sequence[Found] = job.answer if job.ended and isinstance(job.answer, list) else []
    order = worst_first(found) if found else [*range(len(listed))]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="strip-line"):
        _show_line(asked, listed, job, found)
        beside()
    current = _current(asked.shown, listed)
    pictures = [_picture(listed[at], found[at] if found else None) for at in order]
    picture_strip(
        pictures,
        key="strip",
        current=order.index(current) if current is not None else None,
        on_choose=callback(lambda chosen: _choose(listed[order[chosen]], found[order[chosen]] if found else None)),
    )
    for page, one in zip(listed, found, strict=False):
        if st.session_state.get(_SAID) == page.place != asked.shown:
            st.error(f"**{plain(page.name)}**: {plain(localized(one.why))}", icon=":material/error:")


def _show_line(asked: Asked, pages: Sequence[FilePage], job: Job, found: Sequence[Found]) -> None:
    """How far they are, or how many there are of each verdict."""
    if not job.ended:
        poll(lambda: _show_progress(job, len(pages)), until=lambda: _ask(asked, pages).ended, seconds=_POLL_SECONDS)
    elif job.error is not None and not job.was_cancelled:
        st.caption(":material/error: The other pictures could not be inspected beside this one; open the table below.")
    else:
        st.markdown(f"**{plain(told(found))}**", width="content")


def _show_progress(job: Job, count: int) -> None:
    st.caption(f":material/hourglass_top: Inspecting all {count:d} pictures: {plain(percent(job.share))}")


def _ask(asked: Asked, pages: Sequence[FilePage]) -> Job:
    """The work for all of them; asked for again and again, so that it is not taken for left."""
    settings, everyone = asked.settings, inspector()
    references = asked.bank if settings.scope is Scope.REFERENCES else ()
    places = tuple(page.place for page in pages)
    key = ("strip", settings, places, tuple(image.key for image in references))

    def inspect(progress: Progress) -> list[Found]:
        with foreground().work():
            results = inspect_files(
                everyone, pages, settings, references=references, load=FilePage.load, progress=progress
            )
            return [_found(result) for result in results]

    return jobs().ask(key, visitor(), inspect)


def _found(result: Answer | Failure) -> Found:
    if isinstance(result, Failure):
        return Found(FAILED, result.error.message)
    inspection, image = result.inspection, result.image
    limit = inspection.threshold or 1.0
    whole = (0, 0, *image.size_wh)
    thumbnail = remembered("strip", image.key, lambda: thumbnail_uri(image, whole, _SIDE))
    decision = inspection.decision
    return Found(decision.verdict.value, decision.reason, inspection.scores.highest / limit, thumbnail)


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
        return Picture(name=shown(page.name))
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
    st.session_state[_SAID] = page.place if found is not None and found.verdict == FAILED else None
    if st.session_state[_SAID] is not None:
        return
    st.session_state["shown"] = [*kept_uploads("uploads")].index(page.upload)
    if page.pages > 1:
        st.session_state[page_key(page.upload.sha256)] = page.page + 1
