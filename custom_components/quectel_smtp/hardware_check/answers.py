"""What the evidence says to each question of firmware, F1 to F20, and what it leaves open.

The numbers are those of the project's list of what published firmware was seen to do. An
answer is what was seen, never what is likely.
"""

from typing import Final

from . import on_commands, on_emails
from .answer import Answer, Answering, never
from .evidence import Evidence, Step


def answers(evidence: Evidence) -> tuple[Answer, ...]:
    """Return an answer to every question."""
    return tuple(
        Answer(name, question, *answering(evidence))
        for name, question, answering in _QUESTIONS
    )


_QUESTIONS: Final[tuple[tuple[str, str, Answering], ...]] = (
    (
        "F1",
        "how a failed email is told",
        on_emails.failures,
    ),
    (
        "F2",
        "whether a fault with an attachment ends the email with a dot all the same",
        never("it would send a damaged email"),
    ),
    (
        "F3",
        "whether Bcc is written into the email",
        on_emails.arrived(Step.KINDS, on_emails.hidden),
    ),
    (
        "F4",
        "what follows where a server offers no STARTTLS",
        on_emails.by_own_client(Step.NO_STARTTLS, on_emails.starttls),
    ),
    (
        "F5",
        "whether one refused recipient fails the whole email",
        never("it would take a fourth email, and an address that the server refuses"),
    ),
    (
        "F6",
        "how the modem's client builds an email",
        on_emails.arrived(Step.OWN_CLIENT, on_emails.form, Step.KINDS),
    ),
    (
        "F7",
        "whether lines that begin with a dot survive",
        on_emails.arrived(Step.OWN_CLIENT, on_emails.dots, Step.KINDS),
    ),
    ("F8", "to which port results go", on_emails.routing),
    (
        "F9",
        "how QIGETERROR numbers its errors",
        on_commands.asked(on_commands.ACTIVATE_AGAIN, on_commands.error_number),
    ),
    ("F10", "what AT+CPIN? says", on_commands.asked("AT+CPIN?", on_commands.sim_words)),
    (
        "F11",
        "whether QSMTPCFG has addrseparator",
        on_commands.asked('AT+QSMTPCFG="addrseparator"', on_commands.separator),
    ),
    (
        "F12",
        "whether the firmware has the SMTP commands",
        on_commands.asked("AT+QSMTPCFG=?", on_commands.mail_commands),
    ),
    (
        "F13",
        "what is said while the modem starts",
        never("the check restarts no modem"),
    ),
    (
        "F14",
        "whether the network lets a modem in without its APN",
        on_commands.asked("AT+CGDCONT?", on_commands.apn),
    ),
    (
        "F15",
        "whether the APN is kept over a restart",
        never("the check restarts no modem"),
    ),
    (
        "F16",
        "what activating an active context says",
        on_commands.asked(on_commands.ACTIVATE_AGAIN, on_commands.activated_again),
    ),
    (
        "F17",
        "what is known of the ports of result codes",
        on_commands.asked("AT+QURCCFG=?", on_commands.result_code_settings),
    ),
    (
        "F18",
        "whether other ports stream logs",
        never("the check opens one port only"),
    ),
    (
        "F19",
        "whether the modem dials by itself, as a network device",
        on_commands.asked("AT+QNETDEVCTL?", on_commands.dials),
    ),
    ("F20", "what the modem calls itself on USB", on_commands.on_usb),
    (
        "own client",
        "whether email leaves by the modem's own mail client",
        on_emails.by_own_client(Step.OWN_CLIENT, on_emails.ended),
    ),
    ("TCP", "whether email leaves by the modem's TCP", on_emails.told_of(Step.TCP)),
    (
        "kinds",
        "whether an email to To, Cc and Bcc leaves by the modem's own mail client",
        on_emails.by_own_client(Step.KINDS, on_emails.ended),
    ),
    (
        "wrong root",
        "whether the modem's client refuses a server whose root is another",
        on_emails.by_own_client(Step.WRONG_ROOT, on_emails.root_refused),
    ),
)
