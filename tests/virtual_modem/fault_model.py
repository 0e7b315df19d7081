"""A fault that the virtual modem can be armed with: at which moment it does what."""

from dataclasses import dataclass
from enum import StrEnum


class Moment(StrEnum):
    """When a fault strikes in the course of one command.

    RECEIPT        the line is complete (and echoed), nothing is carried out yet
    BEFORE_CONNECT a data mode is due, CONNECT (or QISEND's prompt) is not sent
    AFTER_CONNECT  CONNECT is sent, the first byte not taken
    MID_DATA       `offset` bytes of the data mode have come
    LINE           before line number `offset` (from 0) of the answer, the final
                   result counted
    OUTPUT         after `offset` bytes of the answer (the echo not counted)
    BEFORE_FINAL   carried out, the final result not sent
    AFTER_FINAL    the final result is sent
    BEFORE_RESULT  the result code that comes later (QSMTPPUT, QIOPEN, QIDNSGIP, QNTP)
                   is about to be sent
    AFTER_RESULT   that result code is sent
    """

    RECEIPT = "receipt"
    BEFORE_CONNECT = "before_connect"
    AFTER_CONNECT = "after_connect"
    MID_DATA = "mid_data"
    LINE = "line"
    OUTPUT = "output"
    BEFORE_FINAL = "before_final"
    AFTER_FINAL = "after_final"
    BEFORE_RESULT = "before_result"
    AFTER_RESULT = "after_result"


class Action(StrEnum):
    """What a fault does. The fields of `Fault` that it reads stand in brackets.

    ANSWER       answers with the lines of `text` (the last one is the final result)
                 and carries nothing out [text]
    ERROR        answers +CME ERROR: `code` in the form that CMEE asks for; 0 is a plain
                 ERROR. At BEFORE_FINAL the command was carried out all the same [code]
    DELAY        waits `seconds`, unscaled, before it goes on [seconds]
    DROP         loses what is due: the command (RECEIPT), CONNECT, the final result,
                 the later result, or the rest of the answer (OUTPUT, LINE)
    INJECT       sends `data` as it is [data]
    URC          sends `text` as a framed result code, whatever the URC port says [text]
    NOISE        sends `size` bytes of line noise [size]
    LOSE         loses the next `size` bytes that the host sends [size]
    SILENCE      neither hears nor says anything for `seconds`; 0: until told [seconds]
    HANG         like SILENCE, and only a reboot from outside ends it
    REBOOT       starts anew, at once, losing what is under way
    HANGUP       takes the port away for `seconds`; 0: until told [seconds]
    PDPDEACT     the network takes PDP context `cid` away [cid]
    RESULT       the later result is `code`,`protocol_code`, whatever happened
                 [code, protocol_code]
    RESULT_FIRST the later result is sent before the final result
    CHOP         sends the rest of the answer in pieces of `size` bytes with `seconds`
                 between them [size, seconds]
    GLUE         holds all output back for `seconds`, then sends it at one go [seconds]
    SET          applies the setting `text`, "name=value" [text]
    """

    ANSWER = "answer"
    ERROR = "error"
    DELAY = "delay"
    DROP = "drop"
    INJECT = "inject"
    URC = "urc"
    NOISE = "noise"
    LOSE = "lose"
    SILENCE = "silence"
    HANG = "hang"
    REBOOT = "reboot"
    HANGUP = "hangup"
    PDPDEACT = "pdpdeact"
    RESULT = "result"
    RESULT_FIRST = "result_first"
    CHOP = "chop"
    GLUE = "glue"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Fault:
    """At `moment` of a command that `command` matches, do `action`.

    `command` is a regular expression searched for, without regard to case, in the
    command line; "" is any. The first `skip` occasions pass; then it strikes `times`
    times, 0 being always.
    """

    action: Action
    command: str = ""
    moment: Moment = Moment.RECEIPT
    offset: int = 0
    times: int = 1
    skip: int = 0
    code: int = 0
    protocol_code: int = 0
    seconds: float = 0.0
    size: int = 0
    cid: int = 1
    text: str = ""
    data: bytes = b""
