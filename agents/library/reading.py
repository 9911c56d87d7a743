"""Plans and rubrics read from YAML, checked whole, and named by the hash of their content."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from agents.library.checks import Fault, plan_faults, rubric_faults
from agents.library.document import Document, LibraryError, read_document
from agents.library.shape import converted
from agents.plans import Plan, Rubric

_OWN_FOLDER = Path(__file__).parent


class Library(msgspec.Struct, frozen=True):
    """Plans and rubrics by slug, with their content hashes (64 hexadecimal digits) by the same slugs."""

    plans: dict[str, Plan]
    rubrics: dict[str, Rubric]
    plan_hashes: dict[str, str]
    rubric_hashes: dict[str, str]


def load_library(folder: Path = _OWN_FOLDER) -> Library:
    """A folder's `rubrics/*.yaml` and `plans/*.yaml`; raises `LibraryError` at the first that is wrong."""
    rubrics: dict[str, Rubric] = {}
    for path in _files(folder / "rubrics"):
        rubrics[path.stem] = read_rubric(path)
        _refuse_other_name(path, rubrics[path.stem].slug)
    plans: dict[str, Plan] = {}
    for path in _files(folder / "plans"):
        plans[path.stem] = read_plan(path, rubrics)
        _refuse_other_name(path, plans[path.stem].slug)
    return Library(
        plans=plans,
        rubrics=rubrics,
        plan_hashes={slug: content_hash(plan) for slug, plan in plans.items()},
        rubric_hashes={slug: content_hash(rubric) for slug, rubric in rubrics.items()},
    )


def read_plan(path: Path, rubrics: Mapping[str, Rubric]) -> Plan:
    """The plan in a file, its rubric one of those given by slug; raises `LibraryError`."""
    document = read_document(path)
    plan = converted(document, Plan)
    _refuse_faults(document, plan_faults(plan, rubrics))
    return plan


def read_rubric(path: Path) -> Rubric:
    """The rubric in a file; raises `LibraryError`."""
    document = read_document(path)
    rubric = converted(document, Rubric)
    _refuse_faults(document, rubric_faults(rubric))
    return rubric


def content_hash(document: msgspec.Struct) -> str:
    """SHA-256 (64 hexadecimal digits) of a document's JSON: keys sorted, no spaces, defaults written out."""
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()


def _files(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        problem = f"the folder cannot be read ({error.strerror})"
        raise LibraryError(folder, None, problem, "A library holds `plans` and `rubrics`.") from error
    for path in paths:
        if path.suffix == ".yml":
            raise LibraryError(path, None, "the name ends in .yml", "Rename it to end in .yaml.")
    return [path for path in paths if path.suffix == ".yaml"]


def _refuse_other_name(path: Path, slug: str) -> None:
    if slug != path.stem:
        mend = f"Write `slug: {path.stem}`, or rename the file to {slug}.yaml."
        raise read_document(path).error(("slug",), f"`{slug}` is not the file's name", mend)


def _refuse_faults(document: Document, faults: Iterator[Fault]) -> None:
    """Raise the fault that stands first in the file, if there is any."""
    fault = min(faults, key=lambda fault: document.line(fault.at), default=None)
    if fault is not None:
        raise document.error(fault.at, fault.problem["en"], fault.mend["en"])
