import pytest

from agents.plans import Language
from agents.rehearsal.alignment import alike, met, share, terms_of
from agents.rehearsal.passages import passages_in


def _share(sought: str, said: str, language: Language = "en") -> float:
    ours = terms_of(passages_in(sought, language), language)
    found = met(ours, terms_of(passages_in(said, language), language), language)
    return share(found, [one.term.weight for one in found])


def test_what_is_said_in_the_same_words_is_met_wholly() -> None:
    text = "A transaction is either committed or rolled back."
    assert _share(text, text) == 1.0


@pytest.mark.parametrize(
    ("language", "sought", "said"),
    [
        ("en", "The element is deleted", "they are deleting elements"),
        ("en", "It removes the element", "the entry is erased"),
        ("en", "In constant time", "it is O(1)"),
        ("en", "It encapsulates the state", "encapsulation of state"),
        ("en", "The destructor frees it", "the destructer frees it"),
        ("es", "Elimina el elemento", "borra los elementos"),
        ("es", "El último que entra es el primero que sale", "es LIFO"),
    ],
)
def test_other_forms_kin_and_slips_meet_most_of_it(language: Language, sought: str, said: str) -> None:
    assert _share(sought, said, language) >= 0.7


def test_words_about_something_else_meet_nothing() -> None:
    assert _share("The cache keeps recent results in memory", "my neighbour has painted her green door") <= 0.1


def test_rare_words_weigh_more_than_common_ones() -> None:
    sought = "An idempotent call can be made again"
    assert _share(sought, "it is idempotent") > _share(sought, "you make it again")


def test_a_number_is_met_by_itself_alone() -> None:
    assert _share("It took 40 ms", "it took 40 ms") == 1.0
    assert _share("It took 40 ms", "it took 41 ms") < 1.0


def test_all_pairs_at_once_agree_with_each_pair_alone() -> None:
    sought = [("delete", "delet"), ("fast", "fast"), ("encapsulation", "encapsul")]
    said = [("quick", "quick"), ("erase", "eras"), ("encapsulates", "encapsul"), ("soup", "soup")]
    found = alike(sought, said, "en")
    assert set(found["fast"]) == {"fast", "quick"}
    assert set(found["delet"]) == {"delet", "eras"}
    assert "soup" not in {root for met_by in found.values() for root in met_by}
