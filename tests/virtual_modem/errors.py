"""Final results other than OK, and the texts that AT+CMEE=2 puts in place of codes."""

from typing import Final


class AtError(Exception):
    """A command fails: with a +CME ERROR code, a result of its own, or plain ERROR."""

    def __init__(self, code: int | str | None = None) -> None:
        """`code`: CME, FILE (400-429) or SMTP (651-682) code, or a line as it is."""
        super().__init__(code)
        self.code = code


PLAIN_ERROR: Final = None

# 27.007 9.2 as far as the AT manual keeps to it
OPERATION_NOT_ALLOWED: Final = 3
OPERATION_NOT_SUPPORTED: Final = 4
SIM_NOT_INSERTED: Final = 10
SIM_PIN_REQUIRED: Final = 11
SIM_PUK_REQUIRED: Final = 12
SIM_FAILURE: Final = 13
SIM_BUSY: Final = 14
INCORRECT_PASSWORD: Final = 16
NO_NETWORK: Final = 30
NETWORK_PIN_REQUIRED: Final = 40
INCORRECT_PARAMETERS: Final = 50

# FILE manual (B), first those of both generations
FILE_INVALID_INPUT: Final = 400
FILE_NOT_FOUND: Final = 405
FILE_INVALID_NAME: Final = 406
FILE_EXISTS: Final = 407
FILE_OPEN_FAILED: Final = 410
FILE_TOO_MANY_OPEN: Final = 413
FILE_READ_ONLY: Final = 414
FILE_INVALID_DESCRIPTOR: Final = 416
FILE_NO_SPACE: Final = 420
FILE_TIMEOUT: Final = 421
FILE_TOO_LARGE: Final = 423
FILE_INVALID_PARAMETER: Final = 425
FILE_ALREADY_OPEN: Final = 426

# SMTP note, table 3
SMTP_UNKNOWN: Final = 651
SMTP_BUSY: Final = 652
SMTP_NO_ADDRESS: Final = 653
SMTP_NETWORK: Final = 654
SMTP_AUTH_TYPE: Final = 655
SMTP_CLOSED_BY_PEER: Final = 656
SMTP_NO_CONTEXT: Final = 657
SMTP_TIMEOUT: Final = 658
SMTP_NO_RECIPIENT: Final = 659
SMTP_SEND_FAILED: Final = 660
SMTP_OPEN_FILE: Final = 661
SMTP_NO_MEMORY: Final = 662
SMTP_WRONG_PARAMETER: Final = 664
SMTP_TLS_FAILED: Final = 665
SMTP_TRANSACTION_FAILED: Final = 682

# One firmware, one session: 407 came as text, 421 as a number, under CMEE=2 (N). Codes
# without a text here stay numbers.
_TEXTS = {
    OPERATION_NOT_ALLOWED: "operation not allowed",
    OPERATION_NOT_SUPPORTED: "operation not supported",
    SIM_NOT_INSERTED: "SIM not inserted",
    SIM_PIN_REQUIRED: "SIM PIN required",
    SIM_PUK_REQUIRED: "SIM PUK required",
    SIM_FAILURE: "SIM failure",
    SIM_BUSY: "SIM busy",
    15: "SIM wrong",
    INCORRECT_PASSWORD: "incorrect password",
    NO_NETWORK: "no network service",
    INCORRECT_PARAMETERS: "Incorrect parameters",
    FILE_EXISTS: "file already exist",
}


def final_result(code: int | None, cmee: int) -> str:
    """The final result line for an error code, in the form that `cmee` asks for."""
    if code is None or cmee == 0:
        return "ERROR"
    text = _TEXTS.get(code) if cmee == 2 else None
    return f"+CME ERROR: {text if text is not None else code}"
