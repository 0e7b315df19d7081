"""The module's mail service: settings, draft, and the one sending that may be under way."""

import asyncio
from collections.abc import Awaitable, Callable
import threading
from typing import TYPE_CHECKING

from .errors import (
    SMTP_NETWORK,
    SMTP_NO_ADDRESS,
    SMTP_NO_CONTEXT,
    SMTP_NO_MEMORY,
    SMTP_OPEN_FILE,
    SMTP_TIMEOUT,
)
from .mail_draft import MailDraft, MailSettings, SslType
from .names import UnknownName, Unreachable
from .observations import Delivery
from .profiles import MailClient

if TYPE_CHECKING:
    from .mime import Attachment
    from .modem import Modem
    from .smtp_delivery import Conversation, Job


class MailService:
    """Holds what QSMTPCFG and its kin set, and sends on QSMTPPUT."""

    def __init__(self, modem: Modem) -> None:
        """Begin with the defaults."""
        self._modem = modem
        self.settings = MailSettings()
        self.draft = MailDraft()
        self.sending = False
        # whether the result of the last delivery reached the host
        self._conversation: Conversation | None = None

    def reset(self) -> None:
        """A reboot: nothing is saved, and a sending is torn off."""
        self.settings = MailSettings()
        self.draft = MailDraft()
        self.sending = False
        self.abort(SMTP_NETWORK)

    def sent(self) -> None:
        """The result is about to be told: commands are taken again."""
        self.sending = False

    def abort(self, err: int) -> None:
        """End a sending with this code."""
        if self._conversation is not None:
            self._conversation.abort(err)

    def context_lost(self, cid: int) -> None:
        """A PDP context is gone, and with it the connections on it."""
        if cid == self.settings.context:
            self.abort(SMTP_NETWORK)

    async def send(
        self, seconds: int, report: Callable[[int, int], Awaitable[bool]]
    ) -> None:
        """Send the draft; `report` tells the host the result and whether it could."""
        modem = self._modem
        limit = modem.patience(seconds)
        started = modem.loop.time()
        conversation: Conversation | None = None
        if wait := modem.settings.put_seconds:
            await asyncio.sleep(wait)
        try:
            job = self._job()
        except _NotSent as reason:
            # F1: the terse client has one code for whatever happens on the way
            result = (SMTP_NETWORK if self._terse else reason.err, 0)
        else:
            conversation = self._start(job)
            left = max(0.0, limit - (modem.loop.time() - started))
            result = await self._converse(conversation, left)
        self._record(conversation, result, await report(*result))

    def _start(self, job: Job) -> Conversation:
        # smtplib takes a while to import, and the process has to start fast
        from .smtp_delivery import Conversation  # noqa: PLC0415
        from .terse_client import TerseConversation  # noqa: PLC0415

        kind = TerseConversation if self._terse else Conversation
        self._conversation = kind(job)
        return self._conversation

    @property
    def _terse(self) -> bool:
        return self._modem.profile.mail_client is MailClient.TERSE

    async def _converse(
        self, conversation: Conversation, limit: float
    ) -> tuple[int, int]:
        loop = self._modem.loop
        done: asyncio.Future[tuple[int, int]] = loop.create_future()

        def settle(result: tuple[int, int]) -> None:
            if not done.done():
                self._modem.counter.count(conversation.carried)
                done.set_result(result)
            elif done.cancelled():
                # The modem rebooted meanwhile; what became of it is still recorded
                self._record(conversation, result, False)

        def work() -> None:
            result = conversation.run()
            loop.call_soon_threadsafe(settle, result)

        threading.Thread(target=work, daemon=True).start()
        timer = loop.call_later(limit, conversation.abort, SMTP_TIMEOUT)
        try:
            return await done
        finally:
            timer.cancel()
            if self._conversation is conversation:
                self._conversation = None

    def _job(self) -> Job:
        from .smtp_delivery import Job  # noqa: PLC0415
        from .tls_client import TlsSettings  # noqa: PLC0415

        modem, settings, draft = self._modem, self.settings, self.draft
        if not modem.packet.active(settings.context):
            raise _NotSent(SMTP_NO_CONTEXT)
        if not modem.packet.carries(settings.context):
            # The modem believes in its context; its DNS requests go unanswered
            raise _NotSent(SMTP_NO_ADDRESS)
        try:
            target = modem.names.route(settings.server, settings.port)
        except UnknownName:
            raise _NotSent(SMTP_NO_ADDRESS) from None
        except Unreachable:
            raise _NotSent(SMTP_NETWORK) from None
        if not modem.packet.connection_allowed():
            raise _NotSent(SMTP_NETWORK)
        contexts, number = modem.tls, settings.ssl_context
        checks_time = contexts.number(number, "ignorelocaltime") == 0
        tls = TlsSettings(
            name=settings.server,
            version=contexts.number(number, "sslversion"),
            suite=contexts.number(number, "ciphersuite"),
            level=contexts.security_level(number),
            sni=contexts.number(number, "sni") == 1,
            checks_name=contexts.checks_name(number),
            ca=modem.files.content(contexts.get(number, "cacert")),
            certificate=modem.files.content(contexts.get(number, "clientcert")),
            key=modem.files.content(contexts.get(number, "clientkey")),
            when=modem.clock.utc() if checks_time else None,
            handshake_seconds=modem.patience(contexts.number(number, "negotiatetime")),
            tls13=modem.profile.tls13,
        )
        message, fault = self._message()
        return Job(
            target=target,
            server_name=settings.server,
            # F6
            own_name="localhost" if self._terse else f"[{modem.settings.address}]",
            ssl_type=settings.ssl_type,
            tls=tls,
            username=settings.username,
            password=settings.password,
            sender=settings.sender_address,
            recipients=tuple(r.address for r in draft.recipients),
            message=message,
            attachment_fault=fault,
        )

    def _message(self) -> tuple[bytes, int]:
        """The message, and the code of the fault that cut it short (F2)."""
        from . import terse_client  # noqa: PLC0415
        from .mime import MessageStyle, compose  # noqa: PLC0415

        modem = self._modem
        attachments, fault = self._attachments()
        if self._terse:
            return terse_client.compose(
                self.settings, self.draft, attachments, cut_short=fault != 0
            ), fault
        if fault:
            raise _NotSent(fault)
        style = MessageStyle(
            date=modem.clock.utc(),
            identifier=modem.random.randbytes(8).hex(),
            body_encoding=modem.settings.body_encoding,
            body_original=modem.profile.body_original,
        )
        return compose(self.settings, self.draft, attachments, style), 0

    def _attachments(self) -> tuple[list[Attachment], int]:
        """The attachments up to one that can't be had, and the code that says why."""
        from .mime import Attachment  # noqa: PLC0415

        found: list[Attachment] = []
        for _, name in sorted(self.draft.attachments.items()):
            data = self._modem.files.content(name)
            if data is None:
                return found, SMTP_OPEN_FILE
            if 0 < self._modem.settings.attachment_memory < len(data):
                return found, SMTP_NO_MEMORY
            found.append(Attachment(name.rpartition(":")[2], data))
        return found, 0

    def _record(
        self,
        conversation: Conversation | None,
        result: tuple[int, int],
        reported: bool,
    ) -> None:
        journal, settings = self._modem.journal, self.settings
        job = None if conversation is None else conversation.job
        plain = settings.ssl_type is SslType.NONE
        journal.delivery(
            Delivery(
                at=journal.uptime(),
                boot=journal.boot,
                err=result[0],
                protocol_error=result[1],
                accepted=conversation is not None and conversation.accepted,
                reported=reported,
                server=f"{settings.server}:{settings.port}",
                security="none" if plain or not conversation else conversation.security,
                server_name=job.tls.name if job is not None and job.tls.sni else "",
                authenticated=conversation is not None and conversation.authenticated,
                sender=job.sender if job is not None else "",
                recipients=tuple(job.recipients) if job is not None else (),
                message=job.message if job is not None else b"",
            )
        )


class _NotSent(Exception):
    """Sending fails before there is a connection."""

    def __init__(self, err: int) -> None:
        super().__init__(err)
        self.err = err
