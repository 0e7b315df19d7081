"""What the person is told beforehand: all that may be done and sent, and what is not."""

from typing import Final

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
