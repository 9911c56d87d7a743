"""How words sound, in the phones of the recogniser's English model: espeak's own pronunciation, translated.

The model knows no Spanish; each Spanish sound is given the nearest English one, which serves for a closed set.
"""

from __future__ import annotations

from functools import lru_cache

from tests.emulators.espeak import phonemes

# Longest first: what is written with two letters is one sound.
_PHONES = {
    "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY",
    "ɔɹ": "AO R", "ɑːɹ": "AA R", "oːɹ": "AO R", "ɛɹ": "EH R", "ɪɹ": "IH R", "ʊɹ": "UH R", "ɑː": "AA",
    "ɔː": "AO", "iː": "IY", "uː": "UW", "ɜː": "ER", "aɪɚ": "AY ER", "n̩": "AH N", "əl": "AH L", "ai": "AY",
    "au": "AW", "ei": "EY", "oi": "OY", "oː": "OW", "eː": "EY", "a": "AA", "e": "EH", "i": "IY", "o": "OW",
    "u": "UW", "æ": "AE", "ɐ": "AH", "ʌ": "AH", "ə": "AH", "ɚ": "ER", "ɛ": "EH", "ɪ": "IH", "ᵻ": "IH",
    "ɑ": "AA", "ɔ": "AO", "ʊ": "UH", "b": "B", "β": "B", "d": "D", "ð": "DH", "θ": "TH", "f": "F", "g": "G",
    "ɡ": "G", "ɣ": "G", "h": "HH", "x": "HH", "j": "Y", "ʝ": "Y", "ʎ": "Y", "k": "K", "l": "L", "ɫ": "L",
    "m": "M", "n": "N", "ŋ": "NG", "ɲ": "N Y", "p": "P", "r": "R", "ɹ": "R", "ɾ": "D", "s": "S", "ʃ": "SH",
    "t": "T", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH",
}  # fmt: skip
_VARIANTS: dict[str, tuple[dict[str, str], ...]] = {
    "en": ({},),
    # Spanish vowels lie between two English ones, and its r is the d in "ladder" as often as an English r.
    "es": (
        {"ð": "D", "ɾ": "R"},
        {"ð": "D", "ɾ": "R", "o": "AO", "e": "EY"},
        {"ð": "D", "ɾ": "D"},
        {"ð": "D", "ɾ": "D", "o": "AO", "e": "EY"},
    ),
}
_LONGEST = max(len(sound) for sound in _PHONES)
VOICES = {"en": "en-us", "es": "es"}


@lru_cache(maxsize=4096)
def pronunciations(word: str, language: str) -> tuple[str, ...]:
    """The phones of one word, separated by spaces, likeliest first; what has no sound is left out."""
    sounds = phonemes(word, VOICES[language])
    found = [_translated(sounds, _PHONES | variant) for variant in _VARIANTS[language]]
    return tuple(dict.fromkeys(phones for phones in found if phones))


def _translated(sounds: str, table: dict[str, str]) -> str:
    found: list[str] = []
    position = 0
    while position < len(sounds):
        for length in range(min(_LONGEST, len(sounds) - position), 0, -1):
            phone = table.get(sounds[position : position + length])
            if phone is not None:
                found.append(phone)
                position += length
                break
        else:
            position += 1
    return " ".join(found)
