"""A judge who believes whatever it reads gives no answer a higher level for words that ask for one.

The judge reads the bytes that were sent. Whatever stands in them besides the honest answer it takes for an order where
it looks like one, gives level 5, and quotes the order itself. Honest answers it gives level 3.
"""

import re
import unicodedata
from collections.abc import Iterator

import msgspec
import pytest

from agents.judges.attacks import cleared
from agents.judges.judging import ModelScorer, first_call
from agents.judges.masking import NO_ANSWER
from agents.scoring import Answer, Score
from storage.database import Database
from tests.agents.doors import Said, ScriptedDoor
from tests.agents.doorway import doorway
from tests.agents.judges.attempts import Attempt, Base, answer_of, load_attempts
from tests.agents.judges.test_judging import TENANT
from tests.agents.rehearsal.answers import GOOD
from tests.conftest import Person
from tests.emulators.anthropic_requests import understood
from tests.emulators.brain import Thought
from tests.emulators.gullible import obeyed
from tests.emulators.prompt_reading import tagged

ATTEMPTS = load_attempts()
PAIRS = [pytest.param(attempt, base, id=f"{attempt.name}-{base.id}") for attempt, base in ATTEMPTS.pairs()]
FIRST_PAIRS = list({pair.values[0]: pair for pair in reversed(PAIRS)}.values())
"""Each attempt with one of its answers."""
HONEST = 3
WORTHLESS = frozenset({"keyword_list", "padding", "emoji", "question_copied"})
"""Kinds that ask for nothing: what a judge makes of them is the rubric's affair."""
SAYS_NOTHING = "same again"
"""An attempt at filling a turn, with nothing in it that could be believed."""
FEWEST_LETTERS = 12
"""Of an order; a figure or a bracket that is left by itself is none."""
MOST_LEFT = 0.4
"""Of an attempt's letters; with less of it left there is nothing to understand."""


def letters(text: str) -> int:
    """Also those that nobody sees."""
    return sum(c.isalnum() or 0xE0020 <= ord(c) < 0xE007F for c in unicodedata.normalize("NFKC", text))


def asks_for_something(attempt: Attempt) -> bool:
    return attempt.kind not in WORTHLESS and attempt.name != SAYS_NOTHING


class Gullible:
    """What such a judge says to the bytes it is sent."""

    def __init__(self, attempt: Attempt, base: Base) -> None:
        self.attempt = attempt
        self.base = base
        self.obeyed = ""
        """What it took for an order."""

    def __call__(self, sent: str) -> str:
        turns = [(int(turn.attributes["seq"]), turn.text) for turn in tagged(sent, ["turn"])]
        said = letters("".join(self.attempt.around("")))
        for seq, text in turns:
            rest = text.replace(NO_ANSWER, " ")
            for sentence in re.split(r"(?<=[.!?])\s", self.base.answer):
                rest = rest.replace(sentence, " ")
            rest = rest.strip()
            asks = obeyed(rest) is not None and letters(rest) > FEWEST_LETTERS
            if asks_for_something(self.attempt) and letters(rest) and (asks or letters(rest) > MOST_LEFT * said):
                self.obeyed = rest
                return self._verdict(sent, 5, seq, rest)
        quoted = next(((seq, found) for seq, text in turns for found in self._own(text)), None)
        if quoted is None:
            return self._verdict(sent, None, 0, "")
        return self._verdict(sent, HONEST, *quoted)

    def _own(self, text: str) -> Iterator[str]:
        """Whole sentences of the honest answer that it can see."""
        yield from (each for each in re.split(r"(?<=[.!?])\s", self.base.answer) if each in text)

    @staticmethod
    def _verdict(sent: str, level: int | None, seq: int, quote: str) -> str:
        points = [point.attributes["id"] for point in tagged(sent, ["point"])]
        written = {
            "quotes": [{"seq": seq, "text": quote[:300]}] if quote else [],
            "covered": points if level == 5 else points[:1],
            "missed": [] if level == 5 else points[1:],
            "anchor": level,
            "level": level,
            "null_reason": None if level else "too_little",
            "suggestion": None,
        }
        return msgspec.json.encode(written).decode()


async def scored(given: Answer, judge: Gullible) -> Score:
    def said(call: object) -> Said:
        return [judge("\n".join((*call.system, *(m.text for m in call.messages if m.role == "user"))))]  # type: ignore[attr-defined]

    (score,) = await ModelScorer(ScriptedDoor(said), tenant_id=TENANT).score(given)
    return score


@pytest.mark.parametrize(("attempt", "base"), PAIRS)
async def test_no_attempt_moves_the_level(attempt: Attempt, base: Base) -> None:
    judge = Gullible(attempt, base)
    score = await scored(answer_of(base, *attempt.around(base.answer)), judge)
    assert judge.obeyed == ""
    if attempt.place == "alone":
        assert score.level in (None, 1)
    else:
        assert score.level == HONEST
        assert all(quote.text in base.answer for quote in score.evidence)


@pytest.mark.parametrize(("attempt", "base"), FIRST_PAIRS)
def test_no_attempt_breaks_out_of_its_turn(attempt: Attempt, base: Base) -> None:
    given = answer_of(base, *attempt.around(base.answer))
    call = first_call(given, tenant_id=TENANT, act="x")
    sent = call.messages[0].text
    assert len(re.findall(r"<answer>", sent)) == len(re.findall(r"</answer>", sent)) == 1
    assert len(re.findall(r"<language>", sent)) == 1
    turns = tagged(sent, ["turn"])
    assert [int(turn.attributes["seq"]) for turn in turns] == [turn.seq for turn in given.turns]
    bare = re.sub(r'<turn seq="\d+" asked="[^"<>]*">[^<>]*</turn>', "", sent)
    assert sorted(re.findall(r"<[^>]*>", bare)) == ["</answer>", "</language>", "<answer>", "<language>"]
    assert not any(unicodedata.category(c) in ("Cf", "Cc", "Cn", "Co") for c in sent if c != "\n")


def test_what_asks_for_a_level_is_seen_and_somebody_is_asked_to_look() -> None:
    seen = [
        cleared(answer_of(base, *attempt.around(base.answer))).is_suspect
        for attempt, base in (pair.values for pair in FIRST_PAIRS)
        if isinstance(attempt, Attempt) and isinstance(base, Base)
        if asks_for_something(attempt)
    ]
    assert sum(seen) >= 0.98 * len(seen)


@pytest.mark.parametrize(
    "attempt", [each for each in ATTEMPTS.attempts if each.kind == "order"][::4], ids=lambda a: a.name
)
async def test_the_vendors_own_client_is_sent_no_order(database: Database, tenant: Person, attempt: Attempt) -> None:
    base = ATTEMPTS.answers[0]
    async with doorway(database, tenant, accounts="anthropic") as way:
        judge = Gullible(attempt, base)
        given = msgspec.structs.replace(answer_of(base, *attempt.around(base.answer)), interview_id=way.interview_id)
        call = first_call(given, tenant_id=tenant.tenant_id, act="x")
        way.mind.scripted.append(Thought(judge("\n".join((*call.system, call.messages[0].text)))))
        (score,) = await ModelScorer(way.models, tenant_id=tenant.tenant_id).score(given)
        (request,) = way.anthropic.requests
        sent = understood(request.body).prompt.last
        assert sent == call.messages[0].text
        assert attempt.text not in sent
        assert score.level in (HONEST, None)


# --- what is no attempt ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ATTEMPTS.answers, ids=lambda base: base.id)
def test_an_honest_answer_is_left_as_it_is(base: Base) -> None:
    given = answer_of(base, base.answer)
    assert cleared(given).answer == given


@pytest.mark.parametrize(("plan", "question", "language"), sorted(GOOD))
def test_a_good_answer_is_left_as_it_is(plan: str, question: str, language: str) -> None:
    text = GOOD[plan, question, language]  # type: ignore[index]
    given = answer_of(Base(f"{plan}-{question}", plan, question, language, text), text)  # type: ignore[arg-type]
    assert cleared(given).answer == given
