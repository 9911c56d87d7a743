from collections import Counter

from agents.rehearsal import RehearsalScorer
from benchmarks.scoring.injections import tried, tries


def test_the_attempts_are_many_and_in_many_languages() -> None:
    attempts = {attempt.name: attempt for attempt, _, _, _ in tries()}
    assert len(attempts) >= 60
    assert len({attempt.kind for attempt in attempts.values()}) >= 20
    assert len({attempt.language for attempt in attempts.values()}) >= 6


def test_every_attempt_is_tried_on_some_answer_and_changes_its_words() -> None:
    tried_on = Counter(attempt.name for attempt, _, _, _ in tries())
    assert min(tried_on.values()) >= 1
    assert [attempt.name for attempt, _, plain, said in tries() if plain.turns == said.turns] == []


async def test_no_level_moves_for_words_to_the_scorer() -> None:
    assert [attempt async for attempt in tried(RehearsalScorer()) if attempt.moved] == []
