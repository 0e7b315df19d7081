"""A report is read back as it was written, and nothing in it can pose as another part."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.hardware_check.answer import Answer, Verdict
from custom_components.quectel_smtp.hardware_check.evidence import (
    Evidence,
    Fate,
    Step,
    Told,
    Trial,
)
from custom_components.quectel_smtp.hardware_check.report import (
    Report,
    ReportError,
    parse,
    render,
)
from custom_components.quectel_smtp.modem.recording.transcript import (
    Exchange,
    Transcript,
)

LINE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
WORDS = LINE.map(str.strip).filter(bool)
REPORTS = st.builds(
    Report,
    st.lists(
        st.tuples(st.text("abcxyz", min_size=1, max_size=8), WORDS), max_size=3
    ).map(tuple),
    st.lists(
        st.builds(
            Answer,
            st.sampled_from(("F1", "F20", "own client")),
            WORDS,
            st.sampled_from(Verdict),
            LINE,
            st.lists(WORDS, max_size=3).map(tuple),
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
    st.none()
    | st.builds(
        Transcript,
        st.just((("model", "EC200N-CN"),)),
        st.just((Exchange("AT", b"\r\nOK\r\n", 3),)),
    ),
)


@given(REPORTS)
def test_a_report_is_read_back_as_it_was_written(report: Report) -> None:
    evidence = Evidence(
        trials={Step.DATA: Trial(Told("x", Fate.FAILED), "now", 1.0, ("0.1 > AT",))}
    )
    assert parse(render(report, evidence)) == report


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not begin"),
        ("# Hardware check of a Quectel modem, format 1\n", "has no answers"),
        (
            "# Hardware check of a Quectel modem, format 1\n\n## Answers\n\nF1: x\n",
            "is followed by no answer",
        ),
        (
            "# Hardware check of a Quectel modem, format 1\n\n## Answers\n\nF1: x\n"
            "observed: y\n\n## Steps\n\n## Transcript\n\nnone\n",
            "its transcript",
        ),
    ],
)
def test_what_is_no_report_says_why(text: str, why: str) -> None:
    with pytest.raises(ReportError, match=why):
        parse(text)


def test_what_the_header_lacks_is_empty() -> None:
    assert Report((), (), None).value("model") == ""
