"""Pictures that are too large for an email."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
import logging

from hypothesis import given, settings, strategies as st
from PIL import Image, ImageCms
import pytest

from custom_components.quectel_smtp.attachments.errors import NotAttachedError
from custom_components.quectel_smtp.attachments.pictures import scaled
from custom_components.quectel_smtp.delivery.enclosures import MissingReason

from .paintings import bomb, encoded, photograph, seen

BUDGET = 60_000
JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"


def _scaled(data: bytes, kind: str, budget: int = BUDGET) -> tuple[Image.Image, str]:
    """Return what a recipient sees of it, and as what it goes."""
    assert len(data) > budget
    picture = scaled(data, kind, budget)
    assert picture is not None
    assert len(picture.data) <= budget
    return seen(picture.data), picture.content_type


@pytest.mark.parametrize("progressive", [False, True])
def test_a_photograph_of_twelve_megapixels_keeps_its_shape(progressive: bool) -> None:
    data = encoded(photograph((4000, 3000)), progressive=progressive)
    image, kind = _scaled(data, JPEG, 200_000)
    assert kind == JPEG
    assert image.format == "JPEG"
    assert image.width * 3 == pytest.approx(image.height * 4, abs=8)
    # Enough of it to know a face by.
    assert image.width >= 800


@pytest.mark.parametrize(
    ("kind", "said", "sent"),
    [("JPEG", JPEG, JPEG), ("WEBP", WEBP, WEBP), ("PNG", PNG, JPEG)],
)
def test_what_was_in_the_picture_still_is(kind: str, said: str, sent: str) -> None:
    whole = photograph()
    image, content_type = _scaled(encoded(whole, kind), said)
    assert content_type == sent
    small = whole.resize((16, 12))
    again = image.convert("RGB").resize((16, 12))
    differences = [
        abs(one - other)
        for one, other in zip(small.tobytes(), again.tobytes(), strict=True)
    ]
    assert sum(differences) / len(differences) < 4


def test_where_a_picture_was_taken_is_in_nobody_s_log_while_it_is_scaled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tags = Image.Exif()
    tags[0x010E] = "52.5163 N 13.3777 E"
    data = encoded(photograph(), exif=tags)
    caplog.set_level(logging.DEBUG)
    _scaled(data, JPEG)
    assert "13.3777" not in caplog.text


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_depth_is_seen_as_it_was(mode: str) -> None:
    if mode == "I;16":
        grey = photograph(mode="L")
        image = Image.frombytes(
            "I;16", grey.size, bytes(byte for v in grey.tobytes() for byte in (v, v))
        )
    else:
        image = photograph(mode=mode)
    found, kind = _scaled(encoded(image, "PNG"), PNG, 20_000)
    assert kind == JPEG
    before = photograph(mode="L").resize((1, 1)).getpixel((0, 0))
    after = found.convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(before, int | float)
    assert after == pytest.approx(before, abs=12)


@pytest.mark.parametrize(("kind", "said"), [("PNG", PNG), ("WEBP", WEBP)])
def test_what_can_be_seen_through_stays_so(kind: str, said: str) -> None:
    image = photograph()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    found, content_type = _scaled(encoded(image, kind), said)
    assert content_type == said
    found = found.convert("RGBA")
    top, bottom = (
        found.getpixel((found.width // 2, row)) for row in (2, found.height - 3)
    )
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[3] < 40
    assert bottom[3] > 215


def test_a_colour_that_is_left_out_of_a_palette_stays_left_out() -> None:
    image = photograph(mode="P")
    usual = max(image.getcolors() or ())[1]
    found, kind = _scaled(encoded(image, "PNG", transparency=usual), PNG)
    assert kind == PNG
    assert found.has_transparency_data


@pytest.mark.parametrize(
    ("kind", "said"), [("JPEG", JPEG), ("PNG", PNG), ("WEBP", WEBP)]
)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_picture_is_turned_upright(kind: str, said: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photograph((900, 600)), kind, exif=exif.tobytes())
    found, _ = _scaled(data, said)
    assert (found.width > found.height) is (orientation < 5)
    assert found.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize(
    ("kind", "said"), [("JPEG", JPEG), ("PNG", PNG), ("WEBP", WEBP)]
)
def test_nothing_says_where_or_by_what_it_was_taken(kind: str, said: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret Maker"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    options = {
        "JPEG": {"comment": b"Secret words", "xmp": b"<x>Secret place</x>"},
        "PNG": {},
        "WEBP": {"xmp": b"<x>Secret place</x>"},
    }[kind]
    data = encoded(photograph(), kind, exif=exif.tobytes(), **options)
    assert b"Secret" in data
    picture = scaled(data, said, BUDGET)
    assert picture is not None
    assert b"Secret" not in picture.data
    assert not seen(picture.data).getexif()


def test_a_small_colour_profile_goes_with_it_and_a_foreign_one_does_not() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found, _ = _scaled(encoded(photograph(), icc_profile=profile), JPEG)
    assert found.info["icc_profile"] == profile
    found, _ = _scaled(encoded(photograph(), icc_profile=profile * 9), JPEG)
    assert "icc_profile" not in found.info
    for_print = profile[:16] + b"CMYK" + profile[20:]
    printed = encoded(photograph(mode="CMYK"), icc_profile=for_print)
    found, _ = _scaled(printed, JPEG)
    assert found.mode == "RGB"
    assert "icc_profile" not in found.info


@pytest.mark.parametrize(
    ("kind", "said"), [("PNG", PNG), ("WEBP", WEBP)], ids=["APNG", "WebP"]
)
def test_what_moves_is_no_still_picture(kind: str, said: str) -> None:
    frames = [photograph(), photograph().rotate(180)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert scaled(data, said, BUDGET) is None


def test_what_a_camera_writes_of_one_scene_is_one_picture() -> None:
    frames = [photograph(), photograph().rotate(180)]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    found, _ = _scaled(data, JPEG)
    assert found.format == "JPEG"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (encoded(photograph())[:90_000], JPEG),
        (encoded(photograph(), "PNG")[:90_000], PNG),
        (encoded(photograph(), "WEBP")[:90_000], WEBP),
        (b"\xff\xd8\xff" + bytes(90_000), JPEG),
        (b"\x89PNG\r\n\x1a\n" + bytes(90_000), PNG),
        (b"RIFF0000WEBP" + bytes(90_000), WEBP),
    ],
)
def test_what_is_damaged_is_no_picture(data: bytes, kind: str) -> None:
    assert scaled(data, kind, BUDGET) is None


@pytest.mark.parametrize(("width", "height"), [(6000, 5000), (20_000, 20_000)])
def test_a_small_file_with_a_hundred_megabytes_in_it_is_refused(
    width: int, height: int
) -> None:
    """Before any of it is unpacked, and without a word of Pillow's in the log."""
    with pytest.raises(NotAttachedError) as error:
        scaled(bomb(width, height), PNG, 2000)
    assert error.value.reason is MissingReason.TOO_LARGE


def test_what_takes_more_memory_than_there_is_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image.Image, "thumbnail", _no_memory)
    with pytest.raises(NotAttachedError) as error:
        scaled(encoded(photograph()), JPEG, BUDGET)
    assert error.value.reason is MissingReason.TOO_LARGE


def _no_memory(*_: object, **__: object) -> None:
    raise MemoryError


def test_what_is_not_worth_looking_at_any_more_is_not_sent() -> None:
    with pytest.raises(NotAttachedError) as error:
        scaled(encoded(photograph()), JPEG, 300)
    assert error.value.reason is MissingReason.TOO_LARGE


def test_a_picture_that_no_size_makes_smaller_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = BytesIO.getvalue
    monkeypatch.setattr(
        "custom_components.quectel_smtp.attachments.pictures.BytesIO",
        type(
            "Full",
            (BytesIO,),
            {"getvalue": lambda self: original(self) + bytes(BUDGET)},
        ),
    )
    with pytest.raises(NotAttachedError) as error:
        scaled(encoded(photograph()), JPEG, BUDGET)
    assert error.value.reason is MissingReason.TOO_LARGE


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 1200),
    height=st.integers(1, 1200),
    kind=st.sampled_from([("JPEG", JPEG), ("PNG", PNG), ("WEBP", WEBP)]),
    see_through=st.booleans(),
    budget=st.integers(1000, 100_000),
)
def test_whatever_its_shape_it_is_within_the_budget_or_said_to_be_too_large(
    width: int, height: int, kind: tuple[str, str], see_through: bool, budget: int
) -> None:
    image = photograph().resize((width, height))
    if see_through and kind[0] != "JPEG":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    with too_large_at_most():
        picture = scaled(encoded(image, kind[0]), kind[1], budget)
        assert picture is not None
        assert len(picture.data) <= budget
        seen(picture.data)


@contextmanager
def too_large_at_most() -> Iterator[None]:
    """Let pass that it is too large, and no other error."""
    try:
        yield
    except NotAttachedError as err:
        if err.reason is not MissingReason.TOO_LARGE:
            raise


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_no_damage_comes_as_another_error(data: st.DataObject) -> None:
    kind, said = data.draw(
        st.sampled_from([("JPEG", JPEG), ("PNG", PNG), ("WEBP", WEBP)])
    )
    damaged = bytearray(encoded(photograph((300, 200)), kind))
    for place in data.draw(st.lists(st.integers(0, 600), max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    with too_large_at_most():
        scaled(bytes(damaged), said, 8000)
