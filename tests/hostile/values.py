"""What nobody types by accident: values for every field, one list for all tests.

Each has been the way into some modem, mail client or Home Assistant, or is next to a limit.
"""

from typing import Final

COMMANDS: Final = (
    'x"\r\nAT+CFUN=0\r\n',
    'x";+QPOWD',
    "AT+QPOWD",
    "A/",
    "+++",
    "+++\r\nATH\r\n",
    "%s%n%x",
    "$(reboot)`id`|sh",
    "*",
    "UFS:a.jpg",
)
"""What an AT parser, a format string or a shell may take for its own."""

MARKS: Final = ('"', '""', '\\"', ",", ";", "'", "\\", "<", ">", "@", ":", "=")

LINE_ENDS: Final = ("\r", "\n", "\r\n", "\x85", "\u2028", "\u2029", "\v", "\f")

INVISIBLE: Final = (
    "\0",
    "\x08",
    "\x11\x13",
    "\x1a",
    "\x1b",
    "\x7f",
    "\x80\x9f\xff",
    "\ud800",
    "\udc80\udcff",
    "\ufeff",
    "\u200b",
    "\u202e",
    "\u0301",
    "\ufffe",
)

SCRIPTS: Final = ("é", "水", "😀", "👨‍👩‍👧", "שלום", "e\u0301")

HEADERS: Final = (
    "x\r\nBcc: evil@example.net",
    "x\nBcc: evil@example.net\n\nBody",
    "=?utf-8?q?x=0d=0aBcc:_evil@example.net?=",
    "x\r\n\r\n.\r\nMAIL FROM:<evil@example.net>\r\n",
)
"""What would be a header, or an email, of its own."""

NUMBERS: Final = ("0", "1", "-1", "007", "1e9", "true", "null", " ", "   ")

LENGTHS: Final = (49, 50, 51, 99, 100, 101, 139, 140, 255, 4096)
"""Bytes about which a field of a modem or a server ends."""

VALUES: Final = (
    *COMMANDS,
    *(f"a{mark}b" for mark in (*MARKS, *LINE_ENDS, *INVISIBLE)),
    *SCRIPTS,
    *HEADERS,
    *NUMBERS,
    *("x" * length for length in LENGTHS),
    "水" * 100,
)
"""All of them, for a field of one line."""

ANSWERS: Final = (
    "OK",
    "ERROR",
    "CONNECT",
    "RDY",
    "+QSMTPPUT: 0,0",
    "+CME ERROR: 30",
    "NO CARRIER",
    "> ",
)

BODIES: Final = (
    "",
    "+++",
    "+++\n+++\r\n+++",
    "x" * 509 + "+++" + "y" * 400,
    "\n.\n",
    "\r\n.\r\n",
    "\r.\r",
    ".\n..\n.",
    "a\rb\nc\r\nd",
    "\r\n".join(ANSWERS),
    "x" * 20_000,
    "é" * 5_119 + "x",
    ("x" * 78 + "\r\n") * 128,
    ("x" * 78 + "\r\n") * 128 + "y",
    "+" * 10_300,
    "e" + "\u0301" * 10_000,
    "\x1b[31m" * 5_000,
    "\0" * 300,
    "None",
)

PAGES: Final = (
    "<script>alert(1)</script>",
    "<p>" * 2_000,
    "<img src='cid:a\r\nBcc: evil@example.net'>",
    "<!--",
    "x" * 30_000,
)

NO_ADDRESSES: Final = (
    "x",
    "@",
    "a@",
    "@b.example",
    "a b@example.com",
    "a@exa mple.com",
    "a@b@example.com",
    "a@example.com@evil.example",
    "a@example.com\r\nRCPT TO:<evil@example.net>",
    "a@example.com>\r\nRCPT TO:<evil@example.net",
    "<a@example.com>",
    "Anna <a@example.com>",
    '"a b"@example.com',
    '"a@example.com"@evil.example',
    "a(comment)@example.com",
    "a@example.com(evil.example)",
    "a@[127.0.0.1]",
    "a@[IPv6:::1]",
    "a@example.com,evil@example.net",
    "a@example.com;evil@example.net",
    "a@example.com.",
    "a@.example.com",
    "a..b@example.com",
    "<script>@example.com",
    'a"@example.com',
    "a\0@example.com",
    "a@example.com\0.evil.example",
    "a\u200b@example.com",
    "\ud800@example.com",
    "ä@example.com",
    "a@" + "x" * 250 + ".example",
    "a" * 300 + "@example.com",
    "a@" + "ü" * 100_000,
)
"""What no email can be sent to, whichever way it goes."""
