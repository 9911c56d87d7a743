"""An interview goes elsewhere whole and comes out the same to the byte, or does not go at all."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from agents.log import REPORT_TASK, SCORE_TASK
from server.carrying.archive import FORMAT, Manifest, NotOver, pack, unpack
from server.carrying.carrier import export_interview, import_interview
from storage import plans, portable, queue
from storage.database import Database
from storage.errors import NotFound
from storage.ids import uuid7
from storage.portable import InterviewIsHere, PlanDiffers, RowsRefused
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting
from tests.conftest import DatabaseUrls, Person, new_person
from tests.server.carrying.held import Desk, another_database, answered
from tests.server.carrying.zips import changed, read, with_row


async def taken(desk: Desk, interview_id: UUID) -> bytes:
    return await export_interview(desk.database, desk.person.tenant_id, interview_id)


async def kept_by(database: Database, person: Person, data: bytes) -> UUID:
    """Imports a file for this person; which interview it was."""
    imported = await import_interview(database, person.tenant_id, person.user_id, data)
    assert imported.is_new
    return imported.interview_id


async def count(database: Database, person: Person) -> int:
    async with database.tenant(person.tenant_id) as connection:
        number: int = await connection.fetchval("select count(*) from interview.interviews")
    return number


async def test_an_interview_goes_to_another_database_and_comes_out_the_same_to_the_byte(
    desk: Desk, database_urls: DatabaseUrls
) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    assert await taken(desk, interview_id) == data
    async with another_database(database_urls) as elsewhere:
        other = Desk(elsewhere, await new_person(elsewhere), database_urls.admin)
        assert await kept_by(elsewhere, other.person, data) == interview_id
        assert await taken(other, interview_id) == data
        assert await other.verified(interview_id) == []


async def test_every_part_is_carried(desk: Desk) -> None:
    interview_id = await desk.holds()
    manifest, _ = unpack(await taken(desk, interview_id))
    assert (manifest.format, manifest.interview_id) == (FORMAT, interview_id)
    rows = {member.name: member.rows for member in manifest.members}
    assert rows["report.json"] == rows["transcript.json"] == rows["interview.json"] == rows["rubric.json"] == 1
    assert rows["questions.jsonl"] == rows["responses.jsonl"] == 3
    assert rows["scores.jsonl"] == rows["lineage.jsonl"] == 3
    assert rows["scoring_runs.jsonl"] == 1
    assert rows["events.jsonl"] > 20
    assert rows["feedback.jsonl"] > 0


async def test_turns_and_every_version_of_an_answer_go_along(desk: Desk, database_urls: DatabaseUrls) -> None:
    sitting = Sitting()
    sitting.reaches("q2")
    sitting.says("And I should add that we measured it: 40 % less.", question_id="q1")
    sitting.replies()
    sitting.presses("end")
    sitting.replies()
    interview_id = await desk.holds(sitting)
    async with desk.database.tenant(desk.person.tenant_id) as connection:
        await connection.execute(
            "insert into interview.turns (id, tenant_id, interview_id, turn_number, draft, total_ms, served)"
            " values ($1, current_setting('app.tenant')::uuid, $2, 1, 'hit', 0.1::float8 + 0.2::float8, $3)",
            uuid7(),
            interview_id,
            {"llm": "rehearsal", "share": 1e-7},
        )
    data = await taken(desk, interview_id)
    async with another_database(database_urls) as elsewhere:
        other = Desk(elsewhere, await new_person(elsewhere), database_urls.admin)
        await kept_by(elsewhere, other.person, data)
        assert await taken(other, interview_id) == data
    _, kept = unpack(data)
    assert b"0.30000000000000004" in kept.parts["turns"][0]


async def test_after_a_purge_an_interview_can_be_brought_back(desk: Desk, tmp_path: Path) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    await desk.purges(interview_id, tmp_path)
    with pytest.raises(NotFound):
        await taken(desk, interview_id)
    await kept_by(desk.database, desk.person, data)
    assert await taken(desk, interview_id) == data


async def test_it_becomes_the_importers_in_another_tenant_and_names_neither_tenant_nor_person(
    desk: Desk, tmp_path: Path
) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    for identity in (desk.person.tenant_id, desk.person.user_id):
        for form in (str(identity), identity.hex):
            assert form.encode() not in data
    await desk.purges(interview_id, tmp_path)
    other = await new_person(desk.database)
    await kept_by(desk.database, other, data)
    assert await export_interview(desk.database, other.tenant_id, interview_id) == data
    async with desk.database.tenant(other.tenant_id) as connection:
        row = await connection.fetchrow(
            "select tenant_id, user_id from interview.interviews where id = $1", interview_id
        )
    assert row is not None
    assert tuple(row) == (other.tenant_id, other.user_id)


async def test_the_same_interview_again_is_here_already(desk: Desk) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    again = await import_interview(desk.database, desk.person.tenant_id, desk.person.user_id, data)
    assert (again.interview_id, again.is_new) == (interview_id, False)
    assert await count(desk.database, desk.person) == 1


async def test_an_interview_with_the_same_id_and_other_content_is_not_touched(desk: Desk) -> None:
    interview_id = await desk.holds()
    data = with_row(await taken(desk, interview_id), "feedback", 0, content="Something else.")
    with pytest.raises(InterviewIsHere, match="with other content"):
        await import_interview(desk.database, desk.person.tenant_id, desk.person.user_id, data)
    assert await desk.verified(interview_id) == []


async def test_one_that_belongs_to_another_tenant_or_was_deleted_stays_as_it_is(desk: Desk) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    other = await new_person(desk.database)
    with pytest.raises(InterviewIsHere, match="another tenant's"):
        await kept_by(desk.database, other, data)
    assert await count(desk.database, other) == 0
    await desk.damages("update interview.interviews set deleted_at = now() where id = $1", interview_id)
    with pytest.raises(InterviewIsHere, match="not yet purged"):
        await kept_by(desk.database, desk.person, data)


async def test_two_imports_at_the_same_moment_keep_it_once(desk: Desk, tmp_path: Path) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    await desk.purges(interview_id, tmp_path)
    done = await asyncio.gather(
        *(import_interview(desk.database, desk.person.tenant_id, desk.person.user_id, data) for _ in range(4)),
        return_exceptions=True,
    )
    assert [getattr(each, "is_new", None) for each in done].count(True) == 1
    assert all(isinstance(each, InterviewIsHere) or not isinstance(each, BaseException) for each in done)
    assert await taken(desk, interview_id) == data


async def test_a_plan_that_is_not_here_comes_along_and_is_not_offered(desk: Desk, tmp_path: Path) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    _, kept = unpack(data)
    plan = read(kept.plan)
    plan |= {"content_hash": "ab" * 32, "body": plan["body"] | {"summary": {"en": "Another.", "es": "Otro."}}}
    rubric = read(kept.rubric) | {"content_hash": "cd" * 32}
    events = [read(row) for row in kept.parts["events"]]
    events[0]["payload"] |= {"plan_hash": "ab" * 32, "rubric_hash": "cd" * 32}
    row = read(kept.interview)
    row["versions"] |= {"plan": "ab" * 32, "rubric": "cd" * 32}
    other = changed(kept, interview=row, plan=plan, rubric=rubric, events=events)
    await desk.purges(interview_id, tmp_path)
    data = pack(interview_id, other, "0.1.0")
    async with desk.database.tenant(desk.person.tenant_id) as connection:
        before = await plans.list_plans(connection)
    await kept_by(desk.database, desk.person, data)
    async with desk.database.tenant(desk.person.tenant_id) as connection:
        assert await plans.list_plans(connection) == before
        again = await portable.kept_interview(connection, interview_id)
    assert again == other
    assert pack(interview_id, again, "0.1.0") == data
    assert await desk.verified(interview_id) == []
    # A second interview by the same plan finds it.
    await desk.purges(interview_id, tmp_path)
    await kept_by(desk.database, desk.person, data)


@pytest.mark.parametrize("document", ["plan", "rubric"])
async def test_a_plan_that_is_here_with_other_content_is_refused(desk: Desk, tmp_path: Path, document: str) -> None:
    interview_id = await desk.holds()
    _, kept = unpack(await taken(desk, interview_id))
    await desk.purges(interview_id, tmp_path)
    other = read(getattr(kept, document))
    other["body"]["slug"] = "changed"
    data = pack(interview_id, changed(kept, **{document: other}), "0.1.0")
    with pytest.raises(PlanDiffers):
        await kept_by(desk.database, desk.person, data)
    assert await count(desk.database, desk.person) == 0


@pytest.mark.parametrize(
    ("part", "row"),
    [
        ("scores", {"level": 9}),
        ("scores", {"response_id": str(uuid7())}),
        ("scores", {"unheard_of": 1}),
        ("responses", {"question_id": str(uuid7())}),
        ("feedback", {"content": "a\x00b"}),
        ("feedback", {"interview_id": str(uuid7())}),
        ("lineage", {"cost_usd": "much"}),
        ("transcript", {"word_count": -1}),
    ],
)
async def test_rows_that_do_not_belong_are_refused_and_nothing_is_left(
    desk: Desk, tmp_path: Path, part: str, row: dict[str, object]
) -> None:
    interview_id = await desk.holds()
    data = await taken(desk, interview_id)
    await desk.purges(interview_id, tmp_path)
    with pytest.raises(RowsRefused):
        await kept_by(desk.database, desk.person, with_row(data, part, -1, **row))
    assert await count(desk.database, desk.person) == 0
    await kept_by(desk.database, desk.person, data)


async def test_an_interview_that_goes_on_is_not_carried(desk: Desk) -> None:
    begun = Sitting()
    begun.joins()
    interview_id = await desk.holds(begun, report=False)
    with pytest.raises(NotOver):
        await taken(desk, interview_id)


async def test_one_without_a_report_gets_it_where_it_arrives(desk: Desk, tmp_path: Path) -> None:
    interview_id = await desk.holds(report=False)
    data = await taken(desk, interview_id)
    await desk.purges(interview_id, tmp_path)
    async with desk.database.maintenance() as connection:
        await connection.execute("delete from pgqueuer")
    await kept_by(desk.database, desk.person, data)
    async with desk.database.untenanted() as connection:
        assert await queue.waiting(connection) == {SCORE_TASK: 1, REPORT_TASK: 1}
    assert await taken(desk, interview_id) == data
    await desk.works(interview_id)
    assert await desk.verified(interview_id) == []


async def test_only_a_member_of_the_tenant_can_be_given_an_interview(desk: Desk, tmp_path: Path) -> None:
    interview_id = await desk.holds(answered("q1"))
    data = await taken(desk, interview_id)
    await desk.purges(interview_id, tmp_path)
    stranger = await new_person(desk.database)
    with pytest.raises(NotFound, match="member"):
        await import_interview(desk.database, desk.person.tenant_id, stranger.user_id, data)
    assert GOOD[PLAN.slug, "q1", "en"].encode()[:20] in data
    assert isinstance(unpack(data)[0], Manifest)
