"""AT command lines taken apart, as V.250 and the SMTP note's 2.1.2 give their syntax."""

from dataclasses import dataclass
from enum import StrEnum
import re


class Form(StrEnum):
    """The four forms of a command (SMTP note, table 2)."""

    TEST = "test"
    READ = "read"
    WRITE = "write"
    EXECUTE = "execute"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `quoted` tells "1" from 1, and `text` None is left out."""

    text: str | None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line; `name` is upper-case and begins with + or &, or is ATx."""

    name: str
    form: Form
    parameters: tuple[Parameter, ...] = ()
    raw: str = ""


class CommandSyntaxError(Exception):
    """Not a command line."""


_EXTENDED = re.compile(r"([+*^%$][A-Za-z][A-Za-z0-9_]*)(=\?|\?|=)?", re.ASCII)
_BASIC = re.compile(r"([&\\]?[A-Za-z])(\d*)", re.ASCII)
_S_REGISTER = re.compile(r"[Ss](\d+)(=(\d*)|\?)", re.ASCII)


def find_command(line: str) -> tuple[str, str] | None:
    """What stands before AT, and what after it; None where there is no AT.

    V.250 5.2.1: the modem looks for "AT" or "at" and ignores what precedes it.
    """
    found = re.search("AT|at", line)
    if found is None:
        return None
    return line[: found.start()], line[found.end() :]


def parse(body: str) -> list[Command]:
    """The commands after AT, in order.

    Raises CommandSyntaxError where the text is no chain of commands.
    """
    commands: list[Command] = []
    rest = body.strip(" ")
    while rest:
        if rest[0] == ";":
            rest = rest[1:].lstrip(" ")
            continue
        if rest[0] in "+*^%$":
            end = _end_of_command(rest)
            commands.append(_extended(rest[:end]))
            rest = rest[end:].lstrip(" ")
            continue
        if found := _S_REGISTER.match(rest):
            form = Form.READ if found[2] == "?" else Form.WRITE
            value = () if form is Form.READ else (Parameter(found[3] or "0"),)
            commands.append(Command(f"S{found[1]}", form, value, found[0]))
        elif found := _BASIC.match(rest):
            name = found[1].upper()
            value = (Parameter(found[2]),) if found[2] else ()
            commands.append(Command(name, Form.EXECUTE, value, found[0]))
        else:
            raise CommandSyntaxError(rest)
        rest = rest[found.end() :].lstrip(" ")
    return commands


def _end_of_command(text: str) -> int:
    """Where an extended command ends: at a semicolon outside quotes."""
    quoted = False
    for index, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            return index
    return len(text)


def _extended(text: str) -> Command:
    found = _EXTENDED.match(text)
    if found is None:
        raise CommandSyntaxError(text)
    name, sign, rest = found[1].upper(), found[2], text[found.end() :]
    match sign:
        case "=?" if not rest.strip():
            return Command(name, Form.TEST, (), text)
        case "?" if not rest.strip():
            return Command(name, Form.READ, (), text)
        case "=":
            return Command(name, Form.WRITE, _parameters(rest), text)
        case None if not rest.strip():
            return Command(name, Form.EXECUTE, (), text)
    raise CommandSyntaxError(text)


def _parameters(text: str) -> tuple[Parameter, ...]:
    """Comma-separated parameters; text in quotes holds no quote (V.250 5.4.2.2)."""
    parameters: list[Parameter] = []
    rest = text
    while True:
        rest = rest.lstrip(" ")
        if rest.startswith('"'):
            end = rest.find('"', 1)
            if end < 0:
                raise CommandSyntaxError(text)
            parameters.append(Parameter(rest[1:end], quoted=True))
            rest = rest[end + 1 :].lstrip(" ")
            if rest and rest[0] != ",":
                raise CommandSyntaxError(text)
        else:
            word, comma, after = rest.partition(",")
            if '"' in word:
                raise CommandSyntaxError(text)
            parameters.append(Parameter(word.strip(" ") or None))
            rest = comma + after
        if not rest:
            return tuple(parameters)
        rest = rest[1:]
