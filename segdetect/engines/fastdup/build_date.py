"""When fastdup's library was compiled, and how long it works from then on; told from its files without importing it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Final

# Seen on 2.53 (built 2026-05-25) and 2.54 (built 2026-08-23): the library refuses to run 120 days after its build.
LIFETIME: Final = timedelta(days=120)
# What the compiler's __DATE__ leaves in the library, such as "Aug 23 2026" or "May  5 2026".
BUILD_DATE: Final = re.compile(rb"\0((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d 20\d\d)\0")


def build_date(spec: ModuleSpec | None) -> date | None:
    """When fastdup's library was compiled, as written in it; None when it cannot be told for sure."""
    folders = (spec.submodule_search_locations or []) if spec else []
    libraries = [path for folder in folders for path in Path(folder).glob("libfastdup_shared.*")]
    dates = {text for path in libraries for text in BUILD_DATE.findall(path.read_bytes())}
    if len(dates) != 1:
        return None
    return datetime.strptime(dates.pop().decode("ascii"), "%b %d %Y").date()
