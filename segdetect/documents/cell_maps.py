"""Maps of cells as JSON values, and back."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segdetect.documents.checked import fixed, whole

# Two million cells: more than any engine makes of the largest picture that is read.
_MAX_BYTES: Final = 8_000_000

CellMap = npt.NDArray[np.float32]


def map_record(cells: CellMap) -> dict[str, Any]:
    """The scores of cells `(rows, cols)` as JSON values."""
    data = zlib.compress(np.ascontiguousarray(cells, "<f4").tobytes())
    return {"rows": cells.shape[0], "cols": cells.shape[1], "zlib_float32": base64.b64encode(data).decode()}


def read_map(record: Mapping[str, Any]) -> CellMap:
    """What `map_record` made; raises what `DAMAGE` names."""
    rows, cols = whole(record["rows"]), whole(record["cols"])
    size = rows * cols * 4
    if not (rows > 0 and cols > 0 and size <= _MAX_BYTES):
        raise ValueError("its map of cells has an impossible size")
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(record["zlib_float32"], validate=True), size + 1)
    except (zlib.error, binascii.Error) as error:
        raise ValueError("its map of cells is damaged") from error
    return fixed(np.frombuffer(data, "<f4").astype(np.float32).reshape(rows, cols))
