"""An append whose answer never comes: it may be kept or not, and either way it ends up kept once."""

import pytest

from benchmarks.chaos.product import Site
from tests.chaos.cast import COMMIT, Candidate, Court, writing
from tests.chaos.conftest import Enters

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def stands_once(judge: Court, one: Candidate, sent: str) -> None:
    log = await judge.log(one.interview_id)
    assert [event.client_id for event in log].count(sent) == 1


async def test_an_append_that_was_kept_without_an_answer_is_not_kept_again(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    lost = site.line.lose_answer_to(writing("turn.closed"), COMMIT)
    sent = await one.says()
    await lost.springs()
    await one.floor()
    assert one.is_acknowledged(sent)
    assert one.welcomes == 1
    await stands_once(judge, one, sent)
    await one.finishes()
    await judge.acquits(one)


async def test_an_append_whose_connection_broke_before_the_commit_is_made_again(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    lost = site.line.lose_answer_to(writing("turn.closed"))
    sent = await one.says()
    await lost.springs()
    await one.floor()
    assert one.welcomes == 1
    await stands_once(judge, one, sent)
    await one.finishes()
    await judge.acquits(one)


async def test_what_was_kept_without_an_answer_and_sent_again_elsewhere_stands_once(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await site.whole()
    await one.reaches(1)
    holder = await judge.holder(one.interview_id)
    held = site.line.hold_at(writing("turn.closed"), COMMIT)
    sent = await one.says()
    await held.springs()
    # The commit arrives, and nobody is left to hear of it.
    holder.freeze()
    held.release()
    await judge.until_log(one.interview_id, lambda log: any(event.client_id == sent for event in log), "the commit")
    assert not one.is_acknowledged(sent)
    await holder.kill()
    holder.begin()
    await one.until(lambda: one.is_acknowledged(sent), "the acknowledgement")
    await stands_once(judge, one, sent)
    await one.floor()
    await one.finishes()
    await judge.acquits(one)


async def test_a_reply_whose_decision_was_kept_without_an_answer_is_said_once(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    lost = site.line.lose_answer_to(writing("reply.decided"), COMMIT)
    await one.says()
    await lost.springs()
    await one.floor()
    await one.finishes()
    await judge.acquits(one)


async def test_the_last_append_of_an_interview_without_an_answer_still_ends_it(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    lost = site.line.lose_answer_to(writing("interview.ended"), COMMIT)
    await one.finishes()
    await lost.springs()
    log = await judge.until_log(
        one.interview_id, lambda log: any(event.type == "report.ready" for event in log), "the report"
    )
    assert [event.type for event in log].count("interview.ended") == 1
    assert [event.type for event in log].count("report.ready") == 1
    await judge.acquits(one)
