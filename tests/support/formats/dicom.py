"""DICOM: values, codecs, colours, frames, and the files that come with pydicom."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pydicom.data
from PIL import Image
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.support.dicom_files import dicom_file
from tests.support.formats.case import RGB, SMOOTH, Case, H, W, shows, stretched

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
GREY = np.ascontiguousarray(RGB[..., 0])
CT = (np.random.default_rng(6).integers(-1024, 3071, (H, W))).astype(np.int16)
STORED = (CT.astype(np.int32) + 1024).astype(np.uint16)
WIDE = (-1024.0, 3071.0)
SHOWN = stretched(CT, *WIDE)


def _grey(kind: str, data: Callable[[], bytes], **options: Any) -> Case:
    return Case(kind, data, **{"expected": shows(SHOWN), "window": WIDE, "name": "slice.dcm", **options})


def _values() -> list[Case]:
    shifted = {"RescaleSlope": 1, "RescaleIntercept": -1024}
    signed12 = (CT.clip(-1024, 1023).astype(np.int32) & 0xFFF).astype(np.uint16)
    padded = CT.copy()
    padded[:5] = -2000
    window = {"WindowCenter": 40, "WindowWidth": 400}
    low, high = 40 - 0.5 - 199.5, 40 - 0.5 + 199.5
    return [
        _grey("MONOCHROME2, signed, 16 bits", lambda: dicom_file(CT)),
        _grey("MONOCHROME2, unsigned, rescaled", lambda: dicom_file(STORED, **shifted)),
        _grey(
            "MONOCHROME2, 12 of 16 bits, unsigned",
            lambda: dicom_file(STORED, BitsStored=12, HighBit=11, **shifted),
        ),
        _grey(
            "MONOCHROME2, 12 of 16 bits, signed",
            lambda: dicom_file(signed12, BitsStored=12, HighBit=11, PixelRepresentation=1),
            expected=shows(stretched(CT.clip(-1024, 1023), *WIDE)),
        ),
        _grey(
            "MONOCHROME2, 12 bits that lie high",
            lambda: dicom_file(STORED << 4, BitsStored=12, HighBit=15, **shifted),
        ),
        _grey(
            "MONOCHROME1",
            lambda: dicom_file(CT, PhotometricInterpretation="MONOCHROME1"),
            expected=shows(255 - SHOWN),
        ),
        _grey("MONOCHROME2, 8 bits", lambda: dicom_file(GREY), expected=shows(GREY), window=(0.0, 255.0)),
        _grey(
            "MONOCHROME2, 32 bits",
            lambda: dicom_file(CT.astype(np.int32) * 1000),
            window=(WIDE[0] * 1000, WIDE[1] * 1000),
        ),
        _grey(
            "its own window",
            lambda: dicom_file(CT, **window),
            expected=shows(stretched(CT, low, high)),
            window=None,
        ),
        _grey(
            "its own window, exact",
            lambda: dicom_file(CT, VOILUTFunction="LINEAR_EXACT", **window),
            expected=shows(stretched(CT, -160, 240)),
            window=None,
        ),
        _grey(
            "its own window, sigmoid",
            lambda: dicom_file(CT, VOILUTFunction="SIGMOID", **window),
            expected=shows(255 / (1 + np.exp(-4 * (CT.astype(float) - 40) / 400))),
            window=None,
        ),
        _grey(
            "padding values, black",
            lambda: dicom_file(padded, PixelPaddingValue=-2000),
            expected=shows(stretched(padded, *WIDE)),
        ),
        *(
            _grey(
                f"frame {page + 1} of 2",
                lambda: dicom_file(CT, NumberOfFrames=2, PixelData=CT.tobytes() + CT[::-1].tobytes()),
                expected=shows(SHOWN if page == 0 else SHOWN[::-1]),
                page=page,
            )
            for page in range(2)
        ),
    ]


def _rewritten(data: bytes, syntax: str, *, implicit: bool = False, little: bool = True) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.file_meta.TransferSyntaxUID = syntax
    if not little:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    buffer = io.BytesIO()
    dataset.preamble = bytes(128)
    pydicom.dcmwrite(buffer, dataset, implicit_vr=implicit, little_endian=little, force_encoding=True)
    return buffer.getvalue()


def _bare(*, implicit: bool) -> bytes:
    """Without preamble and file meta information, as old devices write."""
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(CT)))
    del dataset.file_meta
    buffer = io.BytesIO()
    dataset.save_as(buffer, implicit_vr=implicit, little_endian=True)
    return buffer.getvalue()


def _rle() -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(CT)))
    dataset.compress(RLELossless)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _syntaxes() -> list[Case]:
    jpeg = imagecodecs.jpeg8_encode(np.ascontiguousarray(SMOOTH[..., 0]), level=90)
    lossy = {"expected": shows(imagecodecs.jpeg8_decode(jpeg)), "window": (0.0, 255.0)}
    deep = np.asarray(SMOOTH[..., 0], np.uint16) << 4
    extended = imagecodecs.jpeg8_encode(deep, bitspersample=12, level=100)
    rescaled = {"RescaleSlope": 1, "RescaleIntercept": -1024}
    return [
        _grey("Implicit VR Little Endian", lambda: _rewritten(dicom_file(CT), ImplicitVRLittleEndian, implicit=True)),
        _grey("Explicit VR Little Endian", lambda: dicom_file(CT, syntax=ExplicitVRLittleEndian)),
        _grey("Explicit VR Big Endian", lambda: _rewritten(dicom_file(CT), ExplicitVRBigEndian, little=False)),
        _grey("Deflated", lambda: _rewritten(dicom_file(CT), DeflatedExplicitVRLittleEndian)),
        _grey("without preamble, implicit", lambda: _bare(implicit=True)),
        _grey("without preamble, explicit", lambda: _bare(implicit=False)),
        _grey("RLE Lossless", _rle),
        _grey(
            "JPEG Baseline",
            lambda: dicom_file(GREY, syntax=JPEGBaseline8Bit, frame=jpeg),
            reader="libjpeg-turbo in imagecodecs",
            **lossy,
        ),
        _grey(
            "JPEG Extended, 12 bits",
            lambda: dicom_file(deep, syntax=JPEGExtended12Bit, frame=extended, BitsStored=12, HighBit=11),
            expected=shows(stretched(imagecodecs.jpeg8_decode(extended), 0, 4095)),
            window=(0.0, 4095.0),
            reader="libjpeg-turbo in imagecodecs",
        ),
        _grey(
            "JPEG Lossless",
            lambda: dicom_file(STORED, syntax=JPEGLosslessSV1, frame=imagecodecs.ljpeg_encode(STORED), **rescaled),
        ),
        _grey(
            "JPEG-LS Lossless",
            lambda: dicom_file(STORED, syntax=JPEGLSLossless, frame=imagecodecs.jpegls_encode(STORED), **rescaled),
        ),
        _grey(
            "JPEG 2000 Lossless",
            lambda: dicom_file(
                STORED,
                syntax=JPEG2000Lossless,
                frame=imagecodecs.jpeg2k_encode(STORED, codecformat="j2k", reversible=True, level=0),
                **rescaled,
            ),
        ),
        Case("MPEG-2 video", lambda: dicom_file(GREY, syntax=MPEG2MPML, frame=b"\0\0\1\xb3"), name="video.dcm"),
    ]


def _colour(**tags: Any) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(GREY)))
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.PixelData = RGB.tobytes()
    for tag, value in tags.items():
        setattr(dataset, tag, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _palette() -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(GREY, PhotometricInterpretation="PALETTE COLOR")))
    table = np.arange(256, dtype=np.uint16) << 8
    for name, colour in (("Red", table), ("Green", table[::-1]), ("Blue", table)):
        dataset.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [256, 0, 16])
        setattr(dataset, f"{name}PaletteColorLookupTableData", colour.tobytes())
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _colours() -> list[Case]:
    ycbcr = np.asarray(Image.fromarray(RGB).convert("YCbCr"))
    planes = np.moveaxis(RGB, -1, 0)
    return [
        Case("RGB", _colour, shows(RGB), name="a.dcm"),
        Case(
            "RGB, separate planes",
            lambda: _colour(PlanarConfiguration=1, PixelData=planes.tobytes() + bytes(planes.size % 2)),
            shows(RGB),
            name="a.dcm",
        ),
        Case(
            "YBR_FULL",
            lambda: _colour(PhotometricInterpretation="YBR_FULL", PixelData=ycbcr.tobytes()),
            shows(np.asarray(Image.fromarray(ycbcr, "YCbCr").convert("RGB"))),
            "Pillow's colours",
            within=1,
            name="a.dcm",
        ),
        Case("PALETTE COLOR", _palette, shows(np.dstack([GREY, 255 - GREY, GREY])), name="a.dcm"),
        Case("HSV", lambda: _colour(PhotometricInterpretation="HSV"), name="a.dcm"),
        Case("without pixels", lambda: _without("PixelData"), name="a.dcm"),
        Case("without its height", lambda: _without("Rows"), name="a.dcm"),
    ]


def _without(keyword: str) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom_file(GREY)))
    delattr(dataset, keyword)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _of_pydicom() -> list[Case]:
    from tests.unit.pictures.test_pydicom_files import FILES, REFUSED, expected

    found = []
    for file in FILES:
        if file.parent != FOLDER:  # many small ones of a few kinds, which a test of their own goes through
            continue
        # Some begin as a TIFF does, which is another matter.
        data = bytes(128) + file.read_bytes()[128:]
        with warnings.catch_warnings(action="ignore"):
            is_picture = "PixelData" in pydicom.dcmread(io.BytesIO(data)) and file.name not in REFUSED
        found.append(
            Case(
                f"`{file.name}`",
                lambda d=data: d,
                (lambda d: expected(pydicom.dcmread(io.BytesIO(d)))) if is_picture else None,
                "pydicom's own functions",
                name=file.name,
            )
        )
    return found


def rows() -> dict[str, list[Case]]:
    """The rows of each part."""
    return {
        "DICOM: values and frames": _values(),
        "DICOM: transfer syntaxes": _syntaxes(),
        "DICOM: colours, and what is refused": _colours(),
        "DICOM: files that come with pydicom": _of_pydicom(),
    }
