"""What is said below a text and behind a title has room, in each language that there is."""

from dataclasses import fields, replace
from typing import Any, Final

from hypothesis import given, settings
import pytest

from custom_components.quectel_smtp.delivery.enclosures import MissingReason
from custom_components.quectel_smtp.delivery.records import Item, Way
from custom_components.quectel_smtp.delivery.rules.fit import fit
from custom_components.quectel_smtp.delivery.rules.wording import Wording
from tests.translations import LANGUAGES, texts

from .test_fit import SERVER, capacities, emails
from .test_wording import IN_DOUBT, item, letter

LATE: Final = 10_000.0
_LIMIT: Final = 100
# As a family in Peking or in Paris would call water in the cellar, in as many words as it takes.
TITLES: Final = {
    "zh-Hans": "警报：地下室进水，水位正在快速上升，请立即切断电源并联系物业管理处"
    "，然后把一楼的贵重物品搬到楼上，等候消防人员到达",
    "fr": "Alerte : de l’eau monte à la cave, coupez le courant tout de suite, "
    "puis appelez un plombier et vos voisins",
}


def _wording(language: str) -> Wording:
    common = texts(language)["common"]
    templates = {f.name: common.get(f"email_{f.name}") for f in fields(Wording)}
    templates |= {"reasons": {one: common[f"email_{one}"] for one in MissingReason}}
    return Wording(**{name: value for name, value in templates.items() if value})


WORDINGS: Final = {language: _wording(language) for language in LANGUAGES}
in_each_language = pytest.mark.parametrize("language", WORDINGS)


@in_each_language
def test_each_line_that_is_ours_is_short(language: str) -> None:
    wording = WORDINGS[language]
    for one in fields(Wording):
        text = getattr(wording, one.name)
        if isinstance(text, str):
            assert len(text.encode()) <= _LIMIT, one.name
    for reason in wording.reasons.values():
        assert len(reason.encode()) <= _LIMIT


@in_each_language
@settings(deadline=None, max_examples=40)
@given(asked=emails, capacity=capacities)
def test_whatever_is_cut_the_marks_and_the_reference_stay(
    language: str, asked: Item, capacity: Any
) -> None:
    wording = WORDINGS[language]
    asked = replace(asked, history=IN_DOUBT, times=3)
    message = fit(asked, (), capacity, SERVER, wording, LATE).message
    if capacity.subject is not None:
        assert message.subject_command()
    assert message.subject.endswith(wording.repeat)
    assert message.body.endswith(
        "\n".join(
            [
                wording.waited.replace("{time}", "2026-11-21 12:00:00"),
                wording.times.replace("{count}", "3"),
                wording.repeat,
                wording.reference.replace("{reference}", asked.reference),
            ]
        )
    )


@pytest.mark.parametrize("language", sorted(TITLES))
def test_a_title_that_is_longer_than_the_modem_takes_keeps_its_mark(
    language: str,
) -> None:
    title, mark = TITLES[language], WORDINGS[language].repeat
    asked = item(title, history=IN_DOUBT)
    short, whole = (letter(asked, WORDINGS[language], LATE, way) for way in Way)
    assert short.subject_command()
    cut = short.subject.removesuffix(f"… {mark}")
    assert len(cut) > len(title) // 2
    assert title.startswith(cut)
    assert short.body.startswith(f"{title}\n\nBody\n\n")
    assert whole.subject == f"{title} {mark}"


@pytest.mark.skipif("zh-Hans" not in WORDINGS, reason="no such language")
def test_a_chinese_title_of_40_characters_and_its_mark_fit_uncut() -> None:
    """GB2312 takes two bytes for each."""
    title = TITLES["zh-Hans"][:40]
    found = letter(item(title, history=IN_DOUBT), WORDINGS["zh-Hans"], LATE)
    assert found.subject == f"{title} {WORDINGS['zh-Hans'].repeat}"
    assert len(found.subject.encode("gb2312")) <= _LIMIT
    assert found.subject_command()
