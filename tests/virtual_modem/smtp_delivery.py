"""Hands one message to a real SMTP server, as the module's mail client does.

It follows what is known of the sister firmware's client: EHLO with HELO as fallback,
STARTTLS, AUTH LOGIN before PLAIN, the first refused recipient ends it. A blocking
conversation, meant for a thread of its own; `abort` ends it from another.
"""

import base64
from collections.abc import Sequence
import contextlib
from dataclasses import dataclass
import smtplib
import socket
import threading

from .data_counter import Carried, carried_by
from .errors import (
    SMTP_AUTH_TYPE,
    SMTP_CLOSED_BY_PEER,
    SMTP_NETWORK,
    SMTP_SEND_FAILED,
    SMTP_TIMEOUT,
    SMTP_TLS_FAILED,
)
from .mail_draft import SslType
from .names import BLACK_HOLE
from .tls_client import TlsRefused, TlsSettings, wrap

# SMTP note, tables 3 and 4: the server's reply and the module's own code for it
_ERRORS_BY_REPLY = {
    421: 666,
    450: 667,
    451: 668,
    452: 669,
    500: 670,
    501: 671,
    502: 672,
    503: 673,
    504: 674,
    521: 675,
    530: 676,
    535: 677,
    550: 678,
    551: 679,
    552: 680,
    553: 681,
    554: 682,
}


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that one delivery needs.

    attachment_fault: the code of an attachment's fault that cut the message short.
    """

    target: tuple[str, int]
    server_name: str
    own_name: str
    ssl_type: SslType
    tls: TlsSettings
    username: str
    password: str
    sender: str
    recipients: Sequence[str]
    message: bytes
    attachment_fault: int = 0


class _Failure(Exception):
    """It went wrong: <err> and <protocol_error>."""

    def __init__(self, err: int, protocol_error: int = 0) -> None:
        super().__init__(err, protocol_error)
        self.err = err
        self.protocol_error = protocol_error


class Conversation:
    """One delivery under way, as the SMTP note has it: a code for each failure."""

    def __init__(self, job: Job) -> None:
        """Nothing is connected yet."""
        self.job = job
        self.accepted = False
        self.authenticated = False
        self.security = "none"
        self.carried = Carried()
        self._client = smtplib.SMTP(local_hostname=job.own_name)
        # An address may hold what the modem's own parser let through
        self._client.command_encoding = "latin-1"
        # A descriptor of its own: TLS takes the first one over
        self._handle: socket.socket | None = None
        self._abort_code: int | None = None
        self._lock = threading.Lock()

    def run(self) -> tuple[int, int]:
        """Deliver; <err> and <protocol_error>, 0 and 0 when the server accepted."""
        try:
            self._connect()
            self._send()
        except _Failure as failure:
            result = (failure.err, failure.protocol_error)
        except smtplib.SMTPServerDisconnected:
            result = (SMTP_CLOSED_BY_PEER, 0)
        except TlsRefused:
            result = (SMTP_TLS_FAILED, 0)
        except TimeoutError:
            result = (SMTP_TIMEOUT, 0)
        except ConnectionResetError, BrokenPipeError:
            result = (SMTP_CLOSED_BY_PEER, 0)
        except OSError:
            result = (SMTP_NETWORK, 0)
        except smtplib.SMTPException, ValueError:
            result = (SMTP_SEND_FAILED, 0)
        else:
            result = (0, 0)
        with contextlib.suppress(OSError, ValueError, smtplib.SMTPException):
            self._client.docmd("QUIT")
        self._client.close()
        with self._lock:
            if self._handle is not None:
                if self._handle.family is not socket.AF_UNIX:
                    self.carried = carried_by(self._handle)
                self._handle.close()
                self._handle = None
        return self.told(result if self._abort_code is None else (self._abort_code, 0))

    def told(self, result: tuple[int, int]) -> tuple[int, int]:
        """What the host is told of a result."""
        return result

    def abort(self, err: int) -> None:
        """End it with this code, from another thread."""
        with self._lock:
            self._abort_code = err
            if self._handle is not None:
                with contextlib.suppress(OSError):
                    self._handle.shutdown(socket.SHUT_RDWR)

    def _adopt(self, connected: socket.socket) -> None:
        self._client.sock = connected
        self._client.file = None
        with self._lock:
            if self._handle is None:
                self._handle = connected.dup()
            if self._abort_code is not None:
                raise _Failure(self._abort_code)

    def _connect(self) -> None:
        job = self.job
        if job.target[1] == BLACK_HOLE:
            hole, beyond = socket.socketpair()
            with beyond:
                self._adopt(hole)
                hole.recv(1)
            raise _Failure(SMTP_NETWORK)
        try:
            connected = socket.create_connection(job.target)
        except OSError as error:
            raise _Failure(SMTP_NETWORK) from error
        self._adopt(connected)
        if job.ssl_type is SslType.SSL:
            self._secure(connected)
        self._expect(self._client.getreply(), 220)
        self._greet()
        if job.ssl_type is SslType.STARTTLS and self._may_upgrade():
            self._secure(connected)
            self._client.ehlo_resp = self._client.helo_resp = None
            self._greet()

    def _may_upgrade(self) -> bool:
        """Whether the server agrees to STARTTLS."""
        if not self._client.has_extn("starttls"):
            raise _Failure(SMTP_TLS_FAILED)
        self._expect(self._client.docmd("STARTTLS"), 220)
        return True

    def _secure(self, connected: socket.socket) -> None:
        secured = wrap(connected, self.job.tls)
        self.security = secured.version() or "none"
        self._adopt(secured)

    def _greet(self) -> None:
        code, _ = self._client.ehlo()
        if code != 250:
            self._expect(self._client.helo(), 250)

    def _send(self) -> None:
        client, job = self._client, self.job
        if job.username and client.has_extn("auth"):
            self._log_in()
        self._expect(client.docmd(f"MAIL FROM:<{job.sender}>{self._size()}"), 250)
        for recipient in job.recipients:
            self._expect(client.docmd(f"RCPT TO:<{recipient}>"), 250, 251, 252)
        self._expect(self._hand_over(), 250)
        self.accepted = True

    def _size(self) -> str:
        """MAIL's parameter (RFC 1870)."""
        offered = self._client.has_extn("size")
        return f" SIZE={len(self.job.message)}" if offered else ""

    def _hand_over(self) -> tuple[int, bytes]:
        """DATA and the message, its dots stuffed; the server's last reply."""
        try:
            return self._client.data(self.job.message)
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code) from error

    def _log_in(self) -> None:
        client, job = self._client, self.job
        offered = client.esmtp_features["auth"].upper().split()
        user, password = (t.encode("latin-1") for t in (job.username, job.password))
        if "LOGIN" in offered:
            self._expect(client.docmd("AUTH", "LOGIN"), 334)
            self._expect(client.docmd(_base64(user)), 334)
            self._expect(client.docmd(_base64(password)), 235)
        elif "PLAIN" in offered:
            plain = _base64(b"\0" + user + b"\0" + password)
            self._expect(client.docmd("AUTH", f"PLAIN {plain}"), 235)
        else:
            raise _Failure(SMTP_AUTH_TYPE)
        self.authenticated = True

    def _expect(self, reply: tuple[int, bytes], *codes: int) -> None:
        if reply[0] not in codes:
            raise _refused(reply[0])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _refused(code: int) -> _Failure:
    if code < 0:
        return _Failure(SMTP_CLOSED_BY_PEER)
    return _Failure(_ERRORS_BY_REPLY.get(code, SMTP_SEND_FAILED), code)
