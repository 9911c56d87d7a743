"""Data in a prompt: it cannot leave its block, carries nothing invisible, and is never longer than it may be."""

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import cut, element, elements, on_one_line, visible

ANY_TEXT = st.text(alphabet=st.one_of(st.sampled_from("<>&\"'/=ab \n\u200b\U000e0041"), st.characters()), max_size=300)


@given(ANY_TEXT, ANY_TEXT)
def test_data_can_be_read_back_out_of_its_block_and_nowhere_else(data: str, attribute: str) -> None:
    markup = element("said", data, at_most=1_000, by=attribute).markup
    found = re.fullmatch(r'<said by="([^"<>]*)">([^<>]*)</said>', markup)
    assert found is not None
    assert html.unescape(found[2]) == visible(data)
    assert html.unescape(found[1]) == on_one_line(attribute)


@given(ANY_TEXT)
def test_nothing_invisible_is_left(data: str) -> None:
    assert all(c in "\n\t" or not unicodedata.category(c).startswith("C") for c in visible(data))
    assert "\n" not in on_one_line(data)
    assert "\t" not in on_one_line(data)


@given(ANY_TEXT, st.integers(0, 200))
def test_a_long_text_is_cut_in_its_middle(data: str, at_most: int) -> None:
    short = cut(data, at_most)
    assert len(short) <= at_most
    if len(data) <= at_most:
        assert short == data
    elif at_most > 20:
        assert short.startswith(data[:5])
        assert short.endswith(data[-3:])
        assert "[…]" in short


@pytest.mark.parametrize("tag", ["Said", "said>", "", "a b", "a/"])
def test_a_tag_that_is_no_plain_name_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        element(tag, "words", at_most=10)


def test_blocks_stand_below_each_other() -> None:
    assert elements([element("a", "1", at_most=1), element("b", "2", at_most=1)]).markup == "<a>1</a>\n<b>2</b>"
