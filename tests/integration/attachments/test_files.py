"""Files of this machine, and what stands in their place to be found out."""

from collections.abc import Callable
from contextlib import suppress
import os
from pathlib import Path
import socket
import tempfile

import pytest

from custom_components.quectel_smtp.attachments import files
from custom_components.quectel_smtp.attachments.errors import NotAttachedError
from custom_components.quectel_smtp.attachments.wanted import Budget
from custom_components.quectel_smtp.delivery.enclosures import MissingReason

SECRET = b"password: correct horse"
LIMIT = 1000


def _limit(head: bytes | bytearray) -> int:
    return LIMIT


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """Return a folder that may be read, beside a file that may not."""
    (tmp_path / "secrets.yaml").write_bytes(SECRET)
    folder = tmp_path / "www"
    folder.mkdir()
    return folder


def _read(path: Path | str, allowed: Path) -> bytes:
    return files.read_allowed(str(path), (str(allowed),), _limit)


def _why(path: Path | str, allowed: Path) -> MissingReason:
    with pytest.raises(NotAttachedError) as error:
        _read(path, allowed)
    return error.value.reason


@pytest.mark.parametrize("size", [1, 31, 32, 33, LIMIT])
def test_a_file_is_read_to_its_end(size: int, allowed: Path) -> None:
    data = os.urandom(size)
    (allowed / "door.bin").write_bytes(data)
    assert _read(allowed / "door.bin", allowed) == data


@pytest.mark.parametrize(
    "name", ["ü😀.jpg", " a b ", 'say "cheese"', "a\r\nb", "UFS:x", "é", "x" * 255]
)
def test_a_file_of_any_name_is_read(name: str, allowed: Path) -> None:
    (allowed / name).write_bytes(b"data")
    assert _read(allowed / name, allowed) == b"data"


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = allowed / "large"
    with path.open("wb") as file:
        file.truncate(10_000_000_000)
    took = _bytes_read(monkeypatch)
    assert _why(path, allowed) is MissingReason.TOO_LARGE
    assert sum(took) < 300_000


def test_a_file_that_grows_while_it_is_read_is_too_large_in_the_end(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = allowed / "growing"
    path.write_bytes(b"12")
    read = os.read

    def read_and_grow(file: int, most: int) -> bytes:
        with path.open("ab") as writer:
            writer.write(b"more")
        return read(file, most)

    monkeypatch.setattr(os, "read", read_and_grow)
    assert _why(path, allowed) is MissingReason.TOO_LARGE


def _bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    took: list[int] = []
    read = os.read

    def watched(file: int, most: int) -> bytes:
        data = read(file, most)
        took.append(len(data))
        return data

    monkeypatch.setattr(os, "read", watched)
    return took


def test_an_empty_file_is_said_to_be_empty(allowed: Path) -> None:
    (allowed / "empty").touch()
    assert _why(allowed / "empty", allowed) is MissingReason.EMPTY


@pytest.mark.parametrize(
    "path",
    [
        "gone.jpg",
        "gone/door.jpg",
        "door.jpg/door.jpg",
        "x" * 300,
        "nul\0.jpg",
        "\udcff",
    ],
)
def test_what_is_not_there_is_not_found(path: str, allowed: Path) -> None:
    (allowed / "door.jpg").write_bytes(b"data")
    assert _why(f"{allowed}/{path}", allowed) is MissingReason.NOT_FOUND


def test_a_file_that_vanishes_before_it_is_opened_is_not_found(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = allowed / "door.jpg"
    path.write_bytes(b"data")
    realpath = os.path.realpath

    def found_and_gone(name: str) -> str:
        found = realpath(name)
        path.unlink()
        return found

    monkeypatch.setattr(os.path, "realpath", found_and_gone)
    assert _why(path, allowed) is MissingReason.NOT_FOUND


def test_a_file_that_fails_while_it_is_read_is_unreadable(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (allowed / "door.jpg").write_bytes(b"data")

    def fail(file: int, most: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    assert _why(allowed / "door.jpg", allowed) is MissingReason.UNREADABLE


@pytest.mark.parametrize(
    "path",
    [
        "{allowed}/../secrets.yaml",
        "{allowed}/x/../../secrets.yaml",
        "{outside}/secrets.yaml",
        "{outside}/gone.yaml",
        "{allowed}2/door.jpg",
        "{outside}",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "../../secrets.yaml",
        "secrets.yaml",
        "",
    ],
)
def test_what_lies_outside_is_not_allowed_whether_it_is_there_or_not(
    path: str, allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = allowed.with_name("www2")
    twin.mkdir()
    (twin / "door.jpg").write_bytes(SECRET)
    monkeypatch.chdir(allowed.parent)
    monkeypatch.setattr(os, "open", _never_opened)
    path = path.format(allowed=allowed, outside=allowed.parent)
    assert _why(path, allowed) is MissingReason.NOT_ALLOWED


def _never_opened(*_: object) -> int:
    raise AssertionError("it was opened")


def test_a_link_out_of_the_folder_is_not_allowed(allowed: Path) -> None:
    (allowed / "door.jpg").symlink_to(allowed.parent / "secrets.yaml")
    assert _why(allowed / "door.jpg", allowed) is MissingReason.NOT_ALLOWED


def test_a_folder_that_is_a_link_out_of_it_is_not_allowed(allowed: Path) -> None:
    (allowed / "house").symlink_to(allowed.parent, target_is_directory=True)
    assert (
        _why(allowed / "house" / "secrets.yaml", allowed) is MissingReason.NOT_ALLOWED
    )


def test_a_link_that_leads_to_itself_is_no_file(allowed: Path) -> None:
    (allowed / "one").symlink_to(allowed / "two")
    (allowed / "two").symlink_to(allowed / "one")
    assert _why(allowed / "one", allowed) is MissingReason.UNSUPPORTED


def test_a_link_within_the_folder_is_the_file_that_it_leads_to(allowed: Path) -> None:
    (allowed / "2026-11-26.jpg").write_bytes(b"data")
    (allowed / "latest.jpg").symlink_to("2026-11-26.jpg")
    assert _read(allowed / "latest.jpg", allowed) == b"data"


def _link_in_its_place(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent.parent / "secrets.yaml")


def _folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.parent.rename(path.parent.with_name("was"))
    path.parent.symlink_to(path.parent.parent, target_is_directory=True)


@pytest.mark.parametrize("swap", [_link_in_its_place, _folder_in_its_place])
def test_what_is_swapped_after_it_was_looked_at_leads_nowhere(
    swap: Callable[[Path], None], allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = allowed / "secrets.yaml"
    path.write_bytes(b"harmless")
    realpath = os.path.realpath

    def found_and_swapped(name: str) -> str:
        found = realpath(name)
        swap(path)
        return found

    monkeypatch.setattr(os.path, "realpath", found_and_swapped)
    assert _why(path, allowed) in {
        MissingReason.NOT_ALLOWED,
        MissingReason.UNSUPPORTED,
    }


@pytest.mark.parametrize("trusted", [False, True])
def test_what_is_no_regular_file_is_never_opened_to_be_read(
    trusted: bool, allowed: Path
) -> None:
    """A FIFO would hold the thread until somebody writes, a device might act."""
    os.mkfifo(allowed / "fifo")
    (allowed / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(allowed / "socket"))
    for name in ("fifo", "folder", "socket"):
        with pytest.raises(NotAttachedError) as error:
            files.read(allowed / name, _limit) if trusted else _read(
                allowed / name, allowed
            )
        assert error.value.reason is MissingReason.UNSUPPORTED, name


@pytest.mark.parametrize(
    "path",
    ["/dev/null", "/dev/zero", "/proc/self/environ", "/sys/kernel/uevent_seqnum"],
)
def test_what_is_the_kernels_is_no_file_even_if_everything_is_allowed(
    path: str,
) -> None:
    assert _why(path, Path("/")) is MissingReason.UNSUPPORTED
    with pytest.raises(NotAttachedError) as error:
        files.read(Path(path), _limit)
    assert error.value.reason is MissingReason.UNSUPPORTED


def test_a_file_that_lies_in_memory_is_a_file() -> None:
    """Cameras' snapshots often do, to spare a memory card."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "door.jpg"
        path.write_bytes(b"data")
        assert _read(path, Path("/dev/shm")) == b"data"  # noqa: S108


def test_what_a_media_source_vouches_for_may_be_a_link(allowed: Path) -> None:
    (allowed / "share").symlink_to(allowed.parent, target_is_directory=True)
    assert files.read(allowed / "share" / "secrets.yaml", _limit) == SECRET


def test_no_file_stays_open_however_it_ends(allowed: Path) -> None:
    (allowed / "good").write_bytes(b"data")
    (allowed / "empty").touch()
    os.mkfifo(allowed / "fifo")
    before = _open_files()
    for name in ("good", "empty", "fifo", "gone", "../secrets.yaml"):
        with suppress(NotAttachedError):
            _read(allowed / name, allowed)
    assert _open_files() == before


def _open_files() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def test_a_picture_may_be_larger_than_what_can_not_be_scaled(allowed: Path) -> None:
    budget = Budget(file=100)
    for head, most in ((b"\xff\xd8\xff\xe0", 10_000), (b"GIF89a", 100), (b"text", 100)):
        path = allowed / "file"
        path.write_bytes(head.ljust(most, b"."))
        allow = (str(allowed),)
        assert len(files.read_allowed(str(path), allow, budget.unscaled)) == most
        with path.open("ab") as file:
            file.write(bytes(12_000_000))
        with pytest.raises(NotAttachedError) as error:
            files.read_allowed(str(path), allow, budget.unscaled)
        assert error.value.reason is MissingReason.TOO_LARGE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_unreadable(allowed: Path) -> None:
    (allowed / "closed").write_bytes(b"data")
    (allowed / "closed").chmod(0)
    assert _why(allowed / "closed", allowed) is MissingReason.UNREADABLE
