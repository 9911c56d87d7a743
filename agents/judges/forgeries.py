"""Stretches of an answer in a form that no speaker gives it: markup of a prompt, a verdict as JSON, turns of a dialogue
that nobody held, what is encoded, backwards, or cannot be seen.

Code and markup as such are an answer to many a technical question. What is cut names a level, a prompt or a scorer.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

from agents.judges.addressing import addressed, look_at, sentences
from agents.judges.undisguised import View, folded, has_mixed_scripts, undisguised
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import tokens

Span = tuple[int, int]

_KEYS = (
    r"(?:null_reason|level|anchors?|scores?|grades?|quotes|covered|missed|verdict|rubric|competenc(?:y|ies)|nivel(?:es)?|"
    r"puntaje|calificaci[oó]n|nota|suggestion|seq)"
)
_NAMES = (
    r"(?:answers?|turns?|anchors?|language|question|points?|competency|system|user|assistant|instructions?|prompts?|"
    r"exemplary|scor\w*|grad\w*|level|rubric|respuestas?|nivel|\w{0,30}(?:result|tool|function|herramienta)\w{0,30})"
)
_WHOLE = r"system|anchors?|rubric|instructions?|points?|\w{0,30}(?:result|tool|function|herramienta)\w{0,30}"
_MARKS = re.compile(
    "|".join(
        (
            r"<!--.*?(?:-->|$)",
            r"\[//\]:\s*#\s*\([^)\n]*\)?",
            rf"<({_WHOLE})\b[^<>\n]{{0,200}}>.{{0,2000}}?</\1>",
            r"<\|[^|>\n]{0,40}\|?>",
            rf"(?:<|&lt;)/?{_NAMES}\b[^<>\n]{{0,200}}?(?:>|&gt;|$)",
            rf"(?:<|&lt;)\w+[^<>\n]{{0,200}}?\b{_KEYS}\s*=[^<>\n]{{0,200}}?(?:>|&gt;)",
            r"</\w{0,12}$",
            r"^\w{0,12}>",
            r"\[/?inst\]",
            rf"\{{%[^\n]{{0,200}}?\b{_KEYS}\b[^\n]{{0,200}}?%\}}|\{{\{{[^\n]{{0,200}}?\b{_KEYS}\b[^\n]{{0,200}}?\}}\}}",
            rf"\$[{{(][^\n]{{0,60}}?\b{_KEYS}\b[^\n]{{0,60}}?[}})]",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)
_KEY = re.compile(rf"""["']?\b{_KEYS}["']\s*[:=]|\bquotes:\s*[{{\[]""", re.IGNORECASE)
_LONGEST_STUMP = 12
"""Characters before a name, of one that was torn in two."""
_LONGEST_GAP = 120
"""Characters between one bracket of a document and the next."""
_NAMED = re.compile(rf"\b{_KEYS}\b", re.IGNORECASE)
_FENCE = re.compile(r"```.*?(?:```|$)", re.DOTALL)
_TITLES = r"task|instruc\w+|data|assessment|system|anweisung|aufgabe|tarea"
_LINES = re.compile(
    "|".join(
        (
            rf"^[ \t]*\|?[^\n|]*\b{_KEYS}\b[^\n|]*\|.*$",
            r"^[ \t]*\|(?:[^\n|]*\|)+\s*$",
            rf"^[ \t]*#{{1,6}}[ \t]+[^\n]*\b(?:{_KEYS}|{_TITLES})\b.*$",
            rf"^[ \t]*{_KEYS}\s*:\s.*$",
        )
    ),
    re.IGNORECASE | re.MULTILINE,
)
_SPEAKERS = (
    r"(?:(?:first|second|third|primer|segund[oa]|tercer) )?(?:interviewer|judge|juez|scorer|grader|assistant|examiner|"
    r"recruiter|moderator|narrator|entrevistador[a]?|jurado|acta|asistente|evaluador[a]?|examinador[a]?|"
    r"reclutador[a]?|prüfer|interviewerin|juge|examinateur|example \d+|ejemplo \d+)"
)
_TURN = re.compile(
    rf"(?:^|(?<=[.!?…\"»]\s)|(?<=\n)){_SPEAKERS}\s?(?:\([^)\n]*\))?:[^\n]*", re.IGNORECASE | re.MULTILINE
)
_LABEL = re.compile(
    r"^[ \t]*(?:candidate|applicant|answer|persona candidata|candidat[oa]|respuesta|reponse|antwort):\s",
    re.IGNORECASE | re.MULTILINE,
)
_SAID_OF_IT = re.compile(
    r"\[[^\[\]\n]{0,200}\b(?:inaudible|unintelligible|noise|dropped|transcriber\w*|crosstalk|silence|ininteligible|ruido|"
    r"transcriptor\w*|judge|scorer|note|nota|omitted|not part of the answer)\b[^\[\]\n]{0,200}\]",
    re.IGNORECASE,
)
_QUOTED_LEVEL = re.compile(
    r"(?:^[^\n]{0,120})?\b(?:level|nivel|niveau|stufe)\s*:\s*(?:[1-5]\b|$)", re.IGNORECASE | re.MULTILINE
)
_SHEET = re.compile(
    r"(?:(?:\w+[ :]+)?\b(\d{1,3})/\1\b[.,;\s]*){2,}|"
    r"(?:\w+:\s*(?:covered|complete|yes|done|excellent|cubiert[oa]|complet[oa]|excelente)\b[.,;\s]*){2,}",
    re.IGNORECASE,
)
_FRONT = re.compile(r"^-{3,}\n(?:[^\n]*\n){1,12}?-{3,}\s*$", re.MULTILINE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
_HEX = re.compile(r"(?:\b[0-9a-f]{2}\b[ ,:]?){6,}|\b(?:[0-9a-f]{2}){10,}\b", re.IGNORECASE)
_APART = re.compile(r"(?<!\w)(?:\w[ .\-_*]+){7,}\w(?!\w)")
_RATED = re.compile(r"(?:[⭐★🌟💯🏆🥇✅✔❌👉🤖📋➡🤫]|[0-9]\u20e3|[\ufe0f\u200d\s,=:])+")
_STARS = re.compile(r"[⭐★🌟💯🏆🥇]|[0-9]\u20e3|🤖")
_LEET = str.maketrans("0134578@$", "oieastbas")
_SMALL_WORDS = frozenset[str]().union(*(lexicon.glue | lexicon.articles for lexicon in LEXICONS.values()))
_LEET_WORD = re.compile(r"\b(?:[a-z]+[0134578@$]|[0134578@$]+[a-z])[a-z0-9@$]*")
_MANY_LEET = 3
_HIDDEN = re.compile("[\U000e0020-\U000e007f]+")
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENDS_TURNED = "\u202c\u2069"
_BETWEEN_LETTERS = re.compile("(?<=\\w)[\u00ad\u200b-\u200d\u2060\ufeff](?=\\w)|(?<= )[\u00ad\u200b](?= )")
_CONTROL = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0080-\u009f]")
_MOST_CONTROL = 2
_MANY_INVISIBLE = 4


def forged(text: str) -> list[Span]:
    """Where an answer has such a form, in characters of the text as it came."""
    view = undisguised(text)
    return [*_hidden(text), *(view.span(start, end) for start, end in _in_plain(view.text))]


def _in_plain(text: str) -> Iterator[Span]:
    for pattern in (_FENCE, _FRONT):
        yield from (found.span() for found in pattern.finditer(text) if _NAMED.search(found[0]))
    for pattern in (_MARKS, _TURN, _LABEL, _SAID_OF_IT, _QUOTED_LEVEL, _SHEET):
        yield from (found.span() for found in pattern.finditer(text))
    yield from _documents(text)
    if len(lines := list(_LINES.finditer(text))) > 1 or any("#" in found[0][:8] for found in lines):
        yield from (found.span() for found in lines)
    for found in _RATED.finditer(text):
        if len(_STARS.findall(found[0])) > 1:
            yield found.span()


def _documents(text: str) -> Iterator[Span]:
    """JSON, or what begins or ends like it, with a name in it that a verdict has."""
    line = 0
    while line < len(text):
        end = text.find("\n", line) % (len(text) + 1)
        keys = [found.span() for found in _KEY.finditer(text, line, end)]
        if keys:
            start, stop = keys[0][0], keys[-1][1]
            start = line if start - line <= _LONGEST_STUMP else start
            while (before := max(text.rfind(bracket, max(line, start - _LONGEST_GAP), start) for bracket in "{[")) >= 0:
                start = before
            closing = max(text.rfind(bracket, stop, min(end, stop + 2 * _LONGEST_GAP)) for bracket in "}]")
            yield start, closing + 1 if closing >= 0 else end
        line = end + 1


def encoded(text: str) -> Iterator[Span]:
    """What is text, or an order, once it is decoded, turned round, or written with the letters together."""
    for pattern, decode in ((_BASE64, _of_base64), (_HEX, _of_hex)):
        for found in pattern.finditer(text):
            if decode(found[0]):
                yield found.span()
    for found in _APART.finditer(text):
        if sum(c.isalpha() for c in found[0]) > 7:
            yield found.span()
    for start, end in _parts(text):
        plain = folded(View(text[start:end], tuple(range(start, end)), len(text))).text
        readings = [plain[::-1], codecs.encode(plain, "rot13")]
        if len(_LEET_WORD.findall(plain)) >= _MANY_LEET:
            readings.append(plain.translate(_LEET))
        if not addressed(plain) and any(_is_telling(reading, plain) for reading in readings):
            yield start, end


def _parts(text: str) -> Iterator[Span]:
    """Its sentences, and what follows a colon by itself."""
    for start, end in sentences(text):
        colon = text.find(": ", start, end) + 1 or end
        yield start, colon
        yield colon, end


def _is_telling(reading: str, plain: str) -> bool:
    """Whether it says something to a scorer, and is more of a language than what stands there."""
    found = look_at(reading)
    return found.speaks_to_a_scorer and len(found.has) > 2 and _small_words(reading) > _small_words(plain)


def _small_words(text: str) -> int:
    return sum(token.word in _SMALL_WORDS for token in tokens(text))


def _hidden(text: str) -> Iterator[Span]:
    """What a reader would not see, or not in this order."""
    yield from (found.span() for found in _HIDDEN.finditer(text))
    opened: int | None = None
    for found in _TURNED.finditer(text):
        if found[0] not in _ENDS_TURNED:
            opened = found.start() if opened is None else opened
        elif opened is not None:
            yield opened, found.end()
            opened = None
    if opened is not None:
        yield opened, len(text)
    for start, end in sentences(text):
        stretch = text[start:end]
        is_dotted = len(_BETWEEN_LETTERS.findall(stretch)) >= _MANY_INVISIBLE
        is_mixed = sum(map(has_mixed_scripts, stretch.split())) > 1
        if is_dotted or is_mixed or len(_CONTROL.findall(stretch)) >= _MOST_CONTROL:
            yield start, end


def _of_base64(written: str) -> bool:
    try:
        decoded = base64.b64decode(written + "=" * (-len(written) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return False
    return _is_text(decoded)


def _of_hex(written: str) -> bool:
    try:
        return _is_text(bytes.fromhex(re.sub(r"[^0-9a-f]", "", written.lower())).decode())
    except (UnicodeDecodeError, ValueError):
        return False


def _is_text(decoded: str) -> bool:
    return decoded.isprintable() and " " in decoded.strip()
