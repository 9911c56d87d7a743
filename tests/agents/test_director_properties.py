"""What holds whatever happens, in whatever order, however badly it is heard."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents import director, events
from agents.director import DirectorError
from agents.events import Event
from agents.state import COUNTS_FROM, NOTE, evolve, fold
from tests.agents.sitting import PLAN, Sitting

ANSWER = "We were late, so I cut the scope, and we shipped in May."
TEXTS = st.sampled_from(
    [
        "Yes, I agree.",
        "No.",
        ANSWER,
        "I do not know.",
        "Can you repeat that?",
        "skip",
        "hint please",
        "let me think",
        "I want to stop",
        "¿Podemos seguir en español?",
        "…",
    ]
)
REQUESTS = st.sampled_from(
    ["consent", "decline", "repeat", "hint", "skip", "pause", "resume", "wait", "language", "end"]
)
QUESTION_IDS = st.none() | st.sampled_from([question.id for question in PLAN.questions])
STARTS = st.sampled_from([("joins", None, None), ("reaches", "q1", None), ("reaches", "q7", None)])
ORDERS: list[events.AnyPayload] = [
    events.NoteLeft(text="ask about Kafka"),
    events.ControlTaken(),
    events.OperatorSaid(text="Hello, I am Ana."),
    events.ControlReturned(),
    events.EndOrdered(),
]
LATER = st.lists(
    st.one_of(
        st.tuples(st.just("says"), TEXTS, QUESTION_IDS),
        st.tuples(st.just("presses"), REQUESTS, st.sampled_from(["en", "es"])),
        st.tuples(st.just("waits"), st.integers(1_000, 400_000), st.none()),
        st.tuples(st.just("decides"), st.integers(0, 5), st.none()),
        st.tuples(st.just("hears"), st.sampled_from([0.0, 0.3, 0.59, 0.6, 1.0]), st.none()),
        st.tuples(st.just("replies"), st.integers(0, 5), st.none()),
        st.tuples(st.just("answers"), st.integers(0, 5), st.none()),
        st.tuples(st.just("answers"), st.integers(1, 5), st.none()),
        st.tuples(st.just("drops"), st.none(), st.none()),
        st.tuples(st.just("orders"), st.sampled_from(ORDERS), st.sampled_from(["user:1", "user:1", "user:2"])),
    ),
    max_size=90,
)
ACTS = st.builds(lambda start, later: [start, *later], STARTS, LATER)
HELD = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def held(acts: list[tuple[str, object, object]]) -> Sitting:
    """An interview in which all of this happened; what made no sense was refused."""
    sitting = Sitting()
    for act, first, second in acts:
        try:
            _do(sitting, act, first, second)
        except DirectorError:
            continue
    return sitting


def _do(sitting: Sitting, act: str, first: object, second: object) -> None:
    match act, first:
        case "joins", _:
            sitting.joins()
        case "reaches", str() as question_id:
            sitting.reaches(question_id)
        case "says", str() as text:
            sitting.says(text, second)  # type: ignore[arg-type]
        case "presses", request:
            sitting.presses(request, second)  # type: ignore[arg-type]
        case "waits", int() as ms:
            sitting.waits(ms)
        case (("decides" | "replies"), int() as which):
            sitting.replies_with(which, is_heard=act == "replies")
        case "answers", int() as which:
            sitting.says(ANSWER)
            if sitting.offer is not None:
                sitting.replies_with(which)
        case "hears", float() as share if sitting.state.pending is not None:
            sitting.hears(UUID(sitting.state.pending.reply_id), share)
        case "orders", events.Payload() as order:
            sitting.orders(order, str(second))  # type: ignore[arg-type]
        case "drops", _:
            sitting.does(director.Leave("connection lost"))
            if sitting.state.pending is not None:
                sitting.hears(UUID(sitting.state.pending.reply_id), 0.0)
            sitting.joins()


@HELD
@given(ACTS)
def test_every_core_question_counts_at_most_once_and_in_the_order_of_the_plan(
    acts: list[tuple[str, object, object]],
) -> None:
    sitting = held(acts)
    order = [question.id for question in PLAN.questions]
    asked = [event.payload.question_id for event in sitting.log if isinstance(event.payload, events.QuestionAsked)]
    skipped = [event.payload.question_id for event in sitting.log if isinstance(event.payload, events.QuestionSkipped)]
    assert asked == sorted(set(asked), key=order.index)
    assert len(skipped) == len(set(skipped))
    reached = order[: max((order.index(question) for question in asked), default=0)]
    assert all(question in asked or question in skipped for question in reached)


@HELD
@given(ACTS)
def test_a_completed_interview_asked_or_skipped_every_question(acts: list[tuple[str, object, object]]) -> None:
    sitting = held(acts)
    if sitting.ended() == "completed":
        assert all(asked.was_asked or asked.state == "skipped" for asked in sitting.state.questions)


@HELD
@given(ACTS)
def test_no_question_gets_more_probes_than_the_plan_allows(acts: list[tuple[str, object, object]]) -> None:
    sitting = held(acts)
    probes = [event.payload for event in sitting.log if isinstance(event.payload, events.ProbeAsked)]
    assert len({(probe.question_id, probe.probe_id) for probe in probes}) == len(probes)
    for question in PLAN.questions:
        own = [probe for probe in probes if probe.question_id == question.id and not probe.probe_id.startswith(NOTE)]
        assert len(own) <= question.max_probes


@HELD
@given(ACTS)
def test_it_ends_within_the_hard_limit_if_time_only_passes(acts: list[tuple[str, object, object]]) -> None:
    sitting = held(acts)
    hard_ms = PLAN.hard_limit_minutes * 60_000
    for _ in range(40):
        if sitting.phase() == "ended":
            break
        if sitting.state.paused:
            sitting.presses("resume")
        sitting.waits(120_000)
    assert sitting.phase() == "ended"
    assert sitting.state.at_ms <= hard_ms


@HELD
@given(ACTS, st.integers(0, 400))
def test_folding_the_log_at_any_cut_gives_the_live_state(acts: list[tuple[str, object, object]], cut: int) -> None:
    sitting = held(acts)
    before = min(cut, len(sitting.log))
    resumed = fold(sitting.log[before:], fold(sitting.log[:before]))
    assert resumed == fold(sitting.log) == sitting.state


@HELD
@given(ACTS)
def test_an_unheard_question_is_asked_again_and_a_heard_one_never(acts: list[tuple[str, object, object]]) -> None:
    sitting = held(acts)
    offered: dict[UUID, str] = {}
    counted: set[str] = set()
    for event in sitting.log:
        match event.payload:
            case events.ReplyDecided(reply_id=reply_id, kind="next", question_id=str() as question_id):
                assert question_id not in counted
                offered[reply_id] = question_id
            case events.ReplyHeard(reply_id=reply_id, heard=share) if reply_id in offered:
                if share >= COUNTS_FROM and _was_asked(sitting.log, reply_id):
                    counted.add(offered[reply_id])
    waiting = [asked.id for asked in sitting.state.questions if asked.state == "waiting"]
    assert not counted & set(waiting)
    if sitting.phase() == "questions" and sitting.offer is not None:
        headers = [choice.question_id for choice in sitting.offer.choices if choice.kind == "next"]
        assert headers in ([], waiting[:1])


def _was_asked(log: list[Event], reply_id: UUID) -> bool:
    return any(isinstance(event.payload, events.QuestionAsked) and event.payload.reply_id == reply_id for event in log)


@HELD
@given(ACTS)
def test_every_answer_that_closes_has_a_version_one_above_the_one_before(
    acts: list[tuple[str, object, object]],
) -> None:
    sitting = held(acts)
    versions: dict[str, int] = {}
    for event in sitting.log:
        if isinstance(event.payload, events.AnswerClosed):
            assert event.payload.version == versions.get(event.payload.question_id, 0) + 1
            versions[event.payload.question_id] = event.payload.version
    if sitting.phase() == "ended":
        asked = {event.payload.question_id for event in sitting.log if isinstance(event.payload, events.QuestionAsked)}
        assert asked == set(versions)


@HELD
@given(ACTS)
def test_while_a_person_is_in_control_the_interviewer_says_nothing_of_its_own(
    acts: list[tuple[str, object, object]],
) -> None:
    sitting = held(acts)
    state = fold([])
    for event in sitting.log:
        if isinstance(event.payload, events.ReplyDecided) and state.control is not None:
            assert event.payload.kind in ("operator", "closing", "declined")
        if isinstance(event.payload, events.TurnClosed) and event.payload.question_id and state.control is not None:
            assert event.payload.question_id != state.open  # An addition to an earlier answer, by its name.
        state = evolve(state, event)


@HELD
@given(ACTS)
def test_a_persons_words_are_said_once_in_their_order_or_still_owed(acts: list[tuple[str, object, object]]) -> None:
    sitting = held(acts)
    said = sum(
        isinstance(event.payload, events.ReplyHeard) and event.payload.heard > 0 and _is_operators(sitting.log, event)
        for event in sitting.log
    )
    state, wanted = fold([]), 0
    for event in sitting.log:
        wanted += isinstance(event.payload, events.OperatorSaid) and state.control == event.actor
        state = evolve(state, event)
    assert said + len(sitting.state.words_owed) == wanted


def _is_operators(log: list[Event], heard: Event) -> bool:
    return any(
        isinstance(event.payload, events.ReplyDecided)
        and event.payload.kind == "operator"
        and isinstance(heard.payload, events.ReplyHeard)
        and event.payload.reply_id == heard.payload.reply_id
        for event in log
    )


@HELD
@given(ACTS)
def test_whatever_was_said_is_in_the_log_word_for_word(acts: list[tuple[str, object, object]]) -> None:
    sitting = Sitting()
    said = []
    for act, first, second in acts:
        try:
            _do(sitting, act, first, second)
        except DirectorError:
            continue
        if act in ("says", "answers"):
            said.append(first if act == "says" else ANSWER)
    turns = [event.payload.text for event in sitting.log if isinstance(event.payload, events.TurnClosed)]
    assert turns[len(turns) - len(said) :] == said


@HELD
@given(ACTS)
def test_something_is_always_owed_or_waited_for_until_the_end(acts: list[tuple[str, object, object]]) -> None:
    """No state in which nobody speaks and no timer would ever wake us."""
    state = held(acts).state
    if state.phase != "ended" and not state.paused:
        assert state.pending is not None or state.owed is not None or director.due(state) is not None
