"""What the rehearsal reads in an answer: the points made and the signs shown. Pure; linear in the answer's length."""

from collections.abc import Sequence

import msgspec

from agents.plans import Competency, Language, Missing, Question
from agents.rehearsal.passages import Passage, common_stems, content_stems, is_content, told
from agents.rehearsal.points import Made, points_made, without_lists
from agents.rehearsal.signs import Found, find_signs
from agents.scoring import AnswerTurn

_RELEVANT_ENOUGH = 5
"""Distinct words of the question's subject at which an answer is wholly on it."""
_A_FEW_WORDS = 8
_EXPLAINING = ("technical", "case_study", "situational")


class Reading(msgspec.Struct, frozen=True):
    """An answer, read against its question."""

    language: Language
    other_language: bool
    """The answer is in another language than the interview."""
    passages: tuple[Passage, ...]
    points: dict[str, Made]
    signs: Found
    said: int
    """Words said, copies and repeats too."""
    explains: bool
    """The question asks how something is or would be done; an explanation answers it as well as a story does."""
    own: int
    """Words that are the candidate's own, each counted where it was said first."""
    content: int
    """Distinct words among them that carry meaning."""
    copied: float
    """Share of the words that were copied from the question or the rubric, 0–1."""
    subject: int
    """Distinct telling words of the question's subject."""
    on_topic: float
    """Share of the distinct words that the question, its points or its competency have too, 0–1."""

    @property
    def made(self) -> tuple[str, ...]:
        return tuple(point for point, made in self.points.items() if made.made)

    @property
    def missed(self) -> tuple[str, ...]:
        return tuple(point for point, made in self.points.items() if not made.made)

    @property
    def coverage(self) -> float:
        """Share of the expected points, 0–1; one that is only touched counts half."""
        marks = [1.0 if made.made else 0.5 if made.touched else 0.0 for made in self.points.values()]
        return sum(marks) / len(marks) if marks else 0.0

    @property
    def relevance(self) -> float:
        return min(1.0, self.subject / _RELEVANT_ENOUGH)

    @property
    def touches(self) -> bool:
        return any(made.touched for made in self.points.values())

    @property
    def silent(self) -> bool:
        return self.said == 0

    @property
    def hostile(self) -> bool:
        return "hostile" in self.signs

    @property
    def declined(self) -> bool:
        """A non-answer: `I don't know`, `no idea`, a bare yes or no."""
        told_something = self.touches or "result" in self.signs or "own_part" in self.signs
        return "non_answer" in self.signs and self.own <= _A_FEW_WORDS and not told_something

    @property
    def evasive(self) -> bool:
        """Goes round the question: says it will not or cannot tell, or hedges without telling anything."""
        told_something = "own_part" in self.signs or "result" in self.signs or self.coverage >= 0.5
        return ("evasion" in self.signs or len(self.signs["hedge"]) >= 2) and not told_something

    @property
    def story(self) -> float:
        """How far it is told as a story, 0–1: situation, action and result, 0.3 each, 0.1 for this order."""
        situation, result = self.signs["situation"], self.signs["result"]
        action = tuple(sorted(self.signs["own_part"] + self.signs["we"]))
        told_in_order = situation and action and result and situation[0] <= action[0] <= result[-1]
        return 0.3 * bool(situation) + 0.3 * bool(action) + 0.3 * bool(result) + 0.1 * bool(told_in_order)

    @property
    def explanation(self) -> float:
        """How far it is laid out as an explanation, 0–1: steps 0.4 (one alone 0.2), reasons 0.3, a trade-off 0.3."""
        steps = min(2, len(self.signs["sequence"])) * 0.2
        return steps + 0.3 * ("reason" in self.signs) + 0.3 * ("tradeoff" in self.signs)

    def has(self, missing: Missing, point: str | None = None) -> bool:
        """Whether the answer already gives what a probe would seek."""
        match missing:
            case "point":
                return point is not None and point in self.points and self.points[point].touched
            case "depth":
                return ("reason" in self.signs or "tradeoff" in self.signs) and self.coverage >= 0.5
            case _:
                return missing in self.signs


def read(
    turns: Sequence[AnswerTurn],
    question: Question,
    language: Language,
    competency: Competency | None = None,
    *,
    by_kin: bool = False,
) -> Reading:
    """Reads an answer. `language` is the interview's; an answer in the other one is read by that one's cues.

    With the competency, its anchors are known too, and what is copied from them does not count. `by_kin` points
    are made in words of the same meaning too, which takes word lists and vectors that only what scores should load.
    """
    account = told(turns, question, competency, language)
    spoken_in = account.language
    passages = without_lists(question, account.passages, spoken_in)
    content = {
        word
        for passage in passages
        for token, word in zip(passage.tokens, passage.stems, strict=True)
        if is_content(token.word, spoken_in)
    }
    spoken = {word for passage in passages if passage.spoken for word in passage.stems} & content
    wide = subject_of(question, spoken_in, competency)
    telling = wide - common_stems(spoken_in)
    return Reading(
        language=spoken_in,
        other_language=spoken_in != language,
        passages=passages,
        points=points_made(question, passages, spoken_in, by_kin=by_kin),
        signs=find_signs(passages, spoken_in),
        said=account.words,
        explains=question.type in _EXPLAINING,
        own=sum(len(passage.tokens) for passage in passages),
        content=len(content),
        copied=account.copied / account.words if account.words else 0.0,
        subject=len(spoken & telling),
        on_topic=len(spoken & wide) / len(spoken) if spoken else 0.0,
    )


def subject_of(question: Question, language: Language, competency: Competency | None = None) -> frozenset[str]:
    """The stems of all that a question, its points, probes and hints and its competency's definition speak of."""
    texts = [question.text, *(p.text for p in question.points), *(p.text for p in question.probes), *question.hints]
    if competency is not None:
        texts += [competency.name, competency.definition, *competency.anchors]
    said = [text.get(language, "") for text in texts]
    said += [cue for point in question.points for cue in point.cues.get(language, ())]
    return frozenset[str]().union(*(content_stems(text, language) for text in said))
