"""An email that is ready to be sent, and its sending."""

from .host import Host

NAME = "mail.example.com"
RESULT = b"+QSMTPPUT: "


def prepare(host: Host, *lines: str, port: int = 25) -> None:
    """Bring the context up and make an email to one recipient; then `lines`."""
    host.ok(
        'AT+QICSGP=1,1,"internet","","",0',
        "AT+QIACT=1",
        f'AT+QSMTPCFG="smtpserver","{NAME}",{port}',
        'AT+QSMTPCFG="sender","Home","home@example.com"',
        'AT+QSMTPDST=1,1,"you@example.org"',
        'AT+QSMTPSUB=0,"Alarm"',
        *lines,
    )


def put(host: Host, seconds: int = 60) -> str:
    """Send it; the two codes of its result."""
    host.ok(f"AT+QSMTPPUT={seconds}")
    host.read_until(RESULT)
    return host.read_until(b"\r\n").decode().strip()
