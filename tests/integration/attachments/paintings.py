"""Pictures of any size and kind, with as much in them as a photograph has."""

from functools import cache
from io import BytesIO
import struct
from typing import Any
import zlib

from PIL import Image
from PIL.Image import Transpose


def photograph(size: tuple[int, int] = (900, 700), mode: str = "RGB") -> Image.Image:
    """Return a picture with soft shapes, edges and grain."""
    return _photograph(size).convert(mode)


@cache
def _photograph(size: tuple[int, int]) -> Image.Image:
    grain = Image.effect_noise(size, 24)
    shapes = Image.radial_gradient("L").resize(size)
    edges = Image.linear_gradient("L").resize(size).point(lambda v: v // 32 * 32)
    return Image.merge(
        "RGB",
        [
            Image.blend(one, grain, 0.3)
            for one in (shapes, edges, shapes.transpose(Transpose.FLIP_LEFT_RIGHT))
        ],
    )


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file."""
    target = BytesIO()
    image.save(target, kind, **({"quality": 95} if kind != "PNG" else {}) | options)
    return target.getvalue()


def seen(data: bytes) -> Image.Image:
    """Return the picture as whoever gets it sees it."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says that it has so many pixels, all of them black."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    row = b"\0" + bytes((width + 7) // 8)
    packer = zlib.compressobj(9)
    lines = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", lines)
        + chunk(b"IEND", b"")
    )
