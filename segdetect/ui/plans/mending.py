"""The way to mend a plan of which pictures are damaged or gone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import streamlit as st

from segdetect.errors import InputError
from segdetect.message import counted
from segdetect.pictures.uploads import list_uploads
from segdetect.storage.plans.opened import name_of
from segdetect.storage.plans.plan import Plan
from segdetect.ui.shared.kept import attempt, show_trouble
from segdetect.ui.shared.page import part
from segdetect.ui.shared.plans import plans
from segdetect.ui.shared.texts import plain

_FILES: Final = "plan-lacking"
_KIND: Final = "mending"


@part("Mending the plan")
def show_mending(plan: Plan) -> bool:
    """Draw which pictures of a plan are damaged or gone, where some are, and take the same files once more.

    Returns:
        Whether it lacks none, and can be used.
    """
    lacking = plans().lacking(plan)
    if not lacking:
        return True
    st.warning(
        f"{counted(len(lacking), 'picture')} of this plan cannot be used, damaged or gone: "
        f"{plain(_named(plan, lacking))}. Give it what is lacking once more, and all is as it was.",
        icon=":material/build:",
    )
    st.file_uploader(
        "The same files once more",
        accept_multiple_files=True,
        key=_FILES,
        on_change=attempt,
        args=(_mend, plan, lacking),
        kwargs={"kind": _KIND},
        help="Also as a ZIP. They are known by their content, whatever their names; others do no harm.",
    )
    show_trouble(_KIND)
    return False


def _mend(plan: Plan, lacking: Sequence[str]) -> None:
    files = [(file.name, file.getvalue()) for file in st.session_state[_FILES]]
    given = [source.data() for source in list_uploads(files).files]
    pictures = {hashlib.sha256(data).hexdigest(): data for data in given}
    mended = [sha256 for sha256 in lacking if sha256 in pictures]
    if given and not mended:
        raise InputError(
            f"none of these files is what this plan lacks: {_named(plan, lacking)}",
            remedy="Give the very files that it was made of, not changed or saved anew",
        )
    plans().mend(plan, pictures)


def _named(plan: Plan, digests: Sequence[str]) -> str:
    return ", ".join(name_of(plan, sha256) for sha256 in digests)
