"""All that is wanted with one email."""

import asyncio
from asyncio import all_tasks
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
import os
from pathlib import Path
import threading

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.quectel_smtp.attachments import pictures
from custom_components.quectel_smtp.attachments.names import called
from custom_components.quectel_smtp.attachments.resolve import resolve, split
from custom_components.quectel_smtp.attachments.wanted import Budget, Resolved, Wanted
from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.enclosures import Missing, MissingReason
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .conftest import CAMERA, Eye, Painting, see
from .paintings import bomb, encoded, photograph, seen

_PACKAGE = "custom_components.quectel_smtp.attachments"


def _names(resolved: Resolved) -> list[str]:
    return [attachment.name for attachment in resolved.attachments]


async def _pass(hass: HomeAssistant, seconds: float) -> None:
    """Let what waits come to its wait, then so many seconds pass."""
    for _ in range(20):
        await asyncio.sleep(0)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))


async def _until_only(count: int) -> None:
    """Wait until no more than so many attachments are still fetched."""
    async with asyncio.timeout(60):
        while (
            sum(task.get_name() == "quectel_smtp attachment" for task in all_tasks())
            > count
        ):
            await asyncio.sleep(0.001)


async def test_nothing_wanted_is_nothing_attached(hass: HomeAssistant) -> None:
    assert await resolve(hass, [], Budget()) == Resolved()


async def test_ten_are_attached_in_their_order(demo: HomeAssistant, www: Path) -> None:
    wanted = [Wanted(CAMERA)]
    for number in range(9):
        path = www / f"{number}.txt"
        path.write_text(str(number))
        wanted.append(Wanted(str(path)))
    resolved = await resolve(demo, wanted, Budget())
    assert _names(resolved) == ["Demo camera.jpg", *(f"{n}.txt" for n in range(9))]
    assert resolved.missing == ()


async def test_what_is_there_at_once_is_told_from_what_is_not(
    demo: HomeAssistant,
) -> None:
    speech = Wanted("media-source://tts/demo?message=x")
    local = [Wanted("/media/x.jpg"), Wanted("media-source://media_source/local/x.jpg")]
    many = [Wanted(CAMERA)] * 8
    parts = split(demo, [speech, *local, *many])
    assert parts.local == tuple(local)
    assert parts.remote == (speech, *many[:7])
    assert parts.too_many == (Missing("Demo camera", MissingReason.TOO_MANY),)
    assert [called(demo, one) for one in parts.remote[:2]] == ["demo", "Demo camera"]


async def test_two_of_the_same_name_are_both_attached(
    demo: HomeAssistant, www: Path
) -> None:
    for folder in ("front", "back"):
        (www / folder).mkdir()
        (www / folder / "door.txt").write_text(folder)
    wanted = [Wanted(str(www / folder / "door.txt")) for folder in ("front", "back")]
    resolved = await resolve(demo, wanted, Budget())
    assert _names(resolved) == ["door.txt", "door.txt"]
    assert [one.data for one in resolved.attachments] == [b"front", b"back"]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.text(max_size=300))
async def test_a_name_is_handed_on_as_a_person_gave_it(
    name: str, hass: HomeAssistant, www: Path
) -> None:
    (www / "door.txt").write_bytes(b"open")
    wanted = [
        Wanted.of(str(www / "door.txt"), filename=name, content_id=name),
        Wanted.of(str(www / "gone.txt"), filename=name),
    ]
    resolved = await resolve(hass, wanted, Budget())
    (attachment,) = resolved.attachments
    assert attachment.name == (name or "door.txt")
    assert attachment.content_id == (name or None)
    assert resolved.missing == (Missing(name or "gone.txt", MissingReason.NOT_FOUND),)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    source=st.one_of(
        st.text(max_size=300),
        st.text(max_size=100).map("media-source://".__add__),
        st.text(max_size=100).map("media-source://camera/".__add__),
        st.text(max_size=100).map("media-source://media_source/local/".__add__),
    )
)
async def test_whatever_is_asked_for_is_missing_by_some_name(
    source: str, hass: HomeAssistant, www: Path
) -> None:
    resolved = await resolve(hass, [Wanted(source)], Budget())
    assert resolved.attachments == ()
    (missing,) = resolved.missing
    assert missing.name
    assert "/" not in missing.name


async def test_half_a_character_of_a_name_is_the_sign_for_that(
    hass: HomeAssistant, www: Path
) -> None:
    """Python reads a file's name so that is not UTF-8; nothing could store or send it."""
    half = os.fsdecode(b"caf\xe9.txt")
    (www / half).write_bytes(b"data")
    wanted = [
        Wanted(str(www / half)),
        Wanted(str(www / half), filename=half, content_id=half),
        Wanted(f"/gone/{half}"),
    ]
    resolved = await resolve(hass, wanted, Budget())
    assert _names(resolved) == ["caf\ufffd.txt"] * 2
    assert resolved.attachments[1].content_id == "caf\ufffd.txt"
    assert [one.name for one in resolved.missing] == ["caf\ufffd.txt"]


async def test_a_camera_that_hangs_keeps_nothing_else_back(
    demo: HomeAssistant, www: Path
) -> None:
    (www / "door.txt").write_bytes(b"open")
    await see(demo, Eye("Garden"))
    wanted = [
        Wanted("media-source://camera/camera.garden"),
        Wanted(str(www / "door.txt")),
        Wanted(CAMERA),
    ]
    resolving = demo.async_create_task(resolve(demo, wanted, Budget()))
    await _until_only(1)
    await _pass(demo, 9)
    assert not resolving.done()
    await _pass(demo, 11)
    resolved = await resolving
    assert _names(resolved) == ["door.txt", "Demo camera.jpg"]
    assert resolved.missing == (Missing("Garden", MissingReason.TOO_SLOW),)


async def test_ten_cameras_that_hang_take_no_longer_than_one(
    demo: HomeAssistant,
) -> None:
    eyes = [Eye(f"Eye {number}") for number in range(10)]
    await see(demo, *eyes)
    wanted = [Wanted(f"media-source://camera/{eye.entity_id}") for eye in eyes]
    resolving = demo.async_create_task(resolve(demo, wanted, Budget()))
    await _pass(demo, 11)
    resolved = await resolving
    assert [one.reason for one in resolved.missing] == [MissingReason.TOO_SLOW] * 10


async def test_a_camera_that_goes_on_when_it_is_told_to_stop_is_not_waited_for(
    demo: HomeAssistant,
) -> None:
    eye = Eye("Garden")
    eye.stubborn = True
    await see(demo, eye)
    wanted = [Wanted("media-source://camera/camera.garden")]
    resolving = demo.async_create_task(resolve(demo, wanted, Budget()))
    await _pass(demo, 11)
    assert (await resolving).missing == (Missing("Garden", MissingReason.TOO_SLOW),)
    eye.released.set()


async def test_who_stops_waiting_leaves_nothing_running(demo: HomeAssistant) -> None:
    await see(demo, Eye("Garden"))
    wanted = [Wanted("media-source://camera/camera.garden"), Wanted(CAMERA)]
    before = asyncio.all_tasks()
    resolving = asyncio.create_task(resolve(demo, wanted, Budget()))
    await asyncio.sleep(0)
    resolving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await resolving
    await demo.async_block_till_done()
    assert asyncio.all_tasks() <= before


async def test_a_camera_whose_integration_is_unloaded_meanwhile_is_unreadable(
    demo: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(f"{_PACKAGE}.resolve.fetch", cancelled)
    resolved = await resolve(demo, [Wanted(CAMERA)], Budget())
    assert resolved.missing == (Missing("Demo camera", MissingReason.UNREADABLE),)


async def test_files_of_a_server_that_has_gone_take_ten_threads_and_no_more(
    demo: HomeAssistant, www: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant has 64 of them for all that it does."""
    (www / "door.txt").write_bytes(b"open")
    back = threading.Event()
    inside = threading.Semaphore(0)

    def hang(*_: object) -> bytes:
        inside.release()
        back.wait(60)
        raise OSError

    monkeypatch.setattr(f"{_PACKAGE}.files.read_allowed", hang)
    wanted = [Wanted(str(www / "door.txt"))] * 6
    try:
        for _ in range(2):
            resolving = demo.async_create_task(resolve(demo, wanted, Budget()))
            await _pass(demo, 11)
            reasons = {one.reason for one in (await resolving).missing}
            assert reasons == {MissingReason.TOO_SLOW}
        assert [inside.acquire(timeout=10) for _ in range(10)] == [True] * 10
        assert not inside.acquire(blocking=False)
        # Others come as before, and Home Assistant could stop.
        async with asyncio.timeout(10):
            await demo.async_block_till_done()
        resolved = await resolve(demo, [Wanted(CAMERA)], Budget(picture=20_000))
        assert _names(resolved) == ["Demo camera.jpg"]
    finally:
        back.set()
    await demo.async_block_till_done()
    monkeypatch.undo()
    assert _names(await resolve(demo, wanted, Budget())) == ["door.txt"] * 6


async def test_a_picture_within_the_budget_is_not_touched(
    demo: HomeAssistant, www: Path
) -> None:
    data = encoded(photograph((400, 300)), comment=b"mine")
    (www / "door.jpg").write_bytes(data)
    wanted = [Wanted(str(www / "door.jpg"))]
    resolved = await resolve(demo, wanted, Budget(picture=len(data)))
    assert resolved.attachments[0].data == data
    assert resolved.changes == ()


@pytest.mark.parametrize(
    ("kind", "ending", "sent"),
    [
        ("JPEG", "jpg", "door.jpg"),
        ("WEBP", "webp", "door.webp"),
        ("PNG", "PNG", "door.jpg"),
        ("PNG", "of.me", "door.of.me"),
    ],
)
async def test_a_picture_that_is_too_large_is_scaled_and_that_is_said(
    kind: str, ending: str, sent: str, demo: HomeAssistant, www: Path
) -> None:
    path = www / f"door.{ending}"
    path.write_bytes(encoded(photograph(), kind))
    budget = Budget(picture=50_000)
    resolved = await resolve(demo, [Wanted(str(path), content_id="door")], budget)
    (attachment,) = resolved.attachments
    assert len(attachment.data) <= 50_000
    assert attachment.name == sent
    assert attachment.content_id == "door"
    expected = "image/webp" if kind == "WEBP" else "image/jpeg"
    assert attachment.content_type == expected
    assert f"image/{(seen(attachment.data).format or '').lower()}" == expected
    assert resolved.changes == (Change(Fit.PICTURE_SCALED, sent),)
    assert resolved.missing == ()


async def test_ten_photographs_go_within_what_one_email_may_have(
    demo: HomeAssistant,
) -> None:
    """However large a single picture may be: rather all a little smaller."""
    data = encoded(photograph((1600, 1200)))
    await see(demo, *(Painting(demo, f"Eye {n}", data) for n in range(10)))
    wanted = [Wanted(f"media-source://image/image.eye_{n}") for n in range(10)]
    resolved = await resolve(demo, wanted, Budget(picture=400_000, total=1_000_000))
    assert _names(resolved) == [f"Eye {n}.jpg" for n in range(10)]
    assert sum(len(one.data) for one in resolved.attachments) <= 1_000_000


async def test_pictures_are_scaled_one_after_the_other(
    demo: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes memory, which a small computer has little of."""
    busy = threading.Lock()
    scaled = pictures.scaled

    def alone(data: bytes, kind: str, budget: int) -> pictures.Picture | None:
        assert busy.acquire(blocking=False)
        try:
            return scaled(data, kind, budget)
        finally:
            busy.release()

    monkeypatch.setattr(pictures, "scaled", alone)
    data = encoded(photograph())
    await see(demo, *(Painting(demo, f"Eye {n}", data) for n in range(4)))
    wanted = [Wanted(f"media-source://image/image.eye_{n}") for n in range(4)]
    resolved = await asyncio.gather(
        *(resolve(demo, wanted, Budget(picture=50_000)) for _ in range(2))
    )
    assert [len(one.changes) for one in resolved] == [4, 4]


async def test_a_picture_that_is_not_scaled_in_time_keeps_no_other_back(
    demo: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled = pictures.scaled
    slow = encoded(photograph((901, 701)))
    begun, go_on = threading.Event(), threading.Event()

    def slowly(data: bytes, kind: str, budget: int) -> pictures.Picture | None:
        if data == slow:
            # The other one is through by now.
            begun.set()
            go_on.wait(60)
        return scaled(data, kind, budget)

    monkeypatch.setattr(pictures, "scaled", slowly)
    await see(
        demo,
        Painting(demo, "quick", encoded(photograph())),
        Painting(demo, "slow", slow),
    )
    wanted = [
        Wanted(f"media-source://image/image.{name}") for name in ("quick", "slow")
    ]
    resolving = demo.async_create_task(resolve(demo, wanted, Budget(picture=50_000)))
    await demo.async_add_executor_job(begun.wait, 60)
    await _until_only(1)
    await _pass(demo, 11)
    resolved = await resolving
    go_on.set()
    assert _names(resolved) == ["quick.jpg"]
    assert resolved.missing == (Missing("slow", MissingReason.TOO_SLOW),)


async def test_what_is_left_of_the_budget_is_for_the_second_part(
    demo: HomeAssistant, www: Path
) -> None:
    (www / "log.txt").write_bytes(bytes(60_000))
    budget = Budget(picture=50_000, total=100_000).shared(2)
    first = await resolve(demo, [Wanted(str(www / "log.txt"))], budget)
    rest = await resolve(demo, [Wanted(CAMERA)], budget.after(first))
    assert len(rest.attachments[0].data) <= 40_000
    assert budget.after(first + rest).total == 40_000 - len(rest.attachments[0].data)
    assert budget.after(first + first).total == 0


async def test_what_does_not_go_with_the_others_any_more_is_named(
    demo: HomeAssistant, www: Path
) -> None:
    wanted = []
    for number, size in enumerate((600, 600, 300)):
        (www / f"{number}.txt").write_bytes(bytes(size))
        wanted.append(Wanted(str(www / f"{number}.txt"), filename=f"n{number}"))
    resolved = await resolve(demo, wanted, Budget(total=1000))
    assert _names(resolved) == ["n0", "n2"]
    assert resolved.missing == (Missing("n1", MissingReason.TOO_LARGE),)


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a" + bytes(70_000),
        bytes(70_000),
        # A picture that can't be scaled is like any other file.
        encoded(photograph())[:70_000],
        bomb(6000, 5000) + bytes(70_000),
    ],
    ids=["GIF", "video", "damaged", "bomb"],
)
@pytest.mark.parametrize("by", ["file", "media", "image"])
async def test_what_is_too_large_and_can_not_be_scaled_is_named(
    data: bytes, by: str, demo: HomeAssistant, www: Path
) -> None:
    (www / "x").write_bytes(data)
    (www.parent / "media" / "x.mp4").write_bytes(data)
    await see(demo, Painting(demo, "x", data))
    source = {
        "file": str(www / "x"),
        "media": "media-source://media_source/local/x.mp4",
        "image": "media-source://image/image.x",
    }[by]
    budget = Budget(picture=30_000, file=60_000)
    resolved = await resolve(demo, [Wanted(source)], budget)
    (missing,) = resolved.missing
    assert missing.reason is MissingReason.TOO_LARGE
    assert resolved.attachments == ()


async def test_a_small_gif_goes_as_it_is(demo: HomeAssistant) -> None:
    data = encoded(photograph((60, 40), "P"), "GIF", save_all=True)
    await see(demo, Painting(demo, "Rain", data))
    wanted = [Wanted("media-source://image/image.rain")]
    resolved = await resolve(demo, wanted, Budget(picture=100))
    assert resolved.attachments[0].data == data
    assert resolved.attachments[0].content_type == "image/gif"
    assert _names(resolved) == ["Rain.gif"]


async def test_a_damaged_picture_of_a_camera_goes_as_it_came(
    demo: HomeAssistant,
) -> None:
    """Most of it can be seen, and it may be the only one."""
    data = encoded(photograph())[:90_000]
    await see(demo, Eye("Garden", data))
    wanted = [Wanted("media-source://camera/camera.garden")]
    resolved = await resolve(demo, wanted, Budget(picture=50_000))
    assert resolved.attachments[0].data == data
    assert resolved.changes == ()


async def test_a_file_of_no_bytes_is_empty_and_one_byte_is_enough(
    demo: HomeAssistant, www: Path
) -> None:
    (www / "none").touch()
    (www / "one").write_bytes(b"1")
    os.mkfifo(www / "fifo")
    wanted = [Wanted(str(www / name)) for name in ("none", "one", "fifo")]
    resolved = await resolve(demo, wanted, Budget())
    assert _names(resolved) == ["one"]
    assert resolved.missing == (
        Missing("none", MissingReason.EMPTY),
        Missing("fifo", MissingReason.UNSUPPORTED),
    )


async def test_speech_of_no_sound_is_empty(
    speaking: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silence(*_: object) -> tuple[str, bytes]:
        return "mp3", b""

    monkeypatch.setattr(
        "homeassistant.components.tts.async_get_media_source_audio", silence
    )
    wanted = [Wanted("media-source://tts/demo?message=x")]
    resolved = await resolve(speaking, wanted, Budget())
    assert resolved.missing == (Missing("demo", MissingReason.EMPTY),)


async def test_every_byte_arrives(demo: HomeAssistant, www: Path) -> None:
    """Telnet's IAC, flow control, NUL and the rest: here nothing means anything."""
    data = bytes(range(256)) * 4 + b"\xff" * 500 + b"\r\n.\r\n+++\x1a\x11\x13"
    (www / "all.bin").write_bytes(data)
    resolved = await resolve(demo, [Wanted(str(www / "all.bin"))], Budget())
    assert resolved.attachments[0].data == data


async def test_the_loop_is_free_while_a_picture_is_scaled(
    demo: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_thread = threading.current_thread()
    with _never_in(loop_thread, monkeypatch):
        await see(demo, Painting(demo, "Eye", encoded(photograph())))
        wanted = [Wanted("media-source://image/image.eye")]
        resolved = await resolve(demo, wanted, Budget(picture=50_000))
    assert resolved.changes


@contextmanager
def _never_in(
    thread: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    scaled = pictures.scaled

    def elsewhere(data: bytes, kind: str, budget: int) -> pictures.Picture | None:
        assert threading.current_thread() is not thread
        return scaled(data, kind, budget)

    with monkeypatch.context() as patched:
        patched.setattr(pictures, "scaled", elsewhere)
        yield
