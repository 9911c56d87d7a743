"""What axe-core finds wrong with a page as it stands in the browser."""

from functools import cache
from typing import Literal

import msgspec
from playwright.async_api import Page

from server.pages.assets import STATIC

SOURCE = STATIC.parent / "node_modules" / "axe-core" / "axe.min.js"

Impact = Literal["minor", "moderate", "serious", "critical"]

_LOOK = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, impact, help, nodes }) => nodes.map((node) => ({
    rule: id,
    impact: node.impact ?? impact ?? "minor",
    help,
    element: node.target.join(" "),
    why: node.failureSummary ?? "",
  })));
}"""


class Finding(msgspec.Struct, frozen=True):
    """One element that breaks one of axe's rules; `element` is a CSS selector."""

    rule: str
    impact: Impact
    help: str
    element: str
    why: str

    def __str__(self) -> str:
        return f"{self.impact}: {self.help} ({self.rule}): {self.element}: {' '.join(self.why.split())}"


async def findings(page: Page) -> list[Finding]:
    """Everything that axe's own rules find, by WCAG and by good practice.

    The page's policy refuses strange scripts, rightly; axe comes in by the browser's own tools.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_source())
    return msgspec.convert(await page.evaluate(_LOOK), list[Finding])


def grave(found: list[Finding]) -> list[str]:
    """Those that may not be: whatever is more than minor."""
    return [str(finding) for finding in found if finding.impact != "minor"]


@cache
def _source() -> str:
    assert SOURCE.exists(), "axe-core is not there: run `make pages`."
    # What the last statement gives back would be sent over here otherwise.
    return f"{SOURCE.read_text('utf-8')}; undefined"
