"""What a benchmark found, as a line of JSON: on the terminal, and for `make reliability` in the file that it names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

FILE_VARIABLE: Final = "SEGDETECT_RELIABILITY"


def tell(**found: object) -> None:
    """Print a finding, and add it to the file that `SEGDETECT_RELIABILITY` names, if it does."""
    print(json.dumps(found, indent=1))
    place = os.environ.get(FILE_VARIABLE)
    if place:
        with Path(place).open("a") as file:
            file.write(json.dumps(found) + "\n")
