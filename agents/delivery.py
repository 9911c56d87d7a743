"""How the answers were spoken: figures from the times of the words in the log. Pure, and for practice alone.

Nothing here looks at a voice, and nothing here is ever part of a score; a screening has no such figures at all. The
definitions, with where the ranges of comparison come from, are in `docs/scoring.md`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from uuid import UUID

import msgspec

from agents import events
from agents.delivery_words import Token, fillers_in, repairs_in, tokens_of
from agents.events import Event, ReplyKind, Word
from agents.plans import Language

PAUSE_MS = 1_000
"""Silence between two words of one turn from which it is a pause: shorter ones are breath and phrasing."""
FEWEST_WORDS = 20
"""Words below which no rate is given: one hesitation more or less would move it too far."""
USUAL_PACE: dict[Language, tuple[int, int]] = {"en": (140, 210), "es": (150, 200)}
"""Words a minute, pauses included, for comparison and never as a target.

English: the averages for lectures (140) and for conversation (210), interviews lying between (Tauroza and Allison 1990,
Applied Linguistics 11:90–105, British English). Spanish: what the Instituto Cervantes' "Diccionario de términos clave
de ELE" gives as normal under "velocidad de habla".
"""
_ASKING: frozenset[ReplyKind] = frozenset({"next", "probe", "repeat", "hint"})


class Filler(msgspec.Struct, frozen=True):
    """A filler and how often it was said."""

    text: str
    count: int


class Pause(msgspec.Struct, frozen=True):
    """A silence inside an answer. `seq` is the turn's in the transcript, `at_ms` where in the interview it began."""

    question_id: str
    seq: int
    at_ms: int
    ms: int
    after: str
    """The last words before it, three at most."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How one answer, or all of them together, were spoken. Times are ms."""

    words: int
    """Words in spoken answers, hesitation sounds left out."""
    speaking_ms: int
    """From the first to the last word of each turn, without its pauses."""
    paused_ms: int
    """The pauses inside the turns, together."""
    words_a_minute: float | None
    """words ÷ speaking time: the pace while speaking. None below `FEWEST_WORDS`."""
    words_a_minute_with_pauses: float | None
    """words ÷ (speaking time + pauses): what `USUAL_PACE` can be set beside. None below `FEWEST_WORDS`."""
    fillers: tuple[Filler, ...]
    """Which (`agents.delivery_words`), the most frequent first."""
    filler_count: int
    fillers_per_100_words: float | None
    """None below `FEWEST_WORDS`."""
    pauses: int
    """Silences of `PAUSE_MS` or longer between two words of one turn."""
    longest_pause_ms: int
    repairs: int
    """Words or phrases said twice in a row, and announced corrections (`agents.delivery_words.repairs_in`)."""
    interviewer_ms: int
    """How long the interviewer spoke to these questions: from deciding on a reply, since no fact says when its first
    sound came, to when it had been heard. That is a little too long each time."""
    talk_share: float | None
    """speaking time ÷ (speaking time + interviewer's), 0–1, over the questions that were answered by voice alone."""
    responses: int
    """Answers whose beginning could be timed: those that follow a question, probe, repetition or hint heard out."""
    response_median_ms: int | None
    """From the end of what was asked to the first word; 0 for a candidate who began before the end. Time that was asked
    for ("let me think") is not counted."""
    response_longest_ms: int | None


class QuestionDelivery(msgspec.Struct, frozen=True):
    question_id: str
    figures: Figures


class Delivery(msgspec.Struct, frozen=True):
    """How the answers to the plan's questions were spoken: consent, warm-up and the candidate's questions apart."""

    whole: Figures
    questions: tuple[QuestionDelivery, ...]
    """Those with spoken words, in the order of asking."""
    pauses: tuple[Pause, ...]
    """Each of them, in the order of the interview."""
    languages: tuple[Language, ...]
    """In which answers were spoken."""
    typed_turns: int
    """Turns of answers that were typed: in no figure."""
    untimed_turns: int
    """Spoken turns of answers for which the recogniser gave no times: in no figure either."""


class _Turn(msgspec.Struct, frozen=True):
    """One spoken turn of an answer. `tokens` is empty where it was not spoken or has no times."""

    question_id: str
    seq: int
    language: Language
    is_typed: bool
    tokens: tuple[Token, ...]
    response_ms: int | None

    @property
    def pauses(self) -> Iterable[Pause]:
        spoken_to_ms = self.tokens[0].to_ms if self.tokens else 0
        for at, (before, after) in enumerate(pairwise(self.tokens), start=1):
            spoken_to_ms = max(spoken_to_ms, before.to_ms)
            if after.from_ms - spoken_to_ms >= PAUSE_MS:
                last = " ".join(token.text for token in self.tokens[max(0, at - 3) : at])
                yield Pause(self.question_id, self.seq, spoken_to_ms, after.from_ms - spoken_to_ms, last)

    @property
    def lasting_ms(self) -> int:
        if not self.tokens:
            return 0
        return max(token.to_ms for token in self.tokens) - self.tokens[0].from_ms


class _Heard(msgspec.Struct):
    """What the log tells of the talking, as it is read."""

    turns: list[_Turn]
    interviewer_ms: Counter[str]
    """By question."""
    asked: dict[str, None]
    """Questions in the order of asking."""


def delivery_of(log: Sequence[Event]) -> Delivery | None:
    """How the answers were spoken; None for a screening, and where no answer was spoken with times."""
    created = log[0].payload if log else None
    if not isinstance(created, events.InterviewCreated) or created.kind != "practice":
        return None
    heard = _listen(log, created.language)
    spoken = [turn for turn in heard.turns if turn.tokens]
    if not spoken:
        return None
    by_question = {
        question_id: [turn for turn in heard.turns if turn.question_id == question_id]
        for question_id in heard.asked
        if any(turn.question_id == question_id for turn in spoken)
    }
    by_voice = {key for key, turns in by_question.items() if all(turn.tokens for turn in turns)}
    return Delivery(
        whole=_figures(heard.turns, heard, by_voice),
        questions=tuple(
            QuestionDelivery(question_id, _figures(turns, heard, by_voice & {question_id}))
            for question_id, turns in by_question.items()
        ),
        pauses=tuple(pause for turn in heard.turns for pause in turn.pauses),
        languages=tuple(dict.fromkeys(turn.language for turn in spoken)),
        typed_turns=sum(turn.is_typed for turn in heard.turns),
        untimed_turns=sum(not turn.is_typed and not turn.tokens for turn in heard.turns),
    )


def _listen(log: Sequence[Event], language: Language) -> _Heard:
    heard = _Heard([], Counter(), {})
    words: dict[int, tuple[Word, ...]] = {}
    decided: dict[UUID, tuple[events.ReplyDecided, int, str | None]] = {}
    open_question: str | None = None
    asked_to_ms: int | None = None
    for event in log:
        match event.payload:
            case events.LanguageChanged(language=chosen):
                language = chosen
            case events.QuestionAsked(question_id=question_id):
                open_question = question_id
                heard.asked.setdefault(question_id)
            case events.PhaseEntered():
                open_question = None
            case events.SpeechFinal() as final:
                words[event.seq] = final.words
            case events.ReplyDecided() as reply:
                decided[reply.reply_id] = (reply, event.at_ms, reply.question_id or open_question)
            case events.ReplyHeard() as said if said.text and said.reply_id in decided:
                reply, from_ms, about = decided[said.reply_id]
                if about is not None:
                    heard.interviewer_ms[about] += max(0, event.at_ms - from_ms)
                if reply.kind in _ASKING:
                    asked_to_ms = None if said.interrupted else event.at_ms
            case events.TurnClosed() as turn:
                if turn.question_id is not None:
                    heard.asked.setdefault(turn.question_id)
                    tokens = tokens_of((word for seq in turn.finals for word in words.get(seq, ())), language)
                    heard.turns.append(_turn(event.seq, turn, language, tokens, asked_to_ms))
                asked_to_ms = None
    return heard


def _turn(
    seq: int, turn: events.TurnClosed, language: Language, tokens: tuple[Token, ...], asked_to_ms: int | None
) -> _Turn:
    is_typed = turn.source == "typed"
    tokens = () if is_typed else tokens
    response_ms = max(0, tokens[0].from_ms - asked_to_ms) if tokens and asked_to_ms is not None else None
    return _Turn(turn.question_id or "", seq, language, is_typed, tokens, response_ms)


def _figures(turns: Sequence[_Turn], heard: _Heard, by_voice: set[str]) -> Figures:
    """The figures over some turns. `by_voice`: the questions over which the share of talking is reckoned."""
    words = sum(not token.sound for turn in turns for token in turn.tokens)
    pauses = [pause.ms for turn in turns for pause in turn.pauses]
    lasting_ms, paused_ms = sum(turn.lasting_ms for turn in turns), sum(pauses)
    said = Counter(filler for turn in turns for filler in fillers_in(turn.tokens, turn.language))
    responses = [turn.response_ms for turn in turns if turn.response_ms is not None]
    is_enough = words >= FEWEST_WORDS
    return Figures(
        words=words,
        speaking_ms=lasting_ms - paused_ms,
        paused_ms=paused_ms,
        words_a_minute=_rate(words, (lasting_ms - paused_ms) / 60_000) if is_enough else None,
        words_a_minute_with_pauses=_rate(words, lasting_ms / 60_000) if is_enough else None,
        fillers=tuple(Filler(*each) for each in sorted(said.items(), key=lambda each: (-each[1], each[0]))),
        filler_count=said.total(),
        fillers_per_100_words=_rate(said.total(), words / 100) if is_enough else None,
        pauses=len(pauses),
        longest_pause_ms=max(pauses, default=0),
        repairs=sum(repairs_in(turn.tokens, turn.language) for turn in turns),
        interviewer_ms=sum(heard.interviewer_ms[question_id] for question_id in {turn.question_id for turn in turns}),
        talk_share=_share([turn for turn in turns if turn.question_id in by_voice], heard, by_voice),
        responses=len(responses),
        response_median_ms=round(median(responses)) if responses else None,
        response_longest_ms=max(responses, default=None),
    )


def _rate(count: int, units: float) -> float | None:
    return round(count / units, 1) if units > 0 else None


def _share(turns: Sequence[_Turn], heard: _Heard, questions: set[str]) -> float | None:
    candidate_ms = sum(turn.lasting_ms - sum(pause.ms for pause in turn.pauses) for turn in turns)
    interviewer_ms = sum(heard.interviewer_ms[question_id] for question_id in questions)
    both_ms = candidate_ms + interviewer_ms
    return round(candidate_ms / both_ms, 3) if both_ms > 0 else None
