"""What in a text tells who is speaking: found word by word, each find an edit of the text."""

import re
from collections.abc import Sequence

from agents.plans import Language
from agents.redaction.agreement import Agreement
from agents.redaction.known import kept_phrases, names, places
from agents.redaction.lexicon import Lexicon, lexicon
from agents.redaction.patterns import CAPITAL, NUMBER
from agents.redaction.rules import place_at
from agents.redaction.spans import Edit, Span
from agents.redaction.words import Word, plain, words_of

_LABEL = re.compile(r"\[[^\[\]\n]{1,40}\]")
"""What a redaction or a mask put in before; it stays as it is."""
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SPOKEN_MAIL = re.compile(
    r"\w+(?:\s+(?:dot|punto|underscore|dash|guion|guion bajo)\s+\w+)*\s+(?:at|arroba)\s+\w+"
    r"(?:\s+(?:dot|punto)\s+\w{2,4})+\b",
    re.IGNORECASE,
)
_PROFILE = re.compile(
    r"(?:https?://)?(?:www\.)?(?:linkedin\.com/in|github\.com|gitlab\.com|twitter\.com|x\.com|instagram\.com|facebook\.com|t\.me|wa\.me"
    r"|tiktok\.com|medium\.com)/@?[\w.-]*\w",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d[\d\s().-]{7,}\d|\(\d{2,4}\)\s?\d{3,4}[-\s]\d{3,4}|\d{3}-\d{3,4}-\d{4})(?!\w|\.\d)"
)
_CONTACTS = (
    (re.compile("@"), _MAIL),
    (re.compile(r" (?:dot|punto) ", re.IGNORECASE), _SPOKEN_MAIL),
    (re.compile(r"\.(?:com|me)/"), _PROFILE),
    (re.compile(r"[\d)][ .-]\d"), _PHONE),
)
"""What is looked for only where a sign of it is, because it takes long to find that it is not there."""
_DOTTED = re.compile(r"\b(?:U\.\s?S\.(?:\s?A\.)?|U\.\s?K\.|EE\.\s?UU\.)")
_ARTICLES = frozenset({"the", "el", "la", "los", "las", "del", "al"})
_WITH_PREPOSITION = {"del": "de ", "al": "a "}
_FOLLOWS = re.compile(r" ([^\W\d_]+)")
_COMMA = re.compile(r",\s+")
_SURNAME = re.compile(r"\s+(?:(?:de|del|la|de la|de los|van|von|y|e)\s+)?([^\W\d_]+(?:-[^\W\d_]+)?)")
_INITIAL = re.compile(r"\s+[A-Z]\.(?=\s+[A-Z])")


class Finder:
    """Goes through one text once. `found_names` grows by the names that a sign showed to be some."""

    def __init__(self, text: str, language: Language, own_names: frozenset[str], found_names: set[str]) -> None:
        self.text = text
        self.plain = plain(text)
        self.words: Sequence[Word] = words_of(self.plain)
        self.language = language
        self.lexicon: Lexicon = lexicon(language)
        self._own_names = own_names
        self._found_names = found_names
        gendered = self.lexicon.gendered
        self._agreement = (
            Agreement(gendered, self.lexicon.function_words, self.words, self.put_word) if gendered else None
        )
        self._has_trees = any(word.key in self.lexicon.trees for word in self.words)
        self._edits: dict[Span, str] = {}
        self._taken = bytearray(len(text))
        self._kept = bytearray(len(text))
        self._is_label = bytes(len(text))

    def edits(self) -> list[Edit]:
        """Every edit, in order; they do not overlap."""
        for match in _LABEL.finditer(self.plain):
            self._taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
        self._is_label = bytes(self._taken)
        for sign, pattern in _CONTACTS:
            if sign.search(self.plain):
                for match in pattern.finditer(self.plain):
                    if not match.group().startswith("git@"):
                        self._put(match.start(), match.end(), self.lexicon.labels["contact"])
        for match in _DOTTED.finditer(self.plain):
            self._put_place(match.start(), match.end(), None)
        self._keep_phrases()
        agreement = self._agreement
        for index, word in enumerate(self.words):
            if self._is_label[word.start]:
                if agreement:
                    agreement.saw_label(index)
                continue
            self._by_rules(index)
            if not self._taken[word.start] and not self._kept[word.start]:
                self._by_words(index)
            if agreement and not self._taken[word.start]:
                agreement.agree(index)
        return [Edit(start, end, put) for (start, end), put in self._edits.items() if self.text[start:end] != put]

    # --- what is put in -----------------------------------------------------------------------------------------

    def _put(self, start: int, end: int, put: str) -> bool:
        """Marks a stretch as written anew, unless some of it is already."""
        if start >= end or any(self._taken[start:end]):
            return False
        self._taken[start:end] = b"\1" * (end - start)
        self._edits[start, end] = put
        return True

    def put_word(self, first: int, last: int, put: str) -> bool:
        """Writes words `first` to `last` anew, with a capital where the first of them had one."""
        start, end = self.words[first].start, self.words[last].end
        old = self.text[start:end]
        if put[:1].isalpha() and old[:1].isupper():
            put = put.upper() if old.isupper() and len(old) > 2 else put[:1].upper() + put[1:]
        return self._put(start, end, put)

    def _put_label(self, index: int, start: int, end: int, label: str) -> bool:
        """A label for a stretch that begins at or behind word `index`; in English `an` before it turns into `a`."""
        if self.language == "en":
            before = self._before(start, index)
            if before is not None and before.key in {"an", "a"} and not self._taken[before.start]:
                an = self.text[before.start : before.end]
                if before.key == "an":
                    return self._put(before.start, end, f"{an[0]}{self.text[before.end : start]}{label}")
        return self._put(start, end, label)

    def _before(self, start: int, index: int) -> Word | None:
        """The word that stands right before a place, nothing but one space between them."""
        while index >= 0 and self.words[index].start >= start:
            index -= 1
        if index < 0:
            return None
        word = self.words[index]
        return word if self.text[word.end : start] in {" ", "\n"} else None

    def _put_place(self, start: int, end: int, index: int | None) -> bool:
        """A place and the article that some places have and others have not."""
        label = self.lexicon.labels["place"]
        before = self._before(start, index if index is not None else len(self.words) - 1)
        follows = self.plain[end : end + 24].lstrip("'")
        next_word = _FOLLOWS.match(follows)
        is_whole = next_word is None or next_word.group(1).lower() in self.lexicon.function_words
        if before is not None and before.key in _ARTICLES and not self._taken[before.start] and is_whole:
            return self._put(before.start, end, _WITH_PREPOSITION.get(before.key, "") + label)
        return self._put_label(index if index is not None else len(self.words) - 1, start, end, label)

    # --- rules --------------------------------------------------------------------------------------------------

    def _by_rules(self, index: int) -> None:
        word = self.words[index]
        rules = self.lexicon.rules
        held = rules.get(word.key, ())
        if word.has_capital:
            held += rules.get(CAPITAL, ())
        if word.key[0].isdigit():
            held += rules.get(NUMBER, ())
        if not held:
            return
        name = self.lexicon.labels["name"]
        for rule in held:
            for start, end in rule.spans(self.plain, word.start):
                stop = self._with_surnames(end) if rule.label == name else end
                if any(self._kept[start:stop]) and rule.label != name:
                    continue
                if self._put_ruled(index, start, stop, rule.label) and rule.label == name:
                    self._remember(self.text[start:stop])

    def _put_ruled(self, index: int, start: int, end: int, label: str) -> bool:
        if any(self._taken[start:end]):
            return False
        if label == self.lexicon.labels["place"]:
            return self._put_place(start, end, self._last_before(index, start))
        if self._agreement is not None and label in {self.lexicon.labels["name"], self.lexicon.labels["person"]}:
            last = self._last_before(index, start)
            put = self._put(start, end, label)
            self._agreement.articles_before(last)
            return put
        return self._put_label(self._last_before(index, start), start, end, label)

    def _last_before(self, index: int, start: int) -> int:
        """The last word that begins before a place, counted from a word near it."""
        while index + 1 < len(self.words) and self.words[index + 1].start < start:
            index += 1
        while index >= 0 and self.words[index].start >= start:
            index -= 1
        return index

    def _with_surnames(self, end: int) -> int:
        """Where a name ends with the surnames behind it, in capitals or known."""
        initial = _INITIAL.match(self.plain, end)
        at = initial.end() if initial else end
        while match := _SURNAME.match(self.plain, at):
            word = match.group(1)
            is_known = word.lower() in names().surnames or word.lower() in self._own_names
            if word.lower() in self.lexicon.function_words or not (is_known or self._is_new_capital(word)):
                break
            at = match.end()
        return at if at > end and not any(self._taken[end:at]) and not (initial and at == initial.end()) else end

    def _is_new_capital(self, word: str) -> bool:
        return word[0].isupper() and not word.isupper() and word.lower() not in names().also_technology

    def _remember(self, name: str) -> None:
        """A name that was shown to be one is one wherever it stands in capitals."""
        for part in re.findall(r"[^\W\d_]{3,}", plain(name)):
            key = part.lower()
            known = names()
            is_other = key in self.lexicon.function_words or key in known.also_technology or key in known.also_words
            if part[0].isupper() and not is_other:
                self._found_names.add(key)

    # --- words --------------------------------------------------------------------------------------------------

    def _keep_phrases(self) -> None:
        kept = kept_phrases()
        for word in self.words:
            if word.key in kept:
                end = place_at(self.plain, word.start, kept)
                if end is not None:
                    self._kept[word.start : end] = b"\1" * (end - word.start)

    def _by_words(self, index: int) -> None:
        word = self.words[index]
        key = word.key
        if key in self.lexicon.one_form:
            self.put_word(index, index, self.lexicon.one_form[key])
            return
        if key in self.lexicon.phrases and self._by_phrases(index):
            return
        if not self._is_place(index):
            self._is_name(index)

    def _by_phrases(self, index: int) -> bool:
        word = self.words[index]
        for phrase, label in self.lexicon.phrases[word.key]:
            last = index + len(phrase) - 1
            if last >= len(self.words) or any(self.words[index + n].key != part for n, part in enumerate(phrase)):
                continue
            if any(len(self.words[index + n].gap) > 1 for n in range(1, len(phrase))):
                continue
            if label == self.lexicon.labels["holiday"]:
                return self._put_label(index, word.start, self.words[last].end, label)
            if not self._is_of_person(index):
                continue
            if self._agreement is not None and len(phrase) == 1:
                return self._agreement.person(index, label)
            return self._put_label(index, word.start, self.words[last].end, label)
        return False

    def _is_of_person(self, index: int) -> bool:
        """Whether a word for persons is one here, by what stands before and behind it."""
        word = self.words[index]
        held = self.lexicon
        behind = [following.key for following in self.words[index + 1 : index + 4]]
        before = [self.words[index - 1].key] if index and len(word.gap) == 1 else []
        for phrase in held.kept.get(word.key, ()):
            if tuple(behind[: len(phrase)]) == phrase:
                return False
        if before and (word.key,) in held.kept.get(before[0], ()):
            return False
        needs_my = word.key in held.only_with_my or (self._has_trees and word.key in held.of_trees)
        if needs_my and not (before and before[0] in held.mine):
            return False
        return word.key not in held.only_with_owner or bool(before and before[0] in held.owners)

    def _is_place(self, index: int) -> bool:
        word = self.words[index]
        known = places()
        if self.text[word.start : word.end] in known.exactly:
            return self._put_place(word.start, word.end, index)
        end = place_at(self.plain, word.start, known.anywhere) if word.key in known.anywhere else None
        if end is not None and (word.has_capital or end > word.end or self._is_place_in_small_letters(word.key)):
            return self._put_place(word.start, self._with_country(end), index)
        if word.key in known.with_a_sign and word.has_capital and index:
            before = self.words[index - 1]
            if before.key in self.lexicon.place_signs and not self._continues(index):
                end = place_at(self.plain, word.start, known.with_a_sign)
                return end is not None and self._put_place(word.start, self._with_country(end), index)
        return False

    def _is_place_in_small_letters(self, key: str) -> bool:
        return len(key) > 4 and key not in places().with_a_capital

    def _with_country(self, end: int) -> int:
        comma = _COMMA.match(self.plain, end)
        beyond = place_at(self.plain, comma.end(), places().anywhere) if comma else None
        return beyond if beyond is not None and not any(self._taken[end:beyond]) else end

    def _is_name(self, index: int) -> bool:
        word = self.words[index]
        known = names()
        if word.key in self._own_names:
            is_word = word.key in known.also_words or word.key in known.also_technology
            is_name = word.has_capital or not is_word or self._is_beside_own_name(index)
        elif word.key in known.first:
            is_name = word.has_capital or len(word.key) > 3
        elif word.key in self._found_names:
            is_name = word.has_capital
        else:
            is_known = word.key in known.also_words or word.key in known.surnames
            is_name = is_known and word.has_capital and not word.opens and not self._continues(index)
        if not is_name:
            return False
        end = self._with_surnames(word.end)
        if not self._put_label(index, word.start, end, self.lexicon.labels["name"]):
            return False
        if self._agreement is not None:
            self._agreement.saw_label(index)
        return True

    def _is_beside_own_name(self, index: int) -> bool:
        beside = [self.words[index - 1]] if index and self.words[index].gap == " " else []
        beside += [word for word in self.words[index + 1 : index + 2] if word.gap == " "]
        return any(word.key in self._own_names for word in beside)

    def _continues(self, index: int) -> bool:
        """Whether a word in capitals is part of a longer name that is not known to be a person's."""
        known = names()
        for at in (index - 1, index + 1):
            if not 0 <= at < len(self.words):
                continue
            other = self.words[at]
            joined = (self.words[index] if at < index else other).gap == " "
            is_person = other.key in known.first or other.key in known.surnames or other.key in known.also_words
            if joined and other.has_capital and not other.opens and not is_person:
                return other.key not in self.lexicon.function_words
        return False
