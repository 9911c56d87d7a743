"""What a browser does with a form: send the fields that stand in it."""

import re
from html import unescape
from uuid import UUID

import httpx

from server.services import Services
from storage import interviews
from storage.interviews import Interview

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
