"""A plan and its rubric as the records that are kept of them."""

import hashlib

import msgspec

from agents.library.reading import content_hash
from agents.plans import Plan, Rubric
from storage.plans import NewPlan, NewRubric, Source


def records_of(plan: Plan, rubric: Rubric, source: Source) -> tuple[NewPlan, NewRubric]:
    """Both, under the names and hashes by which they are found again. Titles are in the document's first language.

    A version is a plan with its rubric: other anchors make another version, though no question changed.
    """
    rubric_hash = content_hash(rubric)
    pair = f"{content_hash(plan)} {rubric_hash}"
    kept_plan = NewPlan(
        slug=plan.slug,
        title=plan.title[plan.languages[0]],
        interview_type=plan.interview_type,
        difficulty_level=plan.difficulty_level,
        target_duration_minutes=plan.target_duration_minutes,
        hard_limit_minutes=plan.hard_limit_minutes,
        languages=plan.languages,
        body=msgspec.to_builtins(plan),
        content_hash=hashlib.sha256(pair.encode()).hexdigest(),
        role_level=plan.role_level,
        source=source,
        judges=plan.judges,
    )
    kept_rubric = NewRubric(
        slug=rubric.slug,
        title=rubric.title[rubric.languages[0]],
        languages=rubric.languages,
        body=msgspec.to_builtins(rubric),
        content_hash=rubric_hash,
        source=source,
    )
    return kept_plan, kept_rubric
