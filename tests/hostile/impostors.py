"""Servers that are not the one that was meant, each with the root that is trusted."""

import pytest

from tests.virtual_modem.tests.certificates import Identity

from .tls_bench import authority, leaf

type Pair = tuple[Identity, Identity]


def wrong_ca() -> Pair:
    """Return a server of one authority, and another one that is trusted."""
    return leaf(authority("Theirs")), authority("Ours")


def namesake_ca() -> Pair:
    """Return the same, where both authorities go by one name."""
    return leaf(authority()), authority()


def self_signed() -> Pair:
    """Return a server that vouches for itself."""
    return leaf(None), authority()


def signed_by_a_server() -> Pair:
    """Return a server whose issuer is trusted, and is no authority."""
    pinned = leaf(None)
    return leaf(pinned), pinned


def expired() -> Pair:
    """Return a server whose certificate has run out."""
    root = authority()
    return leaf(root, begins=-20, ends=-10), root


def not_yet_valid() -> Pair:
    """Return a server whose certificate holds from next week on."""
    root = authority()
    return leaf(root, begins=7, ends=20), root


def wrong_name() -> Pair:
    """Return a server with the right authority's certificate for another name."""
    root = authority()
    return leaf(root, "mail.example.org"), root


def name_of_the_parent() -> Pair:
    """Return a server whose certificate names the domain above."""
    root = authority()
    return leaf(root, "example.com"), root


IMPOSTORS = pytest.mark.parametrize(
    "impostor",
    [
        wrong_ca,
        namesake_ca,
        self_signed,
        signed_by_a_server,
        expired,
        not_yet_valid,
        wrong_name,
        name_of_the_parent,
    ],
)
