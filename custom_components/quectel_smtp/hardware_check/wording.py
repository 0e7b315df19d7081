"""What the person is told: beforehand, all that may be done; and why a log-in failed."""

from collections.abc import Mapping
from typing import Final

from ..delivery.client.check import Trouble

BEFOREHAND: Final = """\
This checks what your modem really does, and writes one file about it that you may show
to anybody. Nothing happens without your yes: each step is asked for right before it.

Steps, in this order:
  1. Ask the modem about ninety questions. This changes nothing. About 10 seconds.
  2. Bring up the data connection with the APN of your SIM.
  3. Enter the SIM's PIN, if the SIM asks for it.
  4. Log in once to your mail server, over the modem. Nothing is sent.
  5. Email 1 to a mailbox of yours, by the modem's own mail client.
  6. Email 2 to the same, by Home Assistant's mail client over the modem's TCP.
  7. Email 3 to up to three mailboxes of yours, as To, Cc and Bcc.
  8. A wrong root certificate: the modem should refuse your server. Nobody logs in.
  9. A server that offers no STARTTLS, if you have one: with an account that is made up.
 10. A wrong password, once. Your provider may lock the account for a while.

At most three emails are sent, to your own mailboxes. Steps 8 to 10 are meant to fail:
they name nobody@example.invalid, an address that nobody has. If your server takes such
an email all the same, it may send you a notice that it could not be delivered.

You can stop at any time with Ctrl-C. What was learnt so far is written. The data
connection is closed and gets its APN back, unless it was up before; the mail account
that you typed and the check's own files are removed from the modem. The report says what
could not be undone. An email that was handed over already may still go.

The file has the answers of the modem, times, model and firmware. It has no address, user
name, password, PIN, APN, number of the modem or SIM, IP address, place, or words of the
mail server. Data used: less than 100 kilobytes. While it runs, nothing else may use the port:
if Home Assistant does, disable the integration's entry meanwhile.
"""

LOG_IN_FAILS: Final[Mapping[Trouble, str]] = {
    Trouble.NAME: "the server's name has no address",
    Trouble.PORT: "nothing answers on that port",
    Trouble.SILENT: "what answers there says nothing, or ends the connection",
    Trouble.GREETING: "what answers there is no mail server, or refuses the modem",
    Trouble.CLOCK: "its certificate is not valid yet: look at this computer's clock",
    Trouble.EXPIRED: "its certificate has expired",
    Trouble.ROOT: "its certificate leads to no root that is trusted here. "
    "Start again with a file that has the server's own root",
    Trouble.CERTIFICATE_NAME: "its certificate is another server's: look at the name",
    Trouble.VERSION: "it does not offer TLS 1.2 or newer",
    Trouble.TLS: "no encrypted connection came about: look at port and security",
    Trouble.METHOD: "it takes no user name and password",
    Trouble.LOGIN: "it refuses user name or password",
    Trouble.SENDER: "it refuses the sender's address",
    Trouble.BROKEN: "the connection ended",
}
"""What each way to fail means, of the server, for who reads it for the first time."""
