"""The steps that need a mail server: a log-in, three emails, and what is meant to fail."""

from typing import Final

from ..modem.at.errors import UnsupportedModemError
from ..modem.mail.server import Security, ServerSettings
from . import trials
from .account import OwnAccount, ask_account, ask_address
from .anatomy import LONGEST, anatomy_of
from .bench import Bench
from .evidence import Fate, Step, Told
from .letters import failing_letter, letter
from .person import named_file
from .wrong_root import WRONG_ROOT

_BY_OWN_CLIENT: Final = (
    Step.OWN_CLIENT,
    Step.KINDS,
    Step.WRONG_ROOT,
    Step.NO_STARTTLS,
    Step.WRONG_PASSWORD,
)
EMAILS: Final = (Step.LOG_IN, Step.TCP, *_BY_OWN_CLIENT)
"""The steps that need a data connection and an account."""


def send_emails(bench: Bench) -> None:
    """Ask for an account, and go through the steps that it serves."""
    account = ask_account(bench.person)
    if account is None:
        bench.skip("no mail account was given", *EMAILS)
        return
    if not bench.run(_has_client(bench)):
        bench.person.say(
            "   This firmware has no mail client: what needs it is left out."
        )
        bench.skip("the firmware has no mail client", *_BY_OWN_CLIENT)
    root = _log_in(bench, account)
    log_in = bench.evidence.trials.get(Step.LOG_IN)
    if log_in is not None and log_in.told.fate is Fate.FAILED:
        bench.person.say("   No email is tried with this account.")
        bench.skip("the log-in failed", Step.TCP, *_BY_OWN_CLIENT)
        return
    if account.server.security is not Security.NONE and root is None:
        bench.skip("no root is known that the server proves itself by", *_BY_OWN_CLIENT)
    server = trials.with_root(account.server, root)
    own_client = Step.OWN_CLIENT not in bench.evidence.untried
    if own_client:
        _send_first(bench, account, server)
    _send_over_tcp(bench, account)
    if own_client:
        _send_to_kinds(bench, account, server)
        _try_wrong_root(bench, server)
        _try_without_starttls(bench)
        _try_wrong_password(bench, server)


async def _has_client(bench: Bench) -> bool:
    try:
        return await bench.modem.has_mail_client()
    except UnsupportedModemError:
        return False


def _log_in(bench: Bench, account: OwnAccount) -> str | None:
    """Log in once; return the root by which the server proves itself, if it is known."""
    root = account.server.tls.ca_pem

    async def work() -> Told:
        nonlocal root
        server = account.server
        bench.evidence.resolved = await trials.resolve(bench.modem, server.host)
        told, found = await trials.log_in(
            bench.modem, server, known_roots=account.known_roots
        )
        root = root or found
        return told

    if bench.agreed(
        Step.LOG_IN,
        "4. Log in once, over the modem's TCP? A wrong password shows here, and only once.",
    ):
        bench.attempt(Step.LOG_IN, work)
    return root


# Emails to the person.


def _send_first(bench: Bench, account: OwnAccount, server: ServerSettings) -> None:
    step = Step.OWN_CLIENT
    if bench.agreed(step, "5. Send email 1 of 3 to you, by the modem's own client?"):
        bench.mail = True
        message = letter(1, (account.to,))
        told = bench.attempt(
            step, lambda: trials.by_own_client(bench.modem, server, message)
        )
        if told.fate is Fate.DONE:
            _look_at(bench, step, 1)


def _send_over_tcp(bench: Bench, account: OwnAccount) -> None:
    if bench.agreed(Step.TCP, "6. Send email 2 of 3 to you, over the modem's TCP?"):
        message = letter(2, (account.to,))
        known = account.known_roots
        bench.attempt(
            Step.TCP,
            lambda: trials.over_tcp(
                bench.modem, account.server, message, known_roots=known
            ),
        )


def _send_to_kinds(bench: Bench, account: OwnAccount, server: ServerSettings) -> None:
    step = Step.KINDS
    if not bench.agreed(step, "7. Send email 3 of 3, as To, Cc and Bcc, by the same?"):
        return
    person = bench.person
    person.say("   Mailboxes of your own, please.")
    to = ask_address(person, "To (Enter: the same as before): ") or (account.to,)
    cc = ask_address(person, "Cc (Enter: nobody): ")
    bcc = ask_address(person, "Bcc (Enter: nobody): ")
    message = letter(3, to, cc, bcc)
    bench.evidence.hid = bool(bcc)
    bench.mail = True
    told = bench.attempt(
        step, lambda: trials.by_own_client(bench.modem, server, message)
    )
    if told.fate is Fate.DONE:
        _look_at(bench, step, 3)


def _look_at(bench: Bench, step: Step, number: int) -> None:
    """Have the person show the email as it arrived."""
    bench.person.say(
        "   How did it arrive? Save it from the mailbox of To as a file (often called\n"
        '   "Download message" or "Save as"). Only its form is looked at.'
    )
    while path := bench.person.text("   That file (Enter: leave it out): "):
        found = None
        try:
            with named_file(path).open("rb") as file:
                found = anatomy_of(file.read(LONGEST), number)
        except OSError, ValueError:
            pass
        if found is not None:
            bench.evidence.arrived[step] = found
            return
        bench.person.say(f"   That is not email {number} of a hardware check.")


# What is meant to fail.


def _try_wrong_root(bench: Bench, server: ServerSettings) -> None:
    step = Step.WRONG_ROOT
    if server.security is Security.NONE:
        bench.skip("the server has no TLS", step)
    elif bench.agreed(step, "8. Try a wrong root certificate? Nobody logs in."):
        _fail(bench, step, trials.without_account(server, WRONG_ROOT))


def _try_without_starttls(bench: Bench) -> None:
    step = Step.NO_STARTTLS
    if not bench.agreed(
        step,
        "9. Try a server that offers no STARTTLS? You need one of your own, or one that\n"
        "   you may use. The account is made up: no password of yours goes there.",
    ):
        return
    host = bench.person.text("Its name (Enter: leave it out): ")
    port = bench.person.text("Port (Enter: 25): ") if host else ""
    try:
        server = trials.in_clear(host, int(port or "25"))
    except ValueError:
        bench.skip("no such server was named", step)
        return
    why = bench.run(trials.offers_starttls(bench.modem, server))
    if why is not None:
        bench.person.say(f"   {why}")
        bench.skip(why, step)
        return
    told = _fail(bench, step, server)
    if told.fate is Fate.FAILED:
        seen = bench.person.text(
            "   Does that server's log show a log-in or an email of the modem?\n"
            "   (y/n, Enter: I can't see it) "
        )
        bench.evidence.shows_login = {"y": True, "n": False}.get(seen[:1].lower())


def _try_wrong_password(bench: Bench, server: ServerSettings) -> None:
    step = Step.WRONG_PASSWORD
    if not server.username:
        bench.skip("nobody logs in with this account", step)
    elif bench.agreed(
        step,
        "10. Try a wrong password, once? Your provider may lock the account for a while,\n"
        "    or warn you of a stranger.",
    ):
        _fail(bench, step, trials.with_wrong_password(server))


def _fail(bench: Bench, step: Step, server: ServerSettings) -> Told:
    bench.mail = True
    return bench.attempt(
        step, lambda: trials.by_own_client(bench.modem, server, failing_letter())
    )
