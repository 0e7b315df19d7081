"""All that is wanted with an email, at once: each is attached, or said to be missing."""

import asyncio
from collections.abc import Sequence
from functools import partial
import logging

from homeassistant.core import HomeAssistant

from ..delivery.changes import Change, Fit
from ..delivery.enclosures import Missing, MissingReason
from ..delivery.rules.characters import with_bytes
from ..modem.mail.attachments import ATTACHMENT_LIMIT, Attachment
from . import pictures
from .errors import NotAttachedError
from .kinds import STILL, content_type
from .names import called, renamed, with_extension
from .sources import Fetched, fetch
from .threads import for_pictures
from .wanted import Budget, Resolved, Split, Wanted

_LOGGER = logging.getLogger(__name__)


def split(hass: HomeAssistant, wanted: Sequence[Wanted]) -> Split:
    """Return what is there in a moment, what takes longer, and what is past the tenth."""
    first = wanted[:ATTACHMENT_LIMIT]
    return Split(
        local=tuple(one for one in first if one.is_local),
        remote=tuple(one for one in first if not one.is_local),
        too_many=tuple(
            Missing(called(hass, one), MissingReason.TOO_MANY)
            for one in wanted[ATTACHMENT_LIMIT:]
        ),
    )


async def resolve(
    hass: HomeAssistant, wanted: Sequence[Wanted], budget: Budget
) -> Resolved:
    """Return what is wanted as attachments, in its order, and what of it is missing.

    ``wanted``: ten at most, of those that ``split`` returned. All are fetched at once, and scaled one by one where they are too large. After
    ``budget.seconds`` this returns whatever there is: some cameras take being cancelled
    for an answer, others go on, and none is waited for. Nothing that goes wrong with one
    keeps another back, or is raised.
    """
    share = budget.shared(len(wanted))
    tasks = [
        hass.async_create_background_task(
            _outcome(hass, one, share), "quectel_smtp attachment"
        )
        for one in wanted
    ]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=budget.seconds)
    finally:
        for task in tasks:
            task.cancel()
    room = budget.total
    result = Resolved()
    for one, task in zip(wanted, tasks, strict=True):
        outcome = _so_far(task)
        if isinstance(outcome, Resolved):
            size = sum(len(attachment.data) for attachment in outcome.attachments)
            if size <= room:
                room -= size
                result += outcome
                continue
            outcome = MissingReason.TOO_LARGE
        result += Resolved(missing=(Missing(called(hass, one), outcome),))
    return result


def _so_far(task: asyncio.Task[Resolved | MissingReason]) -> Resolved | MissingReason:
    if not task.done():
        return MissingReason.TOO_SLOW
    # Cancelled by nobody here: the integration that it came from was unloaded.
    return MissingReason.UNREADABLE if task.cancelled() else task.result()


async def _outcome(
    hass: HomeAssistant, wanted: Wanted, budget: Budget
) -> Resolved | MissingReason:
    """Return one attachment, or why there is none, whatever a media source does."""
    try:
        fetched = await fetch(hass, wanted, budget.unscaled)
        return await _fitted(hass, wanted, fetched, budget)
    except NotAttachedError as err:
        return err.reason
    except Exception as err:  # noqa: BLE001 - any integration may have a media source
        _LOGGER.debug("A source of attachments failed: %s", type(err).__name__)
        return MissingReason.UNREADABLE


async def _fitted(
    hass: HomeAssistant, wanted: Wanted, fetched: Fetched, budget: Budget
) -> Resolved:
    """Return one attachment within the budget, scaled if it is a picture and too large."""
    data = fetched.data
    if not data:
        raise NotAttachedError(MissingReason.EMPTY)
    if len(data) > budget.unscaled(data):
        raise NotAttachedError(MissingReason.TOO_LARGE)
    name = with_bytes(wanted.filename or fetched.name)
    kind = content_type(data, fetched.content_type, name)
    if not wanted.filename and fetched.is_entity:
        name = with_extension(name, kind)
    changes: tuple[Change, ...] = ()
    if kind in STILL and len(data) > budget.picture:
        job = partial(pictures.scaled, data, kind, budget.picture)
        if picture := await for_pictures(hass).run(job):
            name = renamed(name, kind, picture.content_type)
            data, kind = picture.data, picture.content_type
            changes = (Change(Fit.PICTURE_SCALED, name),)
    if len(data) > max(budget.file, budget.picture):
        raise NotAttachedError(MissingReason.TOO_LARGE)
    content_id = wanted.content_id and with_bytes(wanted.content_id)
    return Resolved((Attachment(name, data, kind, content_id),), (), changes)
