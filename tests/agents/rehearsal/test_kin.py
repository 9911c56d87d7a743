import pytest

from agents.plans import Language
from agents.rehearsal.kin import kin
from agents.rehearsal.words import stem

LANGUAGES: list[Language] = ["en", "es"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_group_has_two_members_at_least(language: Language) -> None:
    members: dict[int, int] = {}
    for groups in kin(language).groups.values():
        for group in groups:
            members[group] = members.get(group, 0) + 1
    assert [group for group, count in members.items() if count < 2] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_opposites_are_opposite_both_ways(language: Language) -> None:
    opposites = kin(language).opposites
    assert all(word in opposites[other] for word, others in opposites.items() for other in others)


def test_a_phrase_is_known_where_it_begins() -> None:
    words = [stem(word, "en") for word in "it is last in first out".split()]
    assert kin("en").phrase_at(words, 2) == tuple(words[2:])
    assert kin("en").phrase_at(words, 0) is None
