"""What the modules of the family can do, each with where it is known from.

The keys of the sources are those of the project's page of modem facts: SEED is the SMTP
application note, L and N published logs, S and T Quectel manuals, G the GSM note.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class SmtpKind(StrEnum):
    """Which mail commands a firmware has."""

    NOTE = "note"
    NONE = "none"
    OLD_GSM = "old_gsm"


class MailClient(StrEnum):
    """Which program behind the mail commands makes the email and sends it.

    NOTE does what the SMTP note says; TERSE what the firmware of a sister platform does
    (F: points F1 to F8 of the project's page of evidence from published firmware).
    """

    NOTE = "note"
    TERSE = "terse"


class BodyOriginal(StrEnum):
    """What a firmware makes of QSMTPCFG="bodyoriginal".

    NO_CHARSET is the note's own wording; what a module then puts before the body is
    not documented. NOTHING: accepted and without effect (U). HEADERS: the body starts
    with header lines of its own.
    """

    ABSENT = "absent"
    NOTHING = "nothing"
    NO_CHARSET = "no_charset"
    HEADERS = "headers"


class BusyInput(StrEnum):
    """What becomes of a line that comes while a command runs."""

    LOST = "lost"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Profile:
    """One module and firmware."""

    name: str
    model: str
    revision: str
    manufacturer: str = "Quectel"
    smtp: SmtpKind = SmtpKind.NOTE
    mail_client: MailClient = MailClient.NOTE
    lte: bool = True
    contexts: int = 16
    ssl_contexts: int = 6
    tls13: bool = False
    # N and every published test command: "seclevel"; the note prints "seclvl" (1.0)
    security_level_keys: tuple[str, ...] = ("seclevel",)
    # What QSSLCFG has beyond the note's own examples. L, U: some have "checkhost", too
    newer_tls_keys: tuple[str, ...] = ("ignorelocaltime", "negotiatetime", "sni")
    # N: another name is refused without being asked; with "checkhost", only by it [INF]
    checks_name: bool = True
    has_qcsq: bool = True
    has_urcport: bool = True
    iccid_commands: tuple[str, ...] = ("+QCCID", "+ICCID")
    storages: tuple[str, ...] = ("UFS",)
    body_original: BodyOriginal = BodyOriginal.NO_CHARSET
    # SEED 2.3.6 prints +CSMTPSUB where +QSMTPSUB is meant, after QSMTPCLR
    csmtpsub: bool = True
    busy_input: BusyInput = BusyInput.LOST
    # S: +CMEE defaults to numeric codes
    cmee: int = 1
    # INF: whether +QSMTPPUT counts as a URC for AT+QURCCFG="urcport"
    put_result_routed: bool = True
    dnsgip_routed: bool = True
    auth3: bool = False


_SEED = Profile("EC200N-CN", "EC200N-CN", "EC200NCNAAR03A05M16")

_ALL = (
    replace(_SEED, name="EC200M-CN", model="EC200M-CN", revision="EC200MCNAAR02A11M08"),
    _SEED,
    replace(_SEED, name="EC800M-CN", model="EC800M-CN", revision="EC800MCNGAR06A03M04"),
    # The note's own spelling of the security level, for a driver's fallback (1.0)
    replace(
        _SEED,
        name="EC800N-CN",
        model="EC800N-CN",
        revision="EC800NCNLAR03A08M16",
        security_level_keys=("seclvl",),
        busy_input=BusyInput.ERROR,
    ),
    # No more of TLS than the note prints, and a root that is all that is looked at
    replace(
        _SEED,
        name="EC200N-CN-note",
        revision="EC200NCNAAR01A01M16",
        security_level_keys=("seclvl",),
        newer_tls_keys=(),
        checks_name=False,
    ),
    # T: seven contexts; UniRTOS kin: bodyoriginal accepted and of no effect, checkhost (U)
    replace(
        _SEED,
        name="EC200U-EU",
        model="EC200U",
        revision="EC200UEUAAR03A08M08",
        contexts=7,
        tls13=True,
        newer_tls_keys=("ignorelocaltime", "negotiatetime", "sni", "checkhost"),
        has_qcsq=False,
        iccid_commands=("+QCCID",),
        body_original=BodyOriginal.NOTHING,
        csmtpsub=False,
        auth3=True,
    ),
    # L: firmware 01.003 has no bodyoriginal
    replace(
        _SEED,
        name="EC25-E",
        model="EC25",
        revision="EC25EFAR06A01M4G",
        body_original=BodyOriginal.ABSENT,
        csmtpsub=False,
        storages=("UFS", "RAM", "SD"),
        auth3=True,
    ),
    # L: firmware 30.203 has it
    replace(
        _SEED,
        name="EG91-E",
        model="EG91",
        revision="EG91EFBR06A08M4G_30.203",
        csmtpsub=False,
        storages=("UFS", "RAM"),
        auth3=True,
    ),
    # N: no SMTP note among this module's fifteen
    replace(
        _SEED,
        name="EG800K-CN",
        model="EG800K",
        revision="EG800KCNGCR07A06M04",
        smtp=SmtpKind.NONE,
        contexts=15,
        auth3=True,
    ),
    # G: user, password and address have commands of their own
    replace(
        _SEED,
        name="M66",
        model="M66",
        manufacturer="Quectel_Ltd",
        revision="M66FAR01A12BT",
        smtp=SmtpKind.OLD_GSM,
        lte=False,
        contexts=3,
        newer_tls_keys=("ignorelocaltime", "negotiatetime"),
        has_qcsq=False,
        has_urcport=False,
        iccid_commands=("+QCCID",),
    ),
)

PROFILES = {profile.name: profile for profile in _ALL}


def with_mail_client(profile: Profile, client: MailClient) -> Profile:
    """The module with that program behind its mail commands."""
    if client is MailClient.NOTE:
        return profile
    # F8: both answer on the port that gave the command
    return replace(
        profile, mail_client=client, put_result_routed=False, dnsgip_routed=False
    )
