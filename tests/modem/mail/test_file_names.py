"""What an attachment is called in the modem's store, and so by the recipient's reader."""

import re

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.mail.file_names import stored_name


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("door.jpg", "door.jpg"),
        ("Front door (2).JPG", "Front door (2).JPG"),
        ("2026-11-26 04.05+00.jpeg", "2026-11-26 04.05+00.jpeg"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("README", "README"),
        ("Mr. Smith at the door", "Mr. Smith at the door"),
        # Letters without their accents, and a mark for what has none.
        ("Haustür.jpg", "Haustur.jpg"),
        ("Straße.jpg", "Stra_e.jpg"),
        ("门口.jpg", "_.jpg"),
        ("🚪😀.png", "_.png"),
        # A path is nobody's business, and no name leaves the store.
        ("../../secrets.yaml", "secrets.yaml"),
        ("/config/www/door.jpg", "door.jpg"),
        ("C:\\x\\a b.txt", "a b.txt"),
        ("..", "file"),
        ("", "file"),
        (".jpg", "file.jpg"),
        ("  door .jpg", "door.jpg"),
        ('UFS:"\r\n.jpg', "UFS_.jpg"),
        ("a;b,c\0.txt", "a_b_c_.txt"),
        # Those are certificates.
        ("QSMTP_CA_1.pem", "_QSMTP_CA_1.pem"),
        # 46 bytes, the extension kept.
        ("x" * 300 + ".jpeg", "x" * 41 + ".jpeg"),
        ("a." + "e" * 300, "a." + "e" * 44),
    ],
)
def test_a_name_stays_as_it_was_given_as_far_as_it_can_be_stored(
    name: str, stored: str
) -> None:
    assert stored_name(name, ()) == stored


def test_two_of_one_name_are_told_apart_by_a_number() -> None:
    assert stored_name("door.jpg", {"door.jpg"}) == "door_2.jpg"
    assert stored_name("door.jpg", {"door.jpg", "door_2.jpg"}) == "door_3.jpg"
    assert stored_name("DOOR.jpg", {"door.jpg"}) == "DOOR_2.jpg"
    longest = "x" * 42 + ".jpg"
    assert stored_name(longest, {longest}) == "x" * 40 + "_2.jpg"


def test_a_plain_name_has_nothing_that_a_file_system_may_not_know() -> None:
    assert stored_name("Front door (2).jpg", (), plain=True) == "Front_door_2_.jpg"


@given(
    st.text(),
    st.sets(st.sampled_from(["file", "file_2", "a.jpg", "a_2.jpg"])),
    st.booleans(),
)
def test_any_name_can_be_stored_and_is_nobody_elses(
    name: str, taken: set[str], plain: bool
) -> None:
    stored = stored_name(name, taken, plain=plain)
    assert len(f"UFS:{stored}") <= 50
    assert re.fullmatch(r"[A-Za-z0-9 ._()+=@-]+", stored)
    assert stored.strip(" ") == stored
    assert stored.lower() not in taken
    assert not stored.lower().startswith("qsmtp_ca_")
