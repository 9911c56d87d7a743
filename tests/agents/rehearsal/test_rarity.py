from agents.rehearsal.rarity import rarity, spelling


def test_rarer_words_tell_more() -> None:
    assert rarity("the", "en") < rarity("table", "en") < rarity("pointer", "en") <= rarity("idempotent", "en") <= 1
    assert rarity("que", "es") < rarity("tabla", "es") < rarity("puntero", "es") <= 1


def test_what_nobody_lists_tells_as_much_as_a_rare_word() -> None:
    assert rarity("xqzzt", "en") == rarity("40ms", "en") == 1.0


def test_a_folded_word_gets_its_accents_back() -> None:
    assert spelling("funcion", "es") == "función"
    assert spelling("xqzzt", "es") == "xqzzt"


def test_accents_left_out_change_nothing() -> None:
    assert rarity("funcion", "es") < 1.0
