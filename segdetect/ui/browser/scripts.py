"""What every page does in the browser beside Streamlit's own: each script says at its head what it mends."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import streamlit as st

SCRIPTS: Final = ("history", "toolbars", "popovers", "focus", "sheet", "tables", "late", "decimals")
# Plotly shows its tools where the pointer is, as Streamlit does those of pictures and tables; what has the focus has to
# be seen, too.
_STYLE: Final = f"""
<style>
:is({", ".join(f".st-key-script-{name}" for name in SCRIPTS)}) {{ display: none; }}
.js-plotly-plot .modebar:focus-within {{ opacity: 1; }}
.modebar button:focus-visible {{ outline: 2px solid currentColor; outline-offset: 1px; }}
[data-testid="stElementToolbar"]:focus-within {{ opacity: 1 !important; }}
[data-testid="stElementToolbar"] button:focus-visible {{ outline: 2px solid currentColor; outline-offset: -2px; }}
</style>
"""


def load_scripts() -> None:
    """Load the scripts, once for each tab."""
    st.html(_STYLE)
    for name in SCRIPTS:
        _component(name)(key=f"script-{name}")


@functools.cache
def _component(name: str) -> Any:
    """Register a script's component once per process."""
    code = Path(__file__).with_name(f"{name}.js").read_text(encoding="utf-8")
    return st.components.v2.component(f"segdetect_{name}", js=code)
