"""What a request can be refused with, and the one shape in which it is told: RFC 9457 problem details.

VivaError
├── BadRequest 400            MalformedJson, MalformedId, BadCursor, InvalidQuery
├── Forbidden 403             ForeignHost, ForeignOrigin, NotOpenToNetwork
├── Missing 404               NoSuchAddress, NoSuchPlan, NoSuchRubric, NoSuchInterview, NoSuchRun
├── MethodNotAllowed 405
├── Conflict 409              InterviewGoesOn, InterviewOver, InterviewNotOver, ReportPending, NoReport,
│                             NothingToScore, RescoringRefused, RunGoesOn
├── Gone 410                  LinkExpired
├── TooLarge 413
├── UnsupportedMediaType 415
├── Unprocessable 422         InvalidBody, UnknownPlan, LanguageNotOffered, DurationOutOfRange,
│                             ScreeningNotOpen, ChannelNotOpen
├── InternalError 500
└── Unavailable 503

Each class has a stable `code` for the machine and is raised with a sentence for the person that says what was
wrong and what to do. No sentence that a log may keep (`safe`) holds anything that was sent.
"""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from agents.workshop.findings import Finding
from storage import errors as kept

TYPE_PREFIX = "urn:viva:problem:"


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong with what was sent, and where: `$.plan`, `?limit`."""

    path: str
    message: str


class Problem(msgspec.Struct, frozen=True):
    """The body of every error of the API, `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    """A sentence for the person: what was wrong and what to do."""
    code: str
    """A stable name for the machine."""
    request_id: str
    """Quote it when reporting the error; the log lines of the request carry it."""
    errors: tuple[FieldError, ...] = ()


class VivaError(Exception):
    """A request that is refused."""

    # Our own sentences carry nothing personal, so a log may keep them.
    safe: ClassVar[bool] = True
    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    shape: ClassVar[type[Problem]] = Problem
    """What its document is, where it tells more than others."""

    def __init__(
        self, sentence: str, *, errors: tuple[FieldError, ...] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.errors = errors
        self.headers = dict(headers or {})

    def problem(self, request_id: str) -> Problem:
        """The document that is sent."""
        return Problem(
            type=TYPE_PREFIX + self.code,
            title=self.title,
            status=self.status,
            detail=self.sentence,
            code=self.code,
            request_id=request_id,
            errors=self.errors,
        )


class BadRequest(VivaError):
    status, code, title = 400, "bad_request", "The request cannot be read"


class MalformedJson(BadRequest):
    code, title = "malformed_json", "The body is not JSON"


class MalformedId(BadRequest):
    code, title = "malformed_id", "The identifier is not one"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The address does not hold the id of {what}. An id is a UUID such as "
            "0199f3c4-5a2e-7b31-8c44-1f2e3d4c5b6a; take it from the answer that gave it to you."
        )


class BadCursor(BadRequest):
    code, title = "bad_cursor", "The cursor is not one of ours"

    def __init__(self) -> None:
        super().__init__(
            "The cursor was not given out by this list. Use `next_cursor` of the page before as it came, "
            "or leave `cursor` out to begin at the newest.",
            errors=(FieldError("?cursor", "not a cursor of this list"),),
        )


class InvalidQuery(BadRequest):
    # Names the parameter as it was sent.
    safe = False
    code, title = "invalid_query", "A query parameter is wrong"


class Forbidden(VivaError):
    status, code, title = 403, "forbidden", "Not allowed"


class ForeignHost(Forbidden):
    code, title = "foreign_host", "Not addressed to this server"

    def __init__(self) -> None:
        super().__init__(
            "The request names a host that is not this server's. Open Viva under the address it printed at its "
            "start, or set VIVA_PUBLIC_URL to the address by which people reach it."
        )


class ForeignOrigin(Forbidden):
    code, title = "foreign_origin", "Sent from another site"

    def __init__(self) -> None:
        super().__init__(
            "The request was sent by a page of another site, and was not carried out. "
            "Do it from Viva's own pages, or from a program that sends no Origin."
        )


class NotOpenToNetwork(Forbidden):
    code, title = "not_open_to_network", "This server has no sign-in"

    def __init__(self) -> None:
        super().__init__(
            "This server listens to the network but cannot tell who is asking. Set VIVA_HOST=127.0.0.1; or put "
            "a proxy that signs people in before it and set VIVA_PUBLIC_URL to the proxy's address."
        )


class Missing(VivaError):
    status, code, title = 404, "not_found", "There is no such thing here"


class NoSuchAddress(Missing):
    code, title = "no_such_address", "There is nothing at this address"

    def __init__(self) -> None:
        super().__init__("There is nothing at this address. Check it, or begin at the first page.")


class NoSuchPlan(Missing):
    code, title = "no_such_plan", "There is no such plan"

    def __init__(self) -> None:
        super().__init__("There is no plan of that name. GET /api/v1/plans lists those there are.")


class NoSuchRubric(Missing):
    code, title = "no_such_rubric", "There is no such rubric"

    def __init__(self) -> None:
        super().__init__("There is no rubric of that name. Each plan of GET /api/v1/plans names its rubric.")


class NoSuchVersion(Missing):
    code, title = "no_such_version", "There is no such version"

    def __init__(self) -> None:
        super().__init__(
            "The plan has no version of that number. GET /api/v1/plans/{slug}/versions lists those it has; "
            "`current` is the one that it is at."
        )


class NoSuchInterview(Missing):
    code, title = "no_such_interview", "There is no such interview"

    def __init__(self) -> None:
        super().__init__(
            "There is no interview with that id here. It may have been deleted, or belong to someone else; "
            "GET /api/v1/interviews lists yours."
        )


class NoSuchRun(Missing):
    code, title = "no_such_run", "There is no such run of scores"

    def __init__(self) -> None:
        super().__init__(
            "The interview has no run of scores with that id. "
            "GET /api/v1/interviews/{interview_id}/scoring-runs lists those it has."
        )


class MethodNotAllowed(VivaError):
    status, code, title = 405, "method_not_allowed", "This cannot be done here"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This address answers to {allowed} only.", headers={"Allow": allowed})


class Conflict(VivaError):
    status, code, title = 409, "conflict", "Not in this state"


class InterviewGoesOn(Conflict):
    code, title = "interview_goes_on", "The interview goes on"

    def __init__(self) -> None:
        super().__init__("This interview is not over. End it, or wait until it counts as abandoned; then delete it.")


class InterviewOver(Conflict):
    code, title = "interview_over", "The interview has ended"

    def __init__(self) -> None:
        super().__init__(
            "This interview has ended and cannot be entered again. Read its report, or begin another interview."
        )


class PlanMovedOn(Conflict):
    code, title = "plan_moved_on", "Somebody else has saved this plan"

    def __init__(self, current: int | None) -> None:
        at = f"is at version {current}" if current else "is not there (any more)"
        super().__init__(
            f"The plan {at}, and what you sent was made from another. Nothing was saved. Load the plan again and "
            "carry your changes over; or send it once more with `base` set to the version that it is at.",
            errors=(FieldError("$.base", f"the plan {at}"),),
        )


class SharedPlan(Conflict):
    code, title = "shared_plan", "This plan is not one of yours"

    def __init__(self) -> None:
        super().__init__("This plan comes with Viva and cannot be put away. Only a plan of your own can.")


class Gone(VivaError):
    status, code, title = 410, "gone", "No longer there"


class LinkExpired(Gone):
    code, title = "link_expired", "This link has expired"

    def __init__(self) -> None:
        super().__init__("This interview was not begun in time and can no longer be entered. Begin another one.")


class InterviewNotOver(Conflict):
    code, title = "interview_not_over", "The interview has not ended"

    def __init__(self) -> None:
        super().__init__(
            "The report is written when the interview has ended. Go on with the interview, or end it, then ask again."
        )


class ReportPending(Conflict):
    code, title = "report_pending", "The report is being written"

    def __init__(self, retry_seconds: int = 2) -> None:
        super().__init__(
            f"The interview has ended and its answers are still being scored. Ask again in {retry_seconds} seconds.",
            headers={"Retry-After": str(retry_seconds)},
        )


class NothingToScore(Conflict):
    code, title = "nothing_to_score", "There is nothing to score once more"

    def __init__(self) -> None:
        super().__init__(
            "An interview is scored once more when it is over and was scored before. End it and wait for its scores; "
            "one that was never held has none."
        )


class RescoringRefused(Conflict):
    code, title = "rescoring_refused", "This cannot be scored once more by a model"


class RunGoesOn(Conflict):
    code, title = "run_goes_on", "The run goes on"

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(
            f"This run of scores is not done yet, and cannot be compared. Ask again in {retry_seconds} seconds.",
            headers={"Retry-After": str(retry_seconds)},
        )


class NoReport(Conflict):
    code, title = "no_report", "There is nothing to report"

    def __init__(self) -> None:
        super().__init__("This interview was never held, so there is nothing to report. Begin another interview.")


class TooLarge(VivaError):
    status, code, title = 413, "too_large", "The body is too large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body of a request may have at most {limit:,} bytes, and this one has more. Send less.")


class UnsupportedMediaType(VivaError):
    status, code, title = 415, "unsupported_media_type", "The body is not JSON"

    def __init__(self) -> None:
        super().__init__("Send the body as JSON, with the header `Content-Type: application/json`.")


class Unprocessable(VivaError):
    status, code, title = 422, "unprocessable", "This cannot be done as asked"


class InvalidBody(Unprocessable):
    # Names the field as it was sent.
    safe = False
    code, title = "invalid_body", "The body is not what belongs here"


class UnknownPlan(Unprocessable):
    code, title = "unknown_plan", "There is no such plan"

    def __init__(self) -> None:
        super().__init__(
            "There is no plan of that name. GET /api/v1/plans lists those there are.",
            errors=(FieldError("$.plan", "no plan has this name"),),
        )


class DocumentProblem(Problem, frozen=True):
    """Where a document cannot be read: `line` counts from 1 and is null where it is about all of it."""

    line: int | None = None


class UnreadableDocument(Unprocessable):
    # Names what was sent.
    safe = False
    code, title = "unreadable_document", "This is not a plan with its rubric"
    shape = DocumentProblem

    def __init__(self, sentence: str, line: int | None, path: str) -> None:
        super().__init__(sentence, errors=(FieldError(path or "$", sentence),))
        self.line = line

    def problem(self, request_id: str) -> Problem:
        return DocumentProblem(**msgspec.structs.asdict(super().problem(request_id)), line=self.line)


class RefusedPlan(Problem, frozen=True):
    """Why a plan was not saved: everything that was found in it. Those of severity `error` are in the way."""

    findings: tuple[Finding, ...] = ()


class PlanRefused(Unprocessable):
    # Its findings hold words of the plan.
    safe = False
    code, title = "plan_refused", "The plan cannot be saved like this"
    shape = RefusedPlan

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        errors = tuple(finding for finding in findings if finding.severity == "error")
        super().__init__(
            f"The plan has {len(errors)} errors that must be mended before it can be saved. Nothing was saved.",
            errors=tuple(FieldError(finding.path, finding.message["en"]) for finding in errors),
        )
        self.findings = findings

    def problem(self, request_id: str) -> Problem:
        return RefusedPlan(**msgspec.structs.asdict(super().problem(request_id)), findings=self.findings)


class OtherSlug(Unprocessable):
    code, title = "other_slug", "The plan has another name"

    def __init__(self) -> None:
        super().__init__(
            "The plan's `slug` is not the one in the address. Write the same in both.",
            errors=(FieldError("$.plan.slug", "should be the name in the address"),),
        )


class UnknownJurisdiction(Unprocessable):
    code, title = "unknown_jurisdiction", "No rules are known for that jurisdiction"

    def __init__(self, known: tuple[str, ...]) -> None:
        listed = ", ".join(known)
        super().__init__(
            f"Rules are known for: {listed}. Name some of these, or none.",
            errors=(FieldError("$.jurisdictions", f"should be some of {listed}"),),
        )


class EmptyJob(Unprocessable):
    code, title = "empty_job", "There is no job description"

    def __init__(self) -> None:
        super().__init__(
            "The description of the job is empty. Send what the job is about, in a few sentences or more.",
            errors=(FieldError("$.job", "should say what the job is about"),),
        )


class LanguageNotOffered(Unprocessable):
    code, title = "language_not_offered", "The plan is not in that language"

    def __init__(self, offered: tuple[str, ...]) -> None:
        listed = ", ".join(offered)
        super().__init__(
            f"This plan is offered in: {listed}. Choose one of these.",
            errors=(FieldError("$.language", f"should be one of {listed}"),),
        )


class DurationOutOfRange(Unprocessable):
    code, title = "duration_out_of_range", "The duration is out of range"

    def __init__(self, least: int, most: int) -> None:
        super().__init__(
            f"An interview on this plan can be meant to last {least} to {most} minutes. Choose within these.",
            errors=(FieldError("$.target_duration_minutes", f"should be from {least} to {most}"),),
        )


class ScreeningNotOpen(Unprocessable):
    code, title = "screening_not_open", "A screening needs an invitation"

    def __init__(self) -> None:
        super().__init__(
            "A screening interview belongs to a screening, and none can be set up here yet. "
            'Ask for `kind: "practice"`.',
            errors=(FieldError("$.kind", "only practice can be begun here"),),
        )


class ChannelNotOpen(Unprocessable):
    code, title = "channel_not_open", "That channel is not open"

    def __init__(self) -> None:
        super().__init__(
            "Interviews are held by typing or with the browser's own speech here. "
            'Ask for `channel: "text"` or `channel: "voice"`.',
            errors=(FieldError("$.channel", "only text and voice are open here"),),
        )


class InternalError(VivaError):
    status, code, title = 500, "internal", "Something went wrong on our side"

    def __init__(self) -> None:
        super().__init__(
            "Something went wrong on our side, and it has been written down. "
            "Try again; if it happens again, report it with the request id."
        )


class Unavailable(VivaError):
    status, code, title = 503, "unavailable", "Not available just now"

    def __init__(
        self, sentence: str = "Viva cannot reach its database. Try again shortly.", retry_seconds: int = 5
    ) -> None:
        super().__init__(sentence, headers={"Retry-After": str(retry_seconds)})


def from_storage(error: kept.StorageError) -> VivaError:
    """What a person is told of an error of storage."""
    match error:
        case kept.NotFound(what="interview"):
            return NoSuchInterview()
        case kept.NotFound():
            return Missing("There is no such thing here. It may have been deleted, or belong to someone else.")
        case kept.DatabaseUnavailable() | kept.CacheUnavailable() | kept.ObjectsUnavailable():
            return Unavailable()
        case kept.StaleEpoch() | kept.AlreadyKept():
            return Conflict("The interview has moved on meanwhile. Load it again, then try again.")
        case _:
            return InternalError()
