"""What of an answer is said to whoever judges, or by somebody else: it is no part of the answer and is not read.

Such words are known by what they speak of: levels and their values, rubrics, verdicts; by the marks of a machine's
text; and by labels of speakers. Whatever they ask for, up or down, moves nothing.
"""

import re

from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import Token, fold, sentences, tokens

_LABEL = re.compile(r"(?:^|\n)[ \t]*((?:[^\W\d_]+ ){0,2}[^\W\d_]+):(?=\s)")
_SPEAKERS = re.compile(
    r"(?:(?:the|first|second|third|el|la|aviso del|primer|primera|segund[oa]|tercer|tercera) )?"
    r"(?:(?P<other>interviewer|entrevistador[ae]?|assistant|asistente|system|sistema|judge|juez|jueza|scorer|panel"
    r"|evaluador[ae]?|acta|jurado)|candidate|candidat[oa]|persona candidata)"
)
"""The label of a line of one who is not the candidate, or of the candidate."""
_OUR_LABEL = re.compile(r"\[[^\W\d_]{2,15}\]")
"""What stands for a name, an age, a place that was taken out: our own brackets, and no machine's."""
_MACHINE_MARKS = "{}<>[]|=`#\\"
_FEWEST_MARKS, _MARKS_SHARE = 2, 0.15
"""Marks that speech does not have, and how many to a word make a stretch of a machine's text."""


def candidates_own(text: str) -> list[Token]:
    """All words but those of lines that claim to be somebody else's, and the labels of lines that claim a speaker."""
    found = tokens(text)
    for label in _LABEL.finditer(text):
        speaker = _SPEAKERS.fullmatch(fold(label.group(1)))
        if speaker is None:
            continue
        end = label.end()
        if speaker["other"]:
            line_end = text.find("\n", label.end())
            end = len(text) if line_end < 0 else line_end
            if not label.start():
                # What is said before the answer in one line with it is only its own first sentence.
                end = next((span.end for span in sentences(text, label.end(), end)), end)
        found = [token for token in found if not label.start() <= token.start < end]
    return found


def is_aside(text: str, words: int, folded: str) -> bool:
    """Whether a sentence of so many words speaks to whoever judges and not to the question, or is a machine's text."""
    bare = _OUR_LABEL.sub("", text)
    marks = sum(bare.count(mark) for mark in _MACHINE_MARKS)
    if marks >= _FEWEST_MARKS and marks >= _MARKS_SHARE * words:
        return True
    return any(lexicon.asides.search(folded) for lexicon in LEXICONS.values())
