"""The words of one reply as they come, cut into sentences as soon as each is whole. Pure."""

import re

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|\n+")
_SHORTENED = re.compile(
    r"(?:\b(?:[A-Za-zÁÉÍÓÚÑ]|Mrs?|Ms|Dr|Dra|Sra?|Srta|Prof|St|No|vs|etc|approx|e\.g|i\.e|p\.\s?ej|Ud|Uds|EE|UU))\.$"
)
_WORD = re.compile(r"\w")


class Script:
    """Grows with `add` until `end`; positions are indices into `text`."""

    def __init__(self) -> None:
        self.text = ""
        self.is_over = False

    def add(self, words: str) -> None:
        """More of the reply."""
        self.text += words

    def end(self) -> None:
        """No more words come."""
        self.is_over = True

    def sentence_end(self, start: int) -> int | None:
        """Where the sentence that begins at `start` ends, white space after it included; None while it is not whole.

        Once the script is over the rest is a sentence, if there is a word in it.
        """
        for match in _END.finditer(self.text, start):
            piece = self.text[start : match.end()]
            if _WORD.search(piece) and not _SHORTENED.search(piece):
                return self._behind_spaces(match.end())
        if self.is_over and _WORD.search(self.text, start):
            return len(self.text)
        return None

    def is_said(self, position: int) -> bool:
        """Whether nothing is left to be said behind `position`."""
        return self.is_over and not _WORD.search(self.text, position)

    def find(self, word: str, start: int, end: int) -> int | None:
        """Where `word`, beginning a word at or soon behind `start`, ends; white space after it included."""
        place = self.text.find(word, start, min(end, start + len(word) + 48))
        behind = place + len(word)
        if place < 0 or (place > start and self.text[place - 1].isalnum()) or self.text[behind : behind + 1].isalnum():
            return None
        return min(self._behind_spaces(behind), end)

    def _behind_spaces(self, position: int) -> int:
        while position < len(self.text) and self.text[position].isspace():
            position += 1
        return position
