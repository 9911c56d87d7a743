"""What a model reads: the templates of `prompts/` filled with a brief or an answer, all of it as escaped data.

What changes least stands first, so that a provider can keep it: the rules, then the question, then the turn.
"""

import hashlib
from collections.abc import Iterable, Sequence

from agents.offers import Brief, Choice, Line
from agents.phrases import phrase
from agents.plans import ExpectedPoint, Language
from agents.scoring import Answer
from prompts import Block, element, elements, load_prompt, on_one_line, visible

REPLY = load_prompt("reply")
SCORE = load_prompt("score")

LEAD_WORDS = 25
"""Most words of a lead into a wording that follows to the letter."""
ANSWER_WORDS = 50
"""Most words of an answer to the candidate's own question."""
_PLAIN_LEADS = ("next_1", "next_2", "next_3")
MOST_LINES = 24
LONGEST_LINE = 600
LONGEST_SAID = 6_000
LONGEST_WORDING = 1_500
LONGEST_ANSWER = 24_000
"""Characters of all turns of an answer together; of a longer one the longest turns lose their middle."""


def is_verbatim(brief: Brief, choice: Choice) -> bool:
    """Whether a model may write no more than a lead. In a screening every candidate hears a probe in the same words."""
    return choice.verbatim or (choice.kind == "probe" and brief.kind == "screening")


def signpost(brief: Brief, choice: Choice) -> str:
    """The Director's lead where it says at which question we are, and so stays whoever writes; else nothing."""
    plain = {phrase(brief.language, name) for name in _PLAIN_LEADS}
    return choice.lead if choice.kind == "next" and choice.lead not in plain else ""


def reply_system(brief: Brief) -> tuple[str, ...]:
    """The rules, the same for every interview; then what stays the same while a question is open."""
    rules = REPLY.main.render({"lead_words": str(LEAD_WORDS), "answer_words": str(ANSWER_WORDS)})
    return rules, _reply_context(brief)


def _reply_context(brief: Brief) -> str:
    language, plan, question = brief.language, brief.plan, brief.question
    probes = [
        _entry("probe", probe.text[language], id=probe.id, seeks=probe.seeks, point=probe.point or "")
        for probe in (question.probes if question else ())
    ]
    facts = [_entry("fact", fact[language]) for fact in plan.facts]
    return REPLY.part("reply_context").render(
        {
            "interview": _entry("interview", plan.title[language], kind=brief.kind, level=plan.role_level),
            "question": _question(brief),
            "points": _group("points", _points(question.points if question else (), language)),
            "probes": _group("probes", probes),
            "facts": _group("facts", facts),
        }
    )


def reply_message(brief: Brief) -> str:
    """The turn: what was said, and what may be said next. The candidate's last words stand in `<candidate>` alone."""
    said = on_one_line(brief.said)
    lines = list(brief.lines)
    if lines and lines[-1].speaker == "candidate" and on_one_line(lines[-1].text) == said:
        lines.pop()
    offers = "\n".join(_offer(brief, choice) for choice in brief.offer.choices)
    return REPLY.part("reply_turn").render(
        {
            "language": element("language", brief.language, at_most=10),
            "question": _question(brief),
            "conversation": _group("conversation", [_line(line) for line in lines[-MOST_LINES:]]),
            "candidate": element("candidate", said, at_most=LONGEST_SAID),
            "offers": element("offers", f"\n{offers}\n", at_most=LONGEST_WORDING * len(brief.offer.choices)),
        }
    )


def _question(brief: Brief) -> Block:
    question = brief.question
    if question is None:
        return element("question", "", at_most=0)
    return _entry("question", question.text[brief.language], id=question.id)


def _line(line: Line) -> Block:
    text = on_one_line(line.text)
    if line.header is None:
        return element("line", text, at_most=LONGEST_LINE, who=line.speaker)
    return element("line", text, at_most=LONGEST_LINE, who=line.speaker, header=line.header)


def _offer(brief: Brief, choice: Choice) -> str:
    """`probe q3 q3.result — probe — verbatim no — What came of it?`; the wording without a lead that gives way."""
    verbatim = "verbatim yes" if is_verbatim(brief, choice) else "verbatim no"
    wording = on_one_line(f"{signpost(brief, choice)} {choice.text}")[: LONGEST_WORDING - 120]
    return f"{choice.header} — {choice.kind} — {verbatim} — {wording}"


def score_system(answer: Answer, judge: int = 0) -> tuple[str, ...]:
    """The rules, the same for every answer; then what every answer to this question is judged by.

    A second and a third judge (`judge` 1 and 2) read the levels in another order.
    """
    language, competency = answer.language, answer.competency
    anchors = [
        _entry("anchor", competency.anchors[level - 1][language], level=str(level)) for level in _levels(answer, judge)
    ]
    name, definition = competency.name[language], competency.definition[language]
    judged_by = SCORE.part("score_question").render(
        {
            "competency": _entry("competency", f"{name}: {definition}"),
            "anchors": _group("anchors", anchors),
            "question": _entry("question", answer.question.text[language]),
            "points": _group("points", _points(_expected(answer, judge), language)),
        }
    )
    return SCORE.main.render({}), judged_by


def _levels(answer: Answer, judge: int) -> list[int]:
    """Ascending, descending, or by the answer's own lot, which falls the same way every time."""
    ascending = list(range(1, len(answer.competency.anchors) + 1))
    if judge == 0:
        return ascending
    descending = ascending[::-1]
    if judge == 1:
        return descending
    drawn = sorted(ascending, key=lambda level: _lot(answer, f"level {level}"))
    return drawn[2:] + drawn[:2] if drawn in (ascending, descending) else drawn


def _expected(answer: Answer, judge: int) -> list[ExpectedPoint]:
    points = list(answer.question.points)
    return points if judge < 2 else sorted(points, key=lambda point: _lot(answer, f"point {point.id}"))


def _lot(answer: Answer, name: str) -> bytes:
    said = "\n".join(turn.text for turn in answer.turns)
    return hashlib.sha256(f"{answer.question.id}\n{said}\n{name}".encode()).digest()


def score_message(answer: Answer) -> str:
    """The answer turn by turn, each with its `seq` and what it replies to; nothing about who gave it."""
    probes = {probe.id: probe.text[answer.language] for probe in answer.question.probes}
    turns = [
        element("turn", turn.text, at_most=share, seq=str(turn.seq), asked=probes.get(turn.probe_id or "", ""))
        for turn, share in zip(answer.turns, _shares(answer), strict=True)
    ]
    language = element("language", answer.language, at_most=10)
    return SCORE.part("score_answer").render({"language": language, "answer": elements(turns)})


def score_again(refused: Iterable[str]) -> str:
    """The second message to a judge, with the quotes that were not found."""
    quotes = [element("refused", on_one_line(quote), at_most=LONGEST_LINE) for quote in refused]
    return SCORE.part("score_again").render({"refused": elements(quotes)})


def is_too_long(answer: Answer) -> bool:
    """Whether a judge by model gets an answer without the middle of one of its turns."""
    pairs = zip(answer.turns, _shares(answer), strict=True)
    return any(len(visible(turn.text)) > share for turn, share in pairs)


def _shares(answer: Answer) -> list[int]:
    """Most characters of each turn, `LONGEST_ANSWER` together; what short turns do not need is left to long ones."""
    lengths = [len(visible(turn.text)) for turn in answer.turns]
    shares, left = [0] * len(lengths), LONGEST_ANSWER
    for waiting, at in enumerate(sorted(range(len(lengths)), key=lambda turn: lengths[turn])):
        shares[at] = min(lengths[at], left // (len(lengths) - waiting))
        left -= shares[at]
    return shares


def _points(points: Iterable[ExpectedPoint], language: Language) -> list[Block]:
    return [_entry("point", point.text[language], id=point.id) for point in points]


def _entry(tag: str, text: str, **attributes: str) -> Block:
    return element(tag, on_one_line(text), at_most=LONGEST_WORDING, **attributes)


def _group(tag: str, blocks: Sequence[Block]) -> Block:
    """The blocks one below the other, within a tag of their own."""
    inner = elements(blocks).markup
    return Block(f"<{tag}>\n{inner}\n</{tag}>" if inner else f"<{tag}></{tag}>")
