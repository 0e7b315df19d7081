"""A picture that is too large for an email: scaled, and encoded anew. Blocking.

Pillow is Home Assistant's own requirement, and its frontend has loaded it already.
"""

from dataclasses import dataclass, field
from io import BytesIO
import logging
from math import sqrt
from typing import Final

from PIL.Image import Image
from PIL.ImageOps import exif_transpose
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from ..delivery.enclosures import MissingReason
from .errors import NotAttachedError
from .kinds import JPEG, PNG, WEBP

_LOGGER = logging.getLogger(__name__)

# At DEBUG it logs what is written in a picture: where it was taken, for one.
logging.getLogger("PIL.TiffImagePlugin").addFilter(
    lambda record: record.levelno > logging.DEBUG
)

# ``Image.open`` would ask every decoder, and warn of sizes that are refused here.
_DECODERS: Final = {JPEG: JpegImageFile, PNG: PngImageFile, WEBP: WebPImageFile}

# Such a one takes 200 MB for a second, which a small computer can spare: its decoder needs
# that many bytes for a pixel. A JPEG is scaled while it is read.
PIXELS_MOST: Final = {JPEG: 50_000_000, PNG: 25_000_000, WEBP: 12_500_000}

# At this quality a photograph takes 0.12 to 0.25 bytes for each pixel.
_QUALITY: Final = 75
_PIXEL_BYTES: Final = 0.15

# Each encoding tells how much smaller the next has to be, so that one or two are enough for
# what is like a photograph, and few for anything.
_ENCODINGS_MOST: Final = 6
_SPARE: Final = 0.95
_SIDE_LEAST: Final = 16

# Some colour profiles are whole tables; those of cameras and telephones are small.
_PROFILE_MOST: Final = 4096
_SPACES: Final = {"L": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB "}


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture."""

    data: bytes = field(repr=False)
    content_type: str = field(repr=False)


def scaled(data: bytes, content_type: str, budget: int) -> Picture | None:
    """Return a still picture as one of at most ``budget`` bytes, turned upright.

    A JPEG and a WebP stay what they are, an opaque PNG becomes a JPEG. Nothing goes with
    it but a small colour profile: not where it was taken, nor by what. None if it is no
    still picture: one that moves, or is damaged. Raises ``NotAttachedError``, too large,
    if it takes too much memory or can't be made so small.
    """
    try:
        return _smaller(data, content_type, budget)
    except NotAttachedError:
        raise
    except MemoryError as err:
        raise NotAttachedError(MissingReason.TOO_LARGE) from err
    except Exception as err:  # noqa: BLE001 - decoders raise what they like
        _LOGGER.debug("A picture can't be scaled: %s", type(err).__name__)
        return None


def _smaller(data: bytes, content_type: str, budget: int) -> Picture | None:
    image = _upright(data, content_type, budget)
    if image is None:
        return None
    profile = image.info.get("icc_profile") or b""
    # Pillow writes some of it into whatever it encodes.
    image.info = {}
    if content_type == PNG and not _is_transparent(image):
        content_type = JPEG
    if content_type == JPEG and image.mode not in {"L", "RGB"}:
        image = image.convert("RGB")
    # ICC.1:2022 7.2.6: which colours it is for.
    if len(profile) > _PROFILE_MOST or profile[16:20] != _SPACES.get(image.mode):
        profile = b""
    for _ in range(_ENCODINGS_MOST):
        encoded = _encoded(image, content_type, profile)
        if len(encoded) <= budget:
            return Picture(encoded, content_type)
        share = sqrt(budget / len(encoded)) * _SPARE
        size = (int(image.width * share), int(image.height * share))
        if min(size) < _SIDE_LEAST:
            break
        image.thumbnail(size)
    raise NotAttachedError(MissingReason.TOO_LARGE)


def _upright(data: bytes, content_type: str, budget: int) -> Image | None:
    """Decode a picture to what the budget may hold of it, as it is to be seen."""
    image: Image = _DECODERS[content_type](BytesIO(data))
    if getattr(image, "is_animated", False):
        return None
    pixels = image.width * image.height
    if pixels > PIXELS_MOST[content_type]:
        raise NotAttachedError(MissingReason.TOO_LARGE)
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode.startswith("I"):
        # 16 bits for a grey, of which the conversion takes the lower half.
        image = image.point(lambda grey: grey / 256).convert("L")
    elif image.mode not in {"L", "RGB", "CMYK"}:
        image = image.convert("RGB")
    share = min(1.0, sqrt(budget / _PIXEL_BYTES / pixels))
    size = (max(1, int(image.width * share)), max(1, int(image.height * share)))
    # Decodes a JPEG at a half, a quarter or an eighth, where that is enough.
    image.draft(None, size)
    image.thumbnail(size, reducing_gap=None)
    return exif_transpose(image)


def _is_transparent(image: Image) -> bool:
    return image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)


def _encoded(image: Image, content_type: str, profile: bytes) -> bytes:
    target = BytesIO()
    if content_type == PNG:
        # 256 colours, of which each may be transparent: a third of the bytes.
        image.quantize(256).save(target, "PNG", optimize=True)
    elif content_type == WEBP:
        image.save(target, "WEBP", quality=_QUALITY, icc_profile=profile)
    else:
        image.save(target, "JPEG", quality=_QUALITY, optimize=True, icc_profile=profile)
    return target.getvalue()
