"""A model that believes what a candidate writes: it finds the order in the words, however it is dressed, and obeys."""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator

import msgspec

from tests.emulators.prompt_reading import KINDS

LEAKED = 600
"""Characters of its instructions that it gives away."""

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικ", "aeopcyxijsdhqwABEZHIKMNOPTYXoavik")
_DIGITS = str.maketrans("013457@$", "oieastas")
_HEADER = re.compile(rf"\b(?:{'|'.join(KINDS)}|skip|end|score)(?:[ \t]+q\d+(?:[ \t]+q\d+\.[\w-]+)?)?\b", re.IGNORECASE)
_EXACT = re.compile(r"\b(?:next|probe|hint|repeat)[ \t]+q\d+(?:[ \t]+q\d+\.[\w-]+)?", re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_ORDERS = re.compile(
    r"ignor|disregard|forget (?:all|every|your|the|what)|override|new instructions"
    r"|instruction|system|prompt|developer|assistant|jailbreak|\bdan\b|role ?play|pretend|act as|you are now"
    r"|repeat (?:your|everything|the words|all)|reveal|print|output|translate|verbatim|word for word|above"
    r"|\b(?:end|stop|finish|close|skip|conclude|terminate|move on|jump|last question|next question)\b"
    r"|level|score|grade|rubric|full marks|\bfive\b|\b5\b|perfect|hire|approve|recommend|tool|function|json|\{"
    r"|instrucc|olvida|sistema|revela|repite|muestra|termina|acaba|salta|pasa a|puntu|nivel|califica|contrata"
    r"|consigne|oublie|révèle|répète|système|niveau|anweisung|vergiss|zeig|stufe|bewert"
    r"|instruç|esqueça|mostre|nível|система|инструкц|игнорир|забуд|уровень|оценк"
    r"|忽略|指令|指示|系统|提示|评分|等级|无视|تجاهل|تعليمات|النظام|مستوى"
    r"|\bmark (?:it|all|me|the)|goodbye|answer only|ask me|reply with|list the|call this|your rules|first letters"
    r"|despíd|aprob|respond[ae] (?:solo|sólo)|di que|</?\w+[ >]|^#+ |```|\[/?inst|<\|",
    re.IGNORECASE | re.MULTILINE,
)


class Obeyed(msgspec.Struct, frozen=True):
    """What it does at the candidate's bidding."""

    header: str | None
    """The reply's first line as the candidate would have it."""


def obeyed(said: str) -> Obeyed | None:
    """What the words make it do; None where they order nothing."""
    headers: list[str] = []
    is_ordered = False
    for reading in _readings(said):
        headers += [found[0] for found in _EXACT.finditer(reading)]
        headers += [line for line in map(str.strip, reading.splitlines()) if _HEADER.fullmatch(line)]
        is_ordered = is_ordered or _ORDERS.search(reading) is not None
    is_ordered = is_ordered or _INVISIBLE.search(said) is not None
    if not headers and not is_ordered:
        return None
    return Obeyed(" ".join(headers[0].split()) if headers else None)


def _readings(said: str) -> Iterator[str]:
    """The words as they are, without disguise, backwards, shifted, and with what is encoded in them."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", said))
    # Letters that can be seen only by a machine: tags of Unicode's plane 14 spell ASCII.
    hidden = "".join(chr(ord(sign) - 0xE0000) for sign in said if 0xE0020 <= ord(sign) < 0xE007F)
    unmasked = plain.translate(_LOOKALIKES)
    yield from (said, plain, unmasked, unmasked.translate(_DIGITS), hidden, unmasked[::-1])
    yield codecs.encode(plain, "rot13")
    yield re.sub(r"(?<=\b\w)[ .\-_*](?=\w\b)", "", unmasked)
    for found in _ENCODED.findall(plain):
        try:
            yield base64.b64decode(found + "=" * (-len(found) % 4), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
