"""Each rule by its wordings: those that it must catch, and near neighbours that it must let pass."""

from pathlib import Path
from typing import cast

import pytest
import yaml

from agents.plans import Language
from agents.workshop import Finding, check
from tests.agents.workshop.small import PLAN, RUBRIC, anchored, asking

WORDINGS: dict[str, dict[Language, dict[str, list[str]]]] = yaml.safe_load(
    Path(__file__).with_name("wordings.yaml").read_text("utf-8")
)
ALL = [
    (rule, language, kind, text)
    for rule, by_language in WORDINGS.items()
    for language, kinds in by_language.items()
    for kind, texts in kinds.items()
    for text in texts
]


def findings(rule: str, language: Language, text: str) -> tuple[Finding, ...]:
    """What is found in a plan where this is the question; an anchor, where the rule is about those."""
    if rule.startswith("anchor.") or (rule.startswith("wording.") and not text.endswith("?")):
        return check(PLAN, anchored(text, language))
    return check(asking(text, language), RUBRIC)


@pytest.mark.parametrize(("rule", "language", "kind", "text"), ALL, ids=[f"{r}-{t}" for r, _, _, t in ALL])
def test_a_wording_is_caught_or_passes(rule: str, language: str, kind: str, text: str) -> None:
    found = findings(rule, cast("Language", language), text)
    caught = [each for each in found if each.rule == rule and each.language == language]
    assert bool(caught) == (kind == "caught"), [(each.rule, each.excerpt) for each in found]
    for each in caught:
        assert each.excerpt in text
        assert set(each.message) == {"en", "es"}


def test_there_are_wordings_enough_both_ways_in_both_languages() -> None:
    for language in ("en", "es"):
        for kind in ("caught", "passes"):
            assert sum((language, kind) == (each[1], each[2]) for each in ALL) >= 75
    assert len({each[3] for each in ALL}) >= 400
