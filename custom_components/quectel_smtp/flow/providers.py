"""The mail providers that are offered by name: what a person would have to look up.

Hosts, ports and what each takes as a password, as the providers' own help had it in
November 2026. Port 465 is taken where there is one: with STARTTLS the modem's own mail
client may fall back to clear text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..modem.mail.server import Security


class Secret(StrEnum):
    """What a provider takes as the password; each is a form of its own."""

    APP_PASSWORD = "app_password"
    """One that it makes for a single program."""
    AUTHORIZATION_CODE = "authorization_code"
    """The same, made when the mailbox is opened to programs."""
    MAIL_PASSWORD = "mail_password"
    """The usual one, once programs are let in."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider; its user name is the whole email address.

    ``help`` is its page about the password. ``hosts`` are the servers of domains that
    have others. ``oauth_only``: whether most of its accounts take no password any more.
    """

    name: str
    host: str
    help: str
    port: int = 465
    security: Security = Security.TLS
    secret: Secret = Secret.APP_PASSWORD
    hosts: Mapping[str, str] = field(default_factory=dict)
    oauth_only: bool = False

    def host_of(self, address: str) -> str:
        """Return the server that this address sends by."""
        domain = address.rpartition("@")[2].casefold()
        return self.hosts.get(domain, self.host)


PROVIDERS: Final[Mapping[str, Provider]] = {
    "gmail": Provider(
        "Gmail",
        "smtp.gmail.com",
        "https://support.google.com/accounts/answer/185833",
    ),
    # Of personal accounts, passwords and app passwords are refused since 16 September
    # 2024 (535 5.7.139), of others since spring 2026. There is no port 465.
    "outlook": Provider(
        "Outlook.com",
        "smtp-mail.outlook.com",
        "https://support.microsoft.com/office/c5d65390-9676-4763-b41f-d7986499a90d",
        port=587,
        security=Security.STARTTLS,
        oauth_only=True,
    ),
    # No port 465.
    "icloud": Provider(
        "iCloud",
        "smtp.mail.me.com",
        "https://support.apple.com/102654",
        port=587,
        security=Security.STARTTLS,
    ),
    "yahoo": Provider(
        "Yahoo",
        "smtp.mail.yahoo.com",
        "https://help.yahoo.com/kb/SLN15241.html",
    ),
    "gmx": Provider(
        "GMX",
        "mail.gmx.net",
        "https://support.gmx.com/pop-imap/toggle.html",
        secret=Secret.MAIL_PASSWORD,
        hosts={"gmx.com": "mail.gmx.com"},
    ),
    # Its help knows port 587 alone.
    "web_de": Provider(
        "WEB.DE",
        "smtp.web.de",
        "https://hilfe.web.de/pop-imap/einschalten.html",
        port=587,
        security=Security.STARTTLS,
        secret=Secret.MAIL_PASSWORD,
    ),
    "fastmail": Provider(
        "Fastmail",
        "smtp.fastmail.com",
        "https://www.fastmail.help/hc/en-us/articles/360058752854",
    ),
    "mail_163": Provider(
        "163.com",
        "smtp.163.com",
        "https://mail.163.com/",
        secret=Secret.AUTHORIZATION_CODE,
    ),
    "qq": Provider(
        "qq.com",
        "smtp.qq.com",
        "https://service.mail.qq.com/",
        secret=Secret.AUTHORIZATION_CODE,
    ),
    "mail_126": Provider(
        "126.com",
        "smtp.126.com",
        "https://mail.126.com/",
        secret=Secret.AUTHORIZATION_CODE,
    ),
    "sina": Provider(
        "sina.com",
        "smtp.sina.com",
        "https://mail.sina.com.cn/",
        secret=Secret.AUTHORIZATION_CODE,
    ),
}
