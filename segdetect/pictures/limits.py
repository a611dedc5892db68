"""The limits on what is read, checked before anything is allocated or inflated."""

from __future__ import annotations

from typing import Final

# Decoding RGB takes 10 bytes per pixel at its peak (measured), which is 1.5 GB at this limit.
MAX_PIXELS: Final = 150_000_000
# A larger file is refused unread: it would have to fit in memory, and an archive of a few kilobytes can hold one.
MAX_FILE_BYTES: Final = 1 << 30
MAX_ZIP_MEMBERS: Final = 100_000
# An archive in another is unpacked in memory to be listed.
MAX_INNER_ZIP_BYTES: Final = 1 << 28
