"""Names that the Home Assistant side shares, among them the layout of an entry's data.

A config entry has the modem's IMEI as its unique id and this flat ``data``::

    device           str         serial port or URL
    baudrate         int         bits per second
    model, firmware  str         as the modem named them when it was last identified
    mail_client      bool        whether that firmware has one; missing: it has
    usb              dict        the USB device behind the port, where there is one: the
                                 port's ``device``, ``vid``, ``pid``, ``serial_number``
                                 and ``interface_num``, and its ``location``, the USB
                                 socket; absent until the modem answered
    apn              str
    apn_username     str         may be empty, as may the password
    apn_password     str
    authentication   str         none, pap, chap, pap_or_chap
    host             str         mail server
    port             int
    security         str         tls, starttls, none
    username         str         mail account; may be empty, as may the password
    password         str
    sender_name      str
    sender_address   str
    certificate      str | None  root in PEM; None: the server is not verified
    verification     str         automatic: the certificate is what the check of the
                                 account finds; manual, or missing: a person's choice
    pin              str | None  the SIM's PIN
    iccid            str | None  the SIM that the PIN belongs to

Each recipient is a subentry of type ``recipient``: its title is the name, its ``data``
holds the lists ``to``, ``cc`` and ``bcc``, and in ``critical`` whether all of its emails
are; missing: they are not.

The entry's ``options`` are what a person may choose about delivery; each has a default::

    lifetime         int   hours that an email may wait
    emails_per_hour  int   sent at most
    emails_per_day   int
    digest           bool  whether many that wait for one recipient may go out as one
    idle             int   minutes without mail after which the data connection is given
                           back; 0: never
    way              str   by what emails go out: automatic, module, stream
    reply_to         str   the address that answers go to; empty: the sender's
    allowed_addresses  list[str]  addresses and domains that an action may add
    picture_budget   int   kilobytes of a picture at most
    roaming          bool  whether emails go from another operator's network, too
    line_lost_after  int   minutes until a repair tells of a line that is lost
    test_report      str   how often a report is sent: off, daily, weekly
    report_to        str   to which recipient, by its id; sender: the sender's mailbox
"""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "quectel_smtp"
PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.SENSOR,
]
MANUFACTURER: Final = "Quectel"

# Of an entry; "device", "model", "host", "port", "username", "password" and "pin" have
# constants in homeassistant.const.
CONF_BAUDRATE: Final = "baudrate"
CONF_FIRMWARE: Final = "firmware"
CONF_MAIL_CLIENT: Final = "mail_client"
CONF_USB: Final = "usb"
CONF_APN: Final = "apn"
CONF_APN_USERNAME: Final = "apn_username"
CONF_APN_PASSWORD: Final = "apn_password"
CONF_AUTHENTICATION: Final = "authentication"
CONF_SECURITY: Final = "security"
CONF_SENDER_NAME: Final = "sender_name"
CONF_SENDER_ADDRESS: Final = "sender_address"
CONF_CERTIFICATE: Final = "certificate"
CONF_VERIFICATION: Final = "verification"
CONF_ICCID: Final = "iccid"

# Of a recipient.
SUBENTRY_RECIPIENT: Final = "recipient"
CONF_TO: Final = "to"
CONF_CC: Final = "cc"
CONF_BCC: Final = "bcc"
CONF_CRITICAL: Final = "critical"

# Of an entry's options.
CONF_LIFETIME: Final = "lifetime"
CONF_PER_HOUR: Final = "emails_per_hour"
CONF_PER_DAY: Final = "emails_per_day"
CONF_DIGEST: Final = "digest"
CONF_IDLE: Final = "idle"
CONF_WAY: Final = "way"
CONF_ROAMING: Final = "roaming"
CONF_LINE_LOST_AFTER: Final = "line_lost_after"
CONF_TEST_REPORT: Final = "test_report"
CONF_REPORT_TO: Final = "report_to"

ROAMING_CHOSEN: Final = 2
"""Since this minor version of an entry, roaming is a person's choice."""
REPORT_TO_SENDER: Final = "sender"
CONF_REPLY_TO: Final = "reply_to"
CONF_ALLOWED_ADDRESSES: Final = "allowed_addresses"
CONF_PICTURE_BUDGET: Final = "picture_budget"

VERIFICATION_AUTOMATIC: Final = "automatic"
VERIFICATION_MANUAL: Final = "manual"
WAY_AUTOMATIC: Final = "automatic"

# Of the forms only.
SECTION_ADVANCED: Final = "advanced"
SECTION_CONTENT: Final = "content"
SECTION_ADDITIONAL: Final = "additional"
SECTION_LINE: Final = "line"
SECTION_MORE: Final = "more"
CONF_SAVE_UNCHECKED: Final = "save_unchecked"
CONF_BACK: Final = "back"
CONF_TEST_TO: Final = "test_to"
CONF_BEGIN: Final = "begin"
CONF_CONFIRMED: Final = "confirmed"
CONF_REASON: Final = "reason"
REASON_PIN: Final = "pin"
REASON_LOGIN: Final = "login"

DEFAULT_SUBJECT: Final = "Home Assistant"

SHOWN_APART: Final = 0.002
"""Least seconds between two events: an event entity's state is the time of its last one,
in milliseconds, and an automation takes the same state twice for one."""
