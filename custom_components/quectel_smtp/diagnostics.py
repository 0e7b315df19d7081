"""What a maintainer gets to see of an entry, in a file that its owner may publish.

Whatever is not listed here as harmless is left out, so that what is added to an entry one
day is private until somebody decides otherwise. Harmless is what tells of the modem's
kind, of choices and of what happened; private is what tells of a person, a SIM or a place:
passwords and PINs, IMEI, ICCID and serial numbers, addresses and names, texts, the server's
words (they may repeat an address), IP addresses. The mail server's name is shown where it
is that of a provider that anybody may have an account with: another may be a family's.
The APN is shown, as operators publish theirs, and mistyped ones are a common fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
import importlib.metadata
import re
import sqlite3
import ssl
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_MODEL, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import (
    CONF_APN,
    CONF_AUTHENTICATION,
    CONF_BAUDRATE,
    CONF_BCC,
    CONF_CC,
    CONF_CRITICAL,
    CONF_DIGEST,
    CONF_FIRMWARE,
    CONF_IDLE,
    CONF_LIFETIME,
    CONF_LINE_LOST_AFTER,
    CONF_MAIL_CLIENT,
    CONF_PER_DAY,
    CONF_PER_HOUR,
    CONF_PICTURE_BUDGET,
    CONF_ROAMING,
    CONF_SECURITY,
    CONF_TEST_REPORT,
    CONF_TO,
    CONF_USB,
    CONF_VERIFICATION,
    CONF_WAY,
    DOMAIN,
    SUBENTRY_RECIPIENT,
)
from .delivery.courier.diagnosis import Diagnosis
from .delivery.records import Listed
from .delivery.status import Status
from .findings import state_name
from .flow.providers import PROVIDERS
from .modem.diagnosis import Diagnosis as ModemDiagnosis
from .runtime import QuectelConfigEntry

_LIBRARIES: Final = ("aiosmtplib", "idna", "regex", "serialx")
_DATA: Final = (
    CONF_BAUDRATE,
    CONF_MODEL,
    CONF_FIRMWARE,
    CONF_MAIL_CLIENT,
    CONF_APN,
    CONF_AUTHENTICATION,
    CONF_PORT,
    CONF_SECURITY,
    CONF_VERIFICATION,
)
_USB: Final = ("vid", "pid", "interface_num")
_OPTIONS: Final = (
    CONF_LIFETIME,
    CONF_PER_HOUR,
    CONF_PER_DAY,
    CONF_DIGEST,
    CONF_IDLE,
    CONF_WAY,
    CONF_PICTURE_BUDGET,
    CONF_ROAMING,
    CONF_LINE_LOST_AFTER,
    CONF_TEST_REPORT,
)
# Where an address, or a recipient, is what an entity shows.
_PRIVATE_ENTITIES: Final = frozenset({"ip_address"})
_PUBLIC_PORT: Final = re.compile(r"/dev/tty[A-Za-z]+\d{1,3}", re.ASCII)
_INTERFACE: Final = re.compile(r"-if\d\d(?:-port\d{1,2})?", re.ASCII)
# As long as an IMEI, an IMSI or an ICCID, however it is written; no time has so many.
_NUMBER: Final = re.compile(r"\d(?:[ .-]?\d){13,}")
_PUBLIC_HOSTS: Final = frozenset(
    host
    for provider in PROVIDERS.values()
    for host in (provider.host, *provider.hosts.values())
)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: QuectelConfigEntry
) -> dict[str, Any]:
    """Return everything; the modem is asked for nothing."""
    found = {"versions": _versions(), "entry": _entry(entry)}
    if entry.state is ConfigEntryState.LOADED:
        found |= await _running(hass, entry)
    return {key: _unnumbered(value) for key, value in found.items()}


def _unnumbered(found: Any) -> Any:
    """Return it without any number of a modem or SIM: others write texts in it, too."""
    match found:
        case str():
            return _NUMBER.sub(REDACTED, found)
        case Mapping():
            return {key: _unnumbered(value) for key, value in found.items()}
        case list() | tuple():
            return [_unnumbered(value) for value in found]
    return found


async def _running(hass: HomeAssistant, entry: QuectelConfigEntry) -> dict[str, Any]:
    """Return what is known of modem and mail while both are at work."""
    runtime = entry.runtime_data
    coordinator = runtime.coordinator
    status = coordinator.courier.status
    found = await coordinator.courier.diagnosis()
    obstacle = coordinator.obstacle
    invalid = runtime.keeper.invalid
    return {
        "recipients": [
            {
                **{kind: len(one.data.get(kind, ())) for kind in _KINDS},
                CONF_CRITICAL: one.data.get(CONF_CRITICAL) is True,
            }
            for one in entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
        ],
        "line": {
            "obstacle": None if obstacle is None else obstacle.value,
            "invalid_setting": None if invalid is None else invalid.field,
            "account_check_failed": runtime.check.failed,
        },
        "modem": _modem(status, found),
        "outbox": _outbox(status),
        "waiting": [_waiting(one) for one in found.waiting],
        "ended": [asdict(one) for one in found.ended],
        "ways": {
            f"{way}: {result}": count for (way, result), count in found.counts.items()
        },
        "attempts": [asdict(one) for one in found.attempts],
        "data": {
            "ever": status.traffic and asdict(status.traffic),
            "month": {
                "since": runtime.month.since,
                "sent": runtime.month.sent,
                "received": runtime.month.received,
            },
        },
        "repairs": _repairs(hass, entry),
        "entities": dict(_entities(hass, entry)),
        "conversation": list(_conversation(found.modem)),
    }


_KINDS: Final = (CONF_TO, CONF_CC, CONF_BCC)


def _versions() -> dict[str, str]:
    """Return those that Home Assistant does not add by itself."""
    return {
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
    }


def _entry(entry: QuectelConfigEntry) -> dict[str, Any]:
    usb = entry.data.get(CONF_USB)
    return {
        "version": f"{entry.version}.{entry.minor_version}",
        "data": {
            **_harmless(entry.data, _DATA),
            CONF_DEVICE: _port(entry.data.get(CONF_DEVICE)),
            CONF_HOST: _host(entry.data.get(CONF_HOST)),
            **({CONF_USB: _harmless(usb, _USB)} if isinstance(usb, Mapping) else {}),
        },
        "options": _harmless(entry.options, _OPTIONS),
    }


def _harmless(values: Mapping[str, Any], shown: tuple[str, ...]) -> dict[str, Any]:
    """Return what is listed; of the rest, whether there is something."""
    return {
        key: value if key in shown or value in (None, "", [], {}) else REDACTED
        for key, value in values.items()
    }


def _port(device: object) -> str:
    """Return what kind of port it is: a path may have a serial number, a URL a key."""
    text = device if isinstance(device, str) else ""
    scheme, colons, _ = text.partition("://")
    if colons:
        return f"{scheme}://{REDACTED}"
    if _PUBLIC_PORT.fullmatch(text):
        return text
    interface = _INTERFACE.search(text)
    folder = text.rpartition("/")[0] if text.startswith("/dev/") else ""
    return f"{folder}/{REDACTED}{interface[0] if interface else ''}"


def _host(host: object) -> object:
    return host if host in _PUBLIC_HOSTS else REDACTED


def _modem(status: Status, found: Diagnosis) -> dict[str, Any]:
    identity, network, trouble = status.identity, status.network, status.trouble
    modem = found.modem
    return {
        "manufacturer": identity and identity.manufacturer,
        "model": identity and identity.model,
        "firmware": identity and identity.firmware,
        "connected": modem.connected,
        "in_service": found.in_service,
        "path_failures": found.failures,
        "recovery_exhausted": status.exhausted,
        "trouble": None if trouble is None else trouble.key,
        "sim": status.sim,
        "network": network and asdict(network),
        "roaming_barred": status.barred,
        "quality": status.quality and asdict(status.quality),
        "data_connection": status.pdp,
        "has_address": status.address is not None,
        "port": {
            "unsolicited_lines_heard": modem.heard,
            "settings_void": modem.boots,
            "lost_or_restarted": modem.upsets,
            "garbled_lines": modem.garbled,
            "unhandled_lines": modem.unhandled,
        },
        "profile": modem.profile and _profile(modem),
        "tcp_limits": modem.limits and asdict(modem.limits),
        "counts_data": modem.counts,
        "tells_quality": modem.measures,
    }


def _profile(modem: ModemDiagnosis) -> dict[str, Any]:
    assert modem.profile is not None
    found = asdict(modem.profile)
    names = found["tls_settings"]
    return found | {"tls_settings": None if names is None else sorted(names)}


def _outbox(status: Status) -> dict[str, Any]:
    mail = status.mail
    return {
        "state": status.outbox,
        "damaged_one_set_aside": status.damaged,
        "waiting": mail.waiting,
        "oldest": mail.oldest,
        "last_sent": mail.last_sent,
        "sent": mail.sent,
        "failed": mail.failed,
        "held": {reason.value: count for reason, count in mail.held_counts.items()},
        "deferred": sorted(reason.value for reason in mail.deferred),
    }


def _waiting(one: Listed) -> dict[str, Any]:
    """Return an email that waits, without its subject and its recipient's name."""
    return {
        "reference": one.reference,
        "state": state_name(one.state),
        "critical": one.critical,
        "accepted": one.accepted,
        "attempts": one.attempts,
        "next_attempt": one.next_attempt,
        "expires": one.expires,
        "reason": one.reason,
        "result": one.finding and one.finding.result,
        "code": one.finding and one.finding.code,
        "reply": one.finding and one.finding.reply,
        "error": one.finding and one.finding.error,
        "way": one.finding and one.finding.way,
    }


def _repairs(hass: HomeAssistant, entry: QuectelConfigEntry) -> list[str]:
    """Return what is open, without what the texts name."""
    return sorted(
        issue.translation_key or key
        for (domain, key), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and key.endswith(entry.entry_id) and issue.active
    )


def _entities(
    hass: HomeAssistant, entry: QuectelConfigEntry
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the modem's by their keys: an entity's id may be a person's name."""
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        key = entity.translation_key
        if key is None or entity.config_subentry_id is not None:
            continue
        state = hass.states.get(entity.entity_id)
        private = key in _PRIVATE_ENTITIES
        yield (
            f"{entity.domain}.{key}",
            {
                "disabled_by": entity.disabled_by,
                "state": state and (REDACTED if private else state.state),
                "since": state and state.last_changed,
            },
        )


def _conversation(modem: ModemDiagnosis) -> Iterator[str]:
    """Yield the last lines over the port, each with its time."""
    now = dt_util.utcnow()
    for said in modem.conversation:
        when: datetime = now - timedelta(seconds=modem.seconds - said.seconds)
        yield f"{when:%Y-%m-%d %H:%M:%S.%f} {said.speaker} {said.text}"
