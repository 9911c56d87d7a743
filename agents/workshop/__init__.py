"""The rubric workshop: plans and rubrics as documents, checked, compared, and drafted from a job's description."""

from agents.workshop.checking import check
from agents.workshop.differing import Change, difference
from agents.workshop.documents import DocumentError, document_of, line_of, read_document
from agents.workshop.drafting import Draft, EmptyJobError, draft
from agents.workshop.findings import Finding, Severity

__all__ = [
    "Change",
    "DocumentError",
    "Draft",
    "EmptyJobError",
    "Finding",
    "Severity",
    "check",
    "difference",
    "document_of",
    "draft",
    "line_of",
    "read_document",
]
