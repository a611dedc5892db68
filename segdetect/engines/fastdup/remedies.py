"""What a person can do whatever the trouble is."""

from __future__ import annotations

from typing import Final

OTHER_ENGINE: Final = "or choose another engine"
RETRY: Final = f"Inspect again, {OTHER_ENGINE}"
