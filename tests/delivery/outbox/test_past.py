"""How long emails took that are over is known without what they said, and to whom."""

from custom_components.quectel_smtp.delivery.outbox.past import EMAILS
from custom_components.quectel_smtp.delivery.records import State

from .bench import Bench, again, failed, mail, sent


def test_the_last_emails_that_are_over_are_told_of_the_latest_first(box: Bench) -> None:
    reference = box.accept(mail("one"), 0.0)
    box.attempt(again(10.0), 1.0)
    box.attempt(sent(2), 30.0)
    box.accept(mail("two", critical=True), 40.0)
    box.attempt(failed(), 45.0)
    box.accept(mail("three"), 50.0)
    second, first = box.outbox.ended()
    assert (first.state, first.seconds, first.attempts) == (State.SENT, 30.0, 2)
    assert (second.state, second.seconds, second.critical) == (State.FAILED, 5.0, True)
    assert first.reference == reference
    assert first.envelopes == 1
    assert first.size > 0
    assert "a@example.com" not in repr((first, second))


def test_fifty_of_them_are_told_of(box: Bench) -> None:
    for number in range(EMAILS + 3):
        box.accept(mail(f"mail {number}"), float(number * 200))
        box.attempt(sent(), number * 200.0 + 1)
    assert len(box.outbox.ended()) == EMAILS


def test_one_that_can_t_be_read_is_left_out(box: Bench) -> None:
    for number in range(2):
        box.accept(mail(f"mail {number}"), float(number * 200))
        box.attempt(sent(), number * 200.0 + 1)
    box.edit("UPDATE emails SET accepted_wall = 'then' WHERE id = 1")
    box.reopen()
    assert len(box.outbox.ended()) == 1
