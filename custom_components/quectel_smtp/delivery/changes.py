"""What is changed of an email so that the way it goes by can carry it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Fit(StrEnum):
    """What was done to an email, or to something that travels with it."""

    SUBJECT_CUT = "subject_cut"
    BODY_CUT = "body_cut"
    BODY_ATTACHED = "body_attached"
    HTML_ATTACHED = "html_attached"
    HTML_LEFT_OUT = "html_left_out"
    CHARACTERS_REMOVED = "characters_removed"
    SENDER_NAME_CUT = "sender_name_cut"
    ATTACHMENT_LEFT_OUT = "attachment_left_out"
    ATTACHMENT_RENAMED = "attachment_renamed"
    PICTURE_SCALED = "picture_scaled"
    INLINE_ATTACHED = "inline_attached"
    PRIORITY_LEFT_OUT = "priority_left_out"
    REPLY_TO_LEFT_OUT = "reply_to_left_out"
    ATTACHMENTS_APART = "attachments_apart"
    """They follow in an email of their own."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, and what it was done to, where there may be several."""

    what: Fit
    name: str = field(default="", repr=False)
