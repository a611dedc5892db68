"""The values of a file with more than 8 bits, which the picture viewer asks for when a person comes near."""

from __future__ import annotations

from segdetect.pictures.loading import LoadedImage, load_values
from segdetect.ui.shared.originals import file_bytes
from segdetect.ui.shared.page import part
from segdetect.ui.shared.remembered import remembered
from segdetect.ui.viewer.picture_bytes import EncodedPicture, encode_values


def has_values(image: LoadedImage) -> bool:
    """Whether the picture's file is here and has more than what is shown of it."""
    return image.window is not None and file_bytes(image.sha256) is not None


def file_values(image: LoadedImage) -> EncodedPicture | None:
    """The file's values for the viewer; None, with the reason shown, where they cannot be read."""
    with part("Reading the values of the file"):
        return remembered("file values", image.identity, lambda: _read(image))
    return None


def _read(image: LoadedImage) -> EncodedPicture:
    data = file_bytes(image.sha256) or b""
    return encode_values(load_values(data, name=image.name, page=image.page))
