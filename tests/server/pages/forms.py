"""What a browser does with a form: send the fields that stand in it."""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from uuid import UUID

import httpx
import msgspec

from agents.library import load_library
from server.pages.workshop_form import PlanForm, form_of_documents
from server.services import Services
from storage import interviews
from storage.interviews import Interview

LIBRARY = load_library()
_INPUT = re.compile(r"<input\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')


def fields_of(markup: str) -> dict[str, str]:
    """What the page's only form sends as it stands."""
    forms = re.findall(r"<form\b.*?</form>", markup, re.DOTALL)
    assert len(forms) == 1, f"the page has {len(forms)} forms"
    found: dict[str, str] = {}
    for tag in _INPUT.findall(forms[0]):
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
        if attributes.get("type") != "radio" or "checked" in attributes:
            found[attributes["name"]] = attributes.get("value", "")
    return found


async def start(reader: httpx.AsyncClient, address: str, reads: str = "en", **changed: str) -> httpx.Response:
    """Open the page, change some fields of its form, and send it."""
    headers = {"Accept-Language": reads}
    page = await reader.get(address, headers=headers)
    return await reader.post("/interviews", data=fields_of(page.text) | changed, headers=headers)


async def interview_of(served: Services, answer: httpx.Response) -> Interview:
    """The interview that a form led to."""
    found = re.fullmatch(r"/interviews/([0-9a-f-]{36})/(?:room|check)", answer.headers["location"])
    assert found, answer.headers["location"]
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        return await interviews.interview(connection, UUID(found[1]))


def form_of(slug: str) -> PlanForm:
    """The workshop's form of a plan of the library."""
    plan = LIBRARY.plans[slug]
    return form_of_documents(plan, LIBRARY.rubrics[plan.rubric])


def sent_by(markup: str) -> dict[str, list[str]]:
    """What the workshop's form sends as it stands in a page: every field by its name."""
    found = _Fields()
    found.feed(markup)
    return found.fields


class _Fields(HTMLParser):
    """Reads the fields of the form that is marked as the editor's."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._inside = False
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        self._inside = self._inside or (tag == "form" and "data-editor" in has)
        name = has.get("name") or ""
        if not self._inside:
            return
        if tag == "textarea":
            self._area = name
            self.fields[name] = [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in self.fields or "selected" in has):
            self.fields[self._select] = [has.get("value") or ""]
        elif tag == "input" and (has.get("type") not in ("checkbox", "radio") or "checked" in has):
            self.fields.setdefault(name, []).append(has.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[self._area][0] += data


def form_fields(form: PlanForm) -> list[tuple[str, str]]:
    """What a browser sends of the workshop's form, in order."""
    return [("languages", each) for each in form.languages] + list(_leaves(msgspec.to_builtins(form), ""))


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name != "languages":
                yield from _leaves(each, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _leaves(each, f"{path}.{at}")
    else:
        yield path, str(value)
