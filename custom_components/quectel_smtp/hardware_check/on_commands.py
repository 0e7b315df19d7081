"""What the answers to commands say of a firmware."""

from collections.abc import Callable
import re
from typing import Final

from ..modem.recording.transcript import escape
from .answer import Answering, Found, not_tried, observed, unclear
from .evidence import Evidence, Step

ACTIVATE_AGAIN: Final = "AT+QIACT=1"
WHY_NOT: Final = "AT+QIGETERROR"
ACTIVE: Final = "AT+QIACT?"

_URC_SETTINGS: Final = ("cache", "delay", "port")


def asked(
    command: str, judge: Callable[[Evidence, tuple[str, ...]], Found]
) -> Answering:
    """Judge the answer to a command."""

    def answering(evidence: Evidence) -> Found:
        lines = evidence.lines(command)
        if lines is None:
            step = Step.DATA if command == ACTIVATE_AGAIN else Step.QUESTIONS
            return not_tried(evidence.why_not(step) or f"{command} was not reached")
        if not lines:
            return unclear(f"{command} was not answered", f"> {command}")
        verdict, words, more = judge(evidence, lines)
        return verdict, words, (*_dialogue(command, lines), *more)

    return answering


def _refused(lines: tuple[str, ...]) -> bool:
    return "OK" not in lines


def shown(evidence: Evidence, *commands: str) -> tuple[str, ...]:
    """Return further questions with their answers, where they were asked."""
    found: list[str] = []
    for command in commands:
        lines = evidence.lines(command)
        if lines is not None:
            found += _dialogue(command, lines)
    return tuple(found)


def _dialogue(command: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    return (f"> {command}", *(f"< {_escaped(line)}" for line in lines))


def _escaped(line: str) -> str:
    return escape(line.encode("latin-1"))


def activated_again(evidence: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell what a second activation comes to."""
    more = shown(evidence, WHY_NOT, ACTIVE)
    if not _refused(lines):
        return observed("activating an active context is a success", *more)
    listed = any(re.match(r"\+QIACT: ?1,1\b", x) for x in evidence.lines(ACTIVE) or ())
    after = "it is still listed as active" if listed else "it is not listed as active"
    return observed(f"activating an active context is an error; {after}", *more)


def error_number(evidence: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell by which number a second activation fails."""
    if not _refused(lines):
        return unclear("activating an active context was no error, so it had no number")
    told = shown(evidence, WHY_NOT)
    found = re.search(r"\+QIGETERROR: ?(\d+) ?,? ?(.*)", "\n".join(told))
    if found is None:
        return unclear("the modem gave no number for it", *told)
    return observed(f"that a context is active already has number {found[1]}", *told)


def sim_words(_: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell what the SIM's state is called."""
    said = [line for line in lines if line.startswith(("+CPIN:", "+CME ERROR"))]
    words = _escaped(said[0]) if said else "nothing"
    return observed(f"AT+CPIN? says: {words}")


def separator(_: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell whether a setting is there."""
    there = "is not there" if _refused(lines) else "is there"
    return observed(f"the setting addrseparator {there}")


def mail_commands(_: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell whether the SMTP note's commands are there."""
    there = any("smtpserver" in line for line in lines)
    return observed(f"this firmware has {'the' if there else 'no'} SMTP commands")


def apn(evidence: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell whether the network lets a modem in without an APN."""
    registered = any(
        re.match(r"\+CEREG: ?\d,[15]\b", line)
        for line in evidence.lines("AT+CEREG?") or ()
    )
    first = next((line for line in lines if re.match(r"\+CGDCONT: ?1,", line)), None)
    named = first is not None and not re.match(r'[^,]*,"\w*",""', first)
    words = (
        f"context 1 has {'an' if named else 'no'} APN, and the modem is "
        f"{'' if registered else 'not '}registered"
    )
    if registered and not named:
        return observed(words)
    return unclear(f"{words}: the check takes no APN away")


def result_code_settings(evidence: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell what is known of the routing of result codes."""
    commands = [f'AT+QCFG="urc/{name}"' for name in _URC_SETTINGS]
    there = [
        f"urc/{name}"
        for name, command in zip(_URC_SETTINGS, commands, strict=True)
        if "OK" in (evidence.lines(command) or ())
    ]
    listed = next((line for line in lines if "urcport" in line), "")
    whole = "lists all" if re.search(r"\ball\b", listed) else "lists no all"
    if _refused(lines) or not listed:
        whole = "does not say which ports there are"
    return observed(
        f"QURCCFG=? {whole}; QCFG has {', '.join(there) or 'no urc/...'}",
        *shown(evidence, *commands),
    )


def dials(evidence: Evidence, lines: tuple[str, ...]) -> Found:
    """Tell whether the modem is a network device."""
    usbnet = shown(evidence, 'AT+QCFG="usbnet"')
    mode = re.search(r'"usbnet",(\d)', " ".join(usbnet))
    devctl = next((line for line in lines if line.startswith("+QNETDEVCTL")), None)
    kept = "unknown" if devctl is None else _escaped(devctl.partition(":")[2].strip())
    return observed(
        f"QNETDEVCTL: {kept}; usbnet: {'unknown' if mode is None else mode[1]}", *usbnet
    )


def on_usb(evidence: Evidence) -> Found:
    """Tell by what the modem is known on USB."""
    usb = evidence.usb
    if usb is None:
        return unclear("this port is on no USB of this machine, as far as it tells")
    return observed(
        f"{usb.product_id}, interface {usb.interface}, calls itself "
        f"{usb.manufacturer}/{usb.product}, serial number: {usb.serial}"
    )
