from collections import Counter

from agents.rehearsal import RehearsalScorer
from benchmarks.scoring.counterfactual import moved, pairs

KINDS = {"name", "gendered", "origin", "age", "dialect", "disfluency", "second_language", "spelling"}


def test_the_pairs_are_many_and_of_every_kind_in_both_languages() -> None:
    kinds = Counter(pair.kind for pair in pairs())
    languages = Counter(pair.base.language for pair in pairs())
    assert kinds.total() >= 120
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 12
    assert min(languages.values()) >= 60


def test_a_variant_differs_from_its_base() -> None:
    assert [pair.name for pair in pairs() if pair.base.turns == pair.variant.turns] == []


async def test_no_level_moves_when_only_the_person_changes() -> None:
    assert [pair async for pair in moved(RehearsalScorer()) if pair.by] == []


async def test_the_bases_are_of_every_quality() -> None:
    assert {pair.base async for pair in moved(RehearsalScorer())} >= {1, 2, 3, 4, 5}
