"""What an attempt teaches about server, account, path and modem."""

import pytest

from custom_components.quectel_smtp.delivery.records import Standing
from custom_components.quectel_smtp.delivery.rules.lessons import Lesson, lesson_of
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result

NEW, PROVEN = Standing(), Standing(proven=True)
UNEXPLAINED = Outcome(Result.DOUBTFUL, SmtpError.NETWORK)


def refused(code: SmtpError | None, reply: int | None = None) -> Outcome:
    """Return a refusal."""
    return Outcome(Result.REFUSED, code, None if reply is None else SmtpReply.of(reply))


@pytest.mark.parametrize(
    ("outcome", "standing", "lesson"),
    [
        (Outcome(Result.SENT), NEW, Lesson.WORKS),
        (refused(SmtpError.SERVICE_UNAVAILABLE, 421), PROVEN, Lesson.LATER),
        (refused(None, 450), PROVEN, Lesson.LATER),
        (refused(SmtpError.AUTH_FAILED, 535), PROVEN, Lesson.ACCOUNT),
        (refused(SmtpError.TLS), NEW, Lesson.ACCOUNT),
        (refused(SmtpError.NETWORK), PROVEN, Lesson.PATH),
        (UNEXPLAINED, PROVEN, Lesson.PATH),
        (Outcome(Result.UNKNOWN), NEW, Lesson.PATH),
        (refused(SmtpError.PARAMETER), PROVEN, Lesson.OURS),
        (refused(None, 550), PROVEN, Lesson.NONE),
    ],
)
@pytest.mark.parametrize("proved", [True, False])
def test_each_end_teaches_one_thing(
    outcome: Outcome, standing: Standing, lesson: Lesson, proved: bool
) -> None:
    assert lesson_of(outcome, standing, proved=proved) is lesson


def test_a_failure_without_a_reason_is_none_of_a_path_that_was_just_proved() -> None:
    assert lesson_of(UNEXPLAINED, NEW, proved=False) is Lesson.PATH
    assert lesson_of(UNEXPLAINED, NEW, proved=True) is Lesson.NONE
