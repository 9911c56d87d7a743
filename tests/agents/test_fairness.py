"""Who somebody is never reaches a scorer: proved on the bytes that the vendor's own client sends.

Where two answers come to the same bytes, whatever scores them cannot tell them apart. Held for every pair of
`benchmarks/scoring/sets/counterfactual.yaml` that differs in a name, a gender, an age or where somebody is from. Those
of dialect, disfluency, grammar and spelling keep different words; the benchmark holds their levels.
"""

import msgspec
import pytest

from agents.assessment import judged
from agents.judges.judging import ModelScorer
from agents.rehearsal import RehearsalScorer
from agents.scoring import Answer, AnswerTurn, HeardWord
from benchmarks.scoring.counterfactual import pairs
from storage.database import Database
from tests.agents.doorway import Doorway, doorway
from tests.conftest import Person

HIDDEN_KINDS = frozenset({"name", "gendered", "origin", "age"})
ALL_PAIRS = tuple(pairs())
PAIRS = tuple(pair for pair in ALL_PAIRS if pair.kind in HIDDEN_KINDS)


def said_in(answer: Answer) -> str:
    (turn,) = answer.turns
    return turn.text


def saying(answer: Answer, text: str) -> Answer:
    (turn,) = answer.turns
    return msgspec.structs.replace(answer, turns=(msgspec.structs.replace(turn, text=text),))


async def sent(way: Doorway, answer: Answer, *names: str) -> bytes:
    """The bytes of all that was asked of the vendor about one answer."""
    before = len(way.anthropic.requests)
    scorer = ModelScorer(way.models, tenant_id=way.person.tenant_id)
    about = msgspec.structs.replace(answer, interview_id=way.interview_id)
    await judged(about, scorer, names)
    return b"\n".join(request.raw for request in way.anthropic.requests[before:])


def test_there_are_enough_pairs_of_each_kind() -> None:
    kinds = [pair.kind for pair in PAIRS]
    assert {kind: kinds.count(kind) >= 12 for kind in HIDDEN_KINDS} == dict.fromkeys(HIDDEN_KINDS, True)
    assert len(ALL_PAIRS) >= 120


async def test_of_two_answers_that_differ_in_who_speaks_the_vendor_gets_the_same_bytes(
    database: Database, tenant: Person
) -> None:
    async with doorway(database, tenant, accounts="anthropic") as way:
        unequal: list[str] = []
        for pair in PAIRS:
            base = await sent(way, pair.base)
            assert base, pair.name
            if await sent(way, pair.variant) != base:
                unequal.append(f"{pair.name} {pair.kind}")
        assert unequal == []


async def test_of_two_answers_that_differ_in_what_was_done_the_vendor_gets_other_bytes(
    database: Database, tenant: Person
) -> None:
    async with doorway(database, tenant, accounts="anthropic") as way:
        base = PAIRS[0].base
        assert await sent(way, base) != await sent(way, saying(base, said_in(base).replace("six months", "six days")))


@pytest.mark.parametrize("kind", sorted(HIDDEN_KINDS))
async def test_of_two_answers_that_differ_in_who_speaks_the_rehearsal_says_the_same(kind: str) -> None:
    for pair in PAIRS:
        if pair.kind == kind:
            assert await verdict(pair.base) == await verdict(pair.variant), pair.name


async def verdict(answer: Answer) -> tuple[object, ...]:
    _, (score,) = await judged(answer, RehearsalScorer())
    return score.level, score.null_reason, score.parts, score.covered, score.suggestion


async def test_evidence_of_what_was_hidden_is_still_to_the_letter() -> None:
    quotes = 0
    for pair in PAIRS:
        for answer in (pair.base, pair.variant):
            _, (score,) = await judged(answer, RehearsalScorer())
            for quote in score.evidence:
                assert said_in(answer)[quote.start : quote.end] == quote.text
                quotes += 1
    assert quotes > len(PAIRS)


# --- nothing of the account, the sitting or the voice ---------------------------------------------------------------

ACCOUNT = ("Wilhelmina", "Oyelaran-Szabo", "wilma.os@example.com")
FROM_MS, TO_MS = 734_511, 734_982


def spoken(text: str) -> Answer:
    """An answer by voice, each word with its times and its confidence; odd figures, so that they would be found."""
    words: list[HeardWord] = []
    at = 0
    for place, word in enumerate(text.split()):
        start = text.index(word, at)
        at = start + len(word)
        words.append(HeardWord(word, start, at, FROM_MS + place, TO_MS + place, 0.8137))
    return msgspec.structs.replace(PAIRS[0].base, turns=(AnswerTurn(12, text, None, tuple(words)),))


async def test_nothing_of_the_account_the_sitting_or_the_voice_reaches_the_vendor(
    database: Database, tenant: Person
) -> None:
    said = (
        "It is Wilhelmina here, wilma.os@example.com, Oyelaran-Szabo in the list. I added the new field beside "
        "the old one, told each team the end date, and removed it after two weeks without one call."
    )
    async with doorway(database, tenant, accounts="anthropic") as way:
        answer = spoken(said)
        bytes_sent = await sent(way, answer, *ACCOUNT)
        headers = " ".join(f"{k}: {v}" for request in way.anthropic.requests for k, v in request.headers.items())
    assert b"removed it after two weeks" in bytes_sent
    hidden = [
        *ACCOUNT,
        "wilma",
        str(tenant.user_id),
        str(tenant.tenant_id),
        str(way.interview_id),
        str(FROM_MS),
        str(TO_MS),
        "0.8137",
    ]
    for text in hidden:
        assert text.lower().encode() not in bytes_sent.lower(), text
        assert text.lower() not in headers.lower(), text
    for field in (
        "confidence",
        "from_ms",
        "to_ms",
        "words_a_minute",
        "filler",
        "latency",
        "talk_share",
        "locale",
        "photo",
    ):
        assert f'"{field}"'.encode() not in bytes_sent


async def test_how_surely_a_name_was_heard_changes_no_byte(database: Database, tenant: Person) -> None:
    said = "My colleague Nokuthula told each team the end date, and I removed the field after two weeks without a call."
    answer = spoken(said)
    (turn,) = answer.turns
    doubted = [
        msgspec.structs.replace(word, confidence=0.1) if word.text == "Nokuthula" else word for word in turn.words
    ]
    unsure = msgspec.structs.replace(answer, turns=(msgspec.structs.replace(turn, words=tuple(doubted)),))
    async with doorway(database, tenant, accounts="anthropic") as way:
        assert await sent(way, answer) == await sent(way, unsure)
