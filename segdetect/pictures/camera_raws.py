"""Camera raws told by their content, so that their thumbnails are not taken for them."""

from __future__ import annotations

from typing import Final

from segdetect.pictures.tiff_directories import (
    COMPRESSION,
    DNG_VERSION,
    MAKE,
    PHOTOMETRIC,
    Directory,
    directories,
)

# Where, what, and how the kind is called.
_SIGNATURES: Final = (
    (0, b"FUJIFILMCCD-RAW", "RAF"),
    (0, b"IIRO", "ORF"),
    (0, b"IIRS", "ORF"),
    (0, b"MMOR", "ORF"),
    (0, b"IIU\0", "RW2"),
    (0, b"FOVb", "X3F"),
    (0, b"\0MRM", "MRW"),
    (6, b"HEAPCCDR", "CRW"),
    (4, b"ftypcrx ", "CR3"),
)
_TIFF_SIGNATURES: Final = ((8, b"CR", "CR2"), (8, b"IIII", "IIQ"), (8, b"MMMM", "IIQ"))
_TIFF_MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# PhotometricInterpretation: the mosaic of a sensor's colours, and its colours side by side.
_SENSOR: Final = (32803, 34892)
# Compressions that only cameras write: Kodak, Sony, Samsung, Nikon, Pentax.
_CAMERA_COMPRESSIONS: Final = (262, 32767, 32770, 32772, 34713, 65000, 65535)
_BY_MAKE: Final = {
    **{b"nikon": "NEF", b"sony": "ARW", b"pentax": "PEF", b"ricoh": "PEF", b"samsung": "SRW", b"canon": "CR2"},
    **{b"hasselblad": "3FR", b"seiko epson": "ERF", b"eastman kodak": "DCR", b"kodak": "DCR", b"phase one": "IIQ"},
    **{b"leaf": "MOS", b"mamiya": "MEF"},
}


def camera_raw(data: bytes) -> str | None:
    """The kind of camera raw that a file is, such as "DNG", or empty for an unknown one; None for anything else."""
    for place, signature, kind in _SIGNATURES:
        if data.startswith(signature, place):
            return kind
    if not data.startswith(_TIFF_MAGIC):
        return None
    for place, signature, kind in _TIFF_SIGNATURES:
        if data.startswith(signature, place):
            return kind
    return _tiff_raw(data)


def _tiff_raw(data: bytes) -> str | None:
    # Cameras put everything into a handful of directories.
    chain = [one for one, _ in zip(directories(data), range(8), strict=False)]
    everything = [inner for one in chain for inner in (one, *one.inner)]
    if any(DNG_VERSION in one.numbers or DNG_VERSION in one.texts for one in everything):
        return "DNG"
    if not any(_of_a_sensor(one) for one in everything):
        return None
    make = next((one.texts[MAKE] for one in everything if MAKE in one.texts), b"").strip(b"\0 ").lower()
    return next((kind for maker, kind in _BY_MAKE.items() if make.startswith(maker)), "")


def _of_a_sensor(one: Directory) -> bool:
    return one.number(PHOTOMETRIC, -1) in _SENSOR or one.number(COMPRESSION) in _CAMERA_COMPRESSIONS
