"""What a server says of a log-in, without what it was told in it.

Some repeat the line that they don't understand; and that one is the password.
"""

import base64
import re
from typing import Final

# Characters that nobody takes for a secret.
_SHORT: Final = 4
_MARKS: Final = "\"'`<>()[]{}.,:;?!"
_ADDRESS: Final = re.compile(r"[^\s<>()\"',:;]+@[^\s<>()\"',:;]+")


def unechoed(words: str, username: str, password: str) -> str:
    """Return a server's words with an ellipsis for what may be of a password."""
    secrets = [
        secret.casefold()
        for secret in (
            password,
            password.encode().hex(),
            _encoded(password),
            # RFC 4616 2: the message of PLAIN.
            _encoded(f"\0{username}\0{password}"),
        )
    ]

    def replaced(found: re.Match[str]) -> str:
        whole = found[0].casefold()
        word = whole.strip(_MARKS)
        tells = any(
            (len(word) >= _SHORT and word in secret)
            or (len(secret) >= _SHORT and secret in whole)
            for secret in secrets
        )
        return "…" if tells else found[0]

    return re.sub(r"\S+", replaced, words)


def unaddressed(words: str) -> str:
    """Return a server's words with an ellipsis for each address."""
    return _ADDRESS.sub("…", words)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
