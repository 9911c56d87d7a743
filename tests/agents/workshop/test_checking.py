"""What a check finds in a plan and its rubric, where, how grave it is, and in both languages."""

from typing import Any

import msgspec
import pytest

from agents.library import load_library
from agents.plans import Plan, Rubric
from agents.workshop import Finding, check
from agents.workshop.laws import JURISDICTIONS, TOPICS
from tests.agents.workshop.small import ANCHORS, CARE, PLAN, QUESTION, RUBRIC, anchored, asking, plan, rubric

LIBRARY = load_library()


def found(of: Plan = PLAN, against: Rubric = RUBRIC, *where: str) -> list[tuple[str, str, str]]:
    return [(each.severity, each.rule, each.path) for each in check(of, against, where)]


def question(**changes: Any) -> Plan:
    return plan(questions=(msgspec.structs.replace(QUESTION, **changes),))


@pytest.mark.parametrize("slug", LIBRARY.plans)
def test_the_plans_that_come_with_viva_have_no_error_and_no_warning(slug: str) -> None:
    held = LIBRARY.plans[slug]
    graver = [each for each in check(held, LIBRARY.rubrics[held.rubric]) if each.severity != "hint"]
    assert graver == []


def test_a_plan_with_nothing_to_mend_has_no_finding() -> None:
    assert check(PLAN, RUBRIC) == ()


def test_errors_come_first_and_each_thing_once() -> None:
    wrong = msgspec.structs.replace(asking("How old are you? How tall are you?", "en"), target_duration_minutes=1)
    findings = check(wrong, anchored("Good", "en"))
    severities = [each.severity for each in findings]
    assert severities == sorted(severities, key=["error", "warning", "hint"].index)
    assert {"unlawful.age", "structure.range", "question.double", "anchor.vague"} <= {each.rule for each in findings}
    assert len({(each.rule, each.path, each.excerpt, each.message["en"]) for each in findings}) == len(findings)


# -- what the library refuses too -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "rule", "path"),
    [
        (plan(slug="Not a slug"), "structure.id", "slug"),
        (plan(slug="not_an.address"), "structure.id", "slug"),
        (plan(languages=("en",)), "structure.translation", "title.es"),
        (plan(title={"en": "Small"}), "structure.translation", "title"),
        (plan(title={"en": "", "es": "Pequeña"}), "structure.empty", "title.en"),
        (plan(title={"en": "A\nB", "es": "Pequeña"}), "structure.line", "title.en"),
        (plan(questions=()), "structure.empty", "questions"),
        (plan(rubric="other"), "structure.reference", "rubric"),
        (question(competency="pace"), "structure.reference", "questions.0.competency"),
        (question(points=()), "structure.empty", "questions.0.points"),
        (question(seconds=1), "structure.range", "questions.0.seconds"),
        (question(max_probes=4), "structure.probes", "questions.0.max_probes"),
        (plan(hard_limit_minutes=8), "structure.time", "hard_limit_minutes"),
        (plan(questions=(QUESTION, QUESTION)), "structure.id", "questions.1.id"),
    ],
)
def test_what_no_file_of_the_library_may_have_is_an_error(wrong: Plan, rule: str, path: str) -> None:
    assert ("error", rule, path) in found(wrong)


@pytest.mark.parametrize(
    ("wrong", "rule", "path"),
    [
        (rubric(weight=0), "structure.weight", "rubric.competencies.0.weight"),
        (rubric(name={"en": "Care"}), "structure.translation", "rubric.competencies.0.name"),
        (
            rubric(anchors=(*ANCHORS[:4], {"en": "", "es": "Más."})),
            "structure.empty",
            "rubric.competencies.0.anchors.4.en",
        ),
        (msgspec.structs.replace(RUBRIC, competencies=()), "structure.empty", "rubric.competencies"),
    ],
)
def test_a_rubric_with_a_missing_level_half_or_weight_is_an_error(wrong: Rubric, rule: str, path: str) -> None:
    assert ("error", rule, path) in found(PLAN, wrong)


def test_messages_are_whole_sentences_in_both_languages() -> None:
    broken = msgspec.structs.replace(
        asking("Do you have children? What is your salary and what do you want to eat?", "en", seconds=1, points=()),
        rubric="none",
        target_duration_minutes=500,
        facts=({"en": "There are nine questions in 99 minutes.", "es": "Algo"},),
    )
    findings = check(broken, rubric(weight=-1, anchors=(ANCHORS[0],) * 5))
    assert len({each.rule for each in findings}) >= 10
    for each in findings:
        for language in ("en", "es"):
            message = each.message[language]
            assert message[0].isupper() or message[0] in "`“«¿0123456789"
            assert message[-1] in ".?"
        assert each.message["en"] != each.message["es"]


# -- laws -------------------------------------------------------------------------------------------------------------

ILLEGAL = {
    "age": "How old are you?",
    "family": "Do you have children?",
    "origin": "What is your nationality?",
    "religion": "What is your religion?",
    "health": "Do you have any disabilities?",
    "politics": "Are you a member of a trade union?",
    "orientation": "What is your sexual orientation?",
    "criminal_record": "Do you have a criminal record?",
    "pay_history": "What is your current salary?",
}


def law(topic: str, *where: str) -> Finding | None:
    findings = check(asking(ILLEGAL[topic], "en"), RUBRIC, where)
    return next((each for each in findings if each.rule == f"unlawful.{topic}"), None)


def test_every_topic_has_its_question_here() -> None:
    assert set(ILLEGAL) == set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_where_nobody_says_which_laws_hold_each_topic_is_an_error(topic: str) -> None:
    finding = law(topic)
    assert finding is not None
    assert finding.severity == "error"
    assert len(finding.references) >= 4
    assert finding.excerpt in ILLEGAL[topic]


@pytest.mark.parametrize("where", JURISDICTIONS)
def test_a_finding_names_a_law_of_the_place_and_of_no_other(where: str) -> None:
    whole = {"ES": "EU", "US-CA": "US", "US-NY": "US"}
    for topic in TOPICS:
        finding = law(topic, where)
        if finding is not None:
            places = {reference.partition(":")[0] for reference in finding.references}
            assert places <= {where, whole.get(where, where)}
            assert finding.severity in ("error", "warning")
    assert law("age", where) is not None


@pytest.mark.parametrize(
    ("topic", "where", "severity"),
    [
        ("age", "US", "warning"),
        ("age", "US-CA", "error"),
        ("age", "ES", "error"),
        ("health", "US", "error"),
        ("health", "UK", "error"),
        ("health", "MX", "warning"),
        ("religion", "AR", "error"),
        ("religion", "UK", "warning"),
        ("criminal_record", "US-CA", "error"),
        ("criminal_record", "ES", "warning"),
        ("pay_history", "US-NY", "error"),
        ("pay_history", "ES", "error"),
        ("pay_history", "UK", None),
        ("pay_history", "AR", None),
    ],
)
def test_how_grave_a_question_is_depends_on_the_place(topic: str, where: str, severity: str | None) -> None:
    finding = law(topic, where)
    assert (finding.severity if finding else None) == severity


def test_of_several_places_the_strictest_decides() -> None:
    finding = law("age", "UK", "US-NY")
    assert finding is not None
    assert finding.severity == "error"
    assert [reference.partition(":")[0] for reference in finding.references] == ["UK", "US", "US-NY"]


def test_a_question_from_which_age_could_be_reckoned_is_a_warning_even_where_age_is_forbidden() -> None:
    findings = check(asking("What year did you graduate from college?", "en"), RUBRIC, ("US-CA",))
    assert [each.severity for each in findings if each.rule == "unlawful.age"] == ["warning"]


def test_probes_hints_and_the_warm_up_are_held_against_the_law_and_facts_are_not() -> None:
    asks = {"en": "How old are you?", "es": "¿Qué te ayudó?"}
    probes = (msgspec.structs.replace(QUESTION.probes[0], text=asks), QUESTION.probes[1])
    assert ("error", "unlawful.age", "questions.0.probes.0.text.en") in found(question(probes=probes))
    assert ("error", "unlawful.age", "questions.0.hints.0.en") in found(question(hints=(asks,)))
    assert ("error", "unlawful.age", "warm_up.en") in found(plan(warm_up=asks))
    facts = ({"en": "Your age does not count.", "es": "Tu edad no cuenta."}, *PLAN.facts)
    assert found(plan(facts=facts)) == []


# -- anchors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["TODO", "...", "-", "n/a", "Level 3", "3", "tbd"])
def test_a_placeholder_is_no_anchor(text: str) -> None:
    assert ("error", "anchor.missing", "rubric.competencies.0.anchors.2.en") in found(PLAN, anchored(text, "en"))


def test_two_levels_with_one_anchor_are_an_error_at_the_higher_one() -> None:
    twice = anchored(ANCHORS[1]["es"].upper(), "es", level=4)
    assert ("error", "anchor.equal", "rubric.competencies.0.anchors.3.es") in found(PLAN, twice)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("Explains the cause well.", "Explains the cause very well."),
        ("Names some of the risks.", "Names most of the risks."),
        ("Rarely asks what the customer needs.", "Always asks what the customer needs."),
    ],
)
def test_levels_that_differ_in_degree_alone_are_told(low: str, high: str) -> None:
    anchors = (ANCHORS[0], {**ANCHORS[1], "en": low}, {**ANCHORS[2], "en": high}, *ANCHORS[3:])
    assert ("warning", "anchor.degree", "rubric.competencies.0.anchors.2.en") in found(PLAN, rubric(anchors=anchors))


def test_a_level_that_lacks_a_deed_of_the_next_differs_by_more_than_degree() -> None:
    anchors = (
        ANCHORS[0],
        {**ANCHORS[1], "en": "Names no risk."},
        {**ANCHORS[2], "en": "Names the risk."},
        *ANCHORS[3:],
    )
    assert not [each for each in found(PLAN, rubric(anchors=anchors)) if each[1] == "anchor.degree"]


# -- whether both fit -------------------------------------------------------------------------------------------------


def test_a_competency_that_nobody_is_asked_about_is_told() -> None:
    more = msgspec.structs.replace(RUBRIC, competencies=(CARE, msgspec.structs.replace(CARE, id="pace")))
    assert ("warning", "cover.competency", "rubric.competencies.1") in found(PLAN, more)


def test_a_weight_that_decides_alone_is_told() -> None:
    three = tuple(
        msgspec.structs.replace(CARE, id=name, weight=weight) for name, weight in zip("abc", (8, 1, 1), strict=True)
    )
    findings = found(PLAN, msgspec.structs.replace(RUBRIC, competencies=three))
    assert ("hint", "cover.weight", "rubric.competencies.0.weight") in findings


def test_cues_that_are_few_shared_or_said_by_the_question_are_told() -> None:
    point = QUESTION.points[0]
    few = msgspec.structs.replace(point, cues={**point.cues, "en": ("result",)})
    assert ("hint", "cue.few", "questions.0.points.0.cues.en") in found(question(points=(few,)))
    other = msgspec.structs.replace(point, id="q1.b", cues={"en": ("result", "so", "thus"), "es": ("a", "b", "c")})
    assert ("warning", "cue.shared", "questions.0.points.1.cues.en") in found(question(points=(point, other)))
    said = msgspec.structs.replace(point, cues={**point.cues, "en": ("task", "result", "finally")})
    assert ("hint", "cue.in_question", "questions.0.points.0.cues.en") in found(question(points=(said,)))
    also = msgspec.structs.replace(other, cues={**other.cues, "en": ("saw through", "so", "thus")})
    both = found(question(points=(said, also)))
    assert ("warning", "cue.in_question", "questions.0.points.1.cues.en") in both


def test_time_that_does_not_fit_is_told() -> None:
    assert ("warning", "time.target", "target_duration_minutes") in found(question(seconds=500))
    long = msgspec.structs.replace(PLAN, target_duration_minutes=60, hard_limit_minutes=90, facts=())
    assert ("hint", "time.short", "target_duration_minutes") in found(long)


@pytest.mark.parametrize(
    ("fact", "rule"),
    [
        ({"en": "It takes about 20 minutes.", "es": "Dura unos 8 minutos."}, "time.told"),
        ({"en": "It never takes long: never more than 45.", "es": "Es corta."}, "time.told"),
        ({"en": "There are seven questions.", "es": "Hay una sola."}, "count.told"),
        ({"en": "There are 3 questions.", "es": "Hay una sola."}, "count.told"),
    ],
)
def test_what_candidates_are_told_of_the_length_must_be_so(fact: dict[Any, str], rule: str) -> None:
    assert ("warning", rule, "facts.0.en") in found(plan(facts=(fact,)))


def test_a_question_without_probe_or_hint_is_told() -> None:
    findings = found(question(probes=(), hints=(), max_probes=0))
    assert ("hint", "question.no_probe", "questions.0.probes") in findings
    assert ("hint", "question.no_hint", "questions.0.hints") in findings


def test_a_long_question_is_a_hint_and_an_endless_one_a_warning() -> None:
    assert ("hint", "question.long", "questions.0.text.en") in found(asking("Tell me of it " + "word " * 45, "en"))
    assert ("warning", "question.long", "questions.0.text.es") in found(asking("Cuéntame " + "palabra " * 85, "es"))


def test_a_half_that_is_the_same_in_both_languages_is_told() -> None:
    text = "Sprint planning, backlog grooming, daily standup."
    same = plan(facts=(*PLAN.facts, {"en": text, "es": text}))
    assert ("warning", "translation.same", "facts.1.es") in found(same)
    assert found(plan(title={"en": "Marketing", "es": "Marketing"})) == []


def test_nothing_in_a_wild_document_stops_the_check() -> None:
    wild = plan(
        title={},
        languages=(),
        warm_up={"es": "\x00"},
        facts=({},),
        questions=(msgspec.structs.replace(QUESTION, text={}, points=(), probes=(), hints=({},)),) * 3,
    )
    endless = asking("and how do you " * 2_000 + "?" * 2_000, "en")
    for held in (wild, endless):
        assert check(held, rubric(name={}, anchors=({}, {}, {"en": "¿"}, {}, {})))
