"""The words of an answer without what is only the way they were said: hesitations, restarts, dialect, names and ages.

None of it may move a level, so none of it is read: an answer is the same whoever gives it. Forms that are ordinary
words too count only where they stand apart.
"""

import re
from collections.abc import Sequence

from agents.plans import Language
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import Token, tokens

LONGEST_REPEAT = 4
"""Words of the longest phrase that is taken to be begun again when it is said twice in a row."""
_BREAK = re.compile(r"[,.;:!?…–—-]")
_KEEP_DOUBLE = frozenset(
    "very really so no yes many much far long more that had ha muy si mucho mucha mas casi".split()
)
_CONTRACTED = {"d": "would", "ve": "have", "m": "am", "ll": "will", "re": "are"}


def plain_words(text: str, language: Language, found: Sequence[Token] | None = None) -> list[Token]:
    """The words that are read, in order, each still at its place in the text.

    Articles that learners leave out are left out for everybody, contractions are taken apart, and a word that only one
    region has stands as the one that all have. `found` are the text's words where they are known already.
    """
    found = tokens(text) if found is None else found
    idle = _idle(text, found, language)
    return _plain([token for at, token in enumerate(found) if at not in idle], language)


def written_words(text: str, language: Language) -> list[Token]:
    """The words of a text of ours as they are compared with an answer's: nobody hesitates in it."""
    return _plain(tokens(text), language)


def _plain(found: Sequence[Token], language: Language) -> list[Token]:
    said = [part for token in found for part in _apart(token, language)]
    unmarked = LEXICONS[language].unmarked
    return [token for token in _common(said, language) if token.word not in unmarked]


def _apart(token: Token, language: Language) -> tuple[Token, ...]:
    word, mark, end = token.word.partition("'")
    if language != "en" or not mark or end not in _CONTRACTED:
        return (token,)
    return Token(word, token.start, token.end), Token(_CONTRACTED[end], token.start, token.end)


def _common(said: Sequence[Token], language: Language) -> list[Token]:
    """With the words of a region as those that all have."""
    regional = LEXICONS[language].regional
    words = [token.word for token in said]
    found: list[Token] = []
    at = 0
    while at < len(said):
        phrase = next((p for p in regional.get(words[at], ()) if tuple(words[at : at + len(p.said)]) == p.said), None)
        if phrase is None:
            found.append(said[at])
            at += 1
            continue
        places = said[at : at + len(phrase.said)]
        for number, word in enumerate(phrase.meant):
            place = places[min(number, len(places) - 1)]
            found.append(Token(word, place.start, place.end))
        at += len(phrase.said)
    return found


def _idle(text: str, found: Sequence[Token], language: Language) -> set[int]:
    """The places of the words that the answer loses nothing without."""
    lexicon = LEXICONS[language]
    words = [token.word for token in found]
    idle = {at for at, word in enumerate(words) if word in lexicon.hesitations}
    for at, word in enumerate(words):
        for phrase in lexicon.fillers.get(word, ()):
            end = at + len(phrase)
            if tuple(words[at:end]) == phrase and _is_apart(text, found, at, end, idle):
                idle |= set(range(at, end))
    idle |= _begun_again(words, idle)
    for pattern in lexicon.persons:
        idle |= _matched(pattern, words)
    return idle


def _is_apart(text: str, found: Sequence[Token], at: int, end: int, idle: set[int]) -> bool:
    """Whether a break or a hesitation stands before it and after it."""
    before = at == 0 or at - 1 in idle or bool(_BREAK.search(text, found[at - 1].end, found[at].start))
    if not before:
        return False
    return end >= len(found) or end in idle or bool(_BREAK.search(text, found[end - 1].end, found[end].start))


def _begun_again(words: Sequence[str], idle: set[int]) -> set[int]:
    """The first of two runs of the same words, with nothing but hesitations between them."""
    places = [at for at in range(len(words)) if at not in idle]
    said = [words[at] for at in places]
    again: set[int] = set()
    for at, word in enumerate(said):
        if word in _KEEP_DOUBLE or word not in said[at + 1 : at + 1 + LONGEST_REPEAT]:
            continue
        for length in range(LONGEST_REPEAT, 0, -1):
            end = at + length
            if end + length <= len(said) and said[at:end] == said[end : end + length]:
                again |= set(places[at:end])
                break
    return again


def _matched(pattern: re.Pattern[str], words: Sequence[str]) -> set[int]:
    line = " ".join(words)
    found: set[int] = set()
    for match in pattern.finditer(line):
        first = line.count(" ", 0, match.start())
        found |= set(range(first, first + match.group().count(" ") + 1))
    return found
