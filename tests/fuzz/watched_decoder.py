"""A process of decoders that is watched; run by `isolation`, with the folder where things are put down as `TMPDIR`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from segdetect.pictures import decoder_process
from tests.fuzz.watch import Watch

if __name__ == "__main__":
    with Watch(Path(os.environ["TMPDIR"])).looking():
        decoder_process.main(int(sys.argv[1]), int(sys.argv[2]))
