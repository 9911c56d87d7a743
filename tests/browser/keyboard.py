"""Somebody who uses the keyboard alone, and sees where they are."""

from playwright.async_api import Locator, Page, expect

MOST_STEPS = 80

# A ring around what has the focus, or around the card it stands in: without one nobody knows where they are.
_HAS_RING = """(found) => found.matches(":focus-visible") && [found, found.parentElement].some((each) => {
  const { outlineStyle, outlineWidth } = getComputedStyle(each);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
})"""
_IS_FOCUSED = "(found) => found === document.activeElement"


class Keyboard:
    """Tab, Enter, the arrows and letters; never a mouse. No page on the way may scroll sideways."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def go_to(self, target: Locator) -> None:
        """Tab until the target has the focus."""
        await expect(target).to_be_enabled()
        wide, room = await self._page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= room, f"{self._page.url} is {wide} px wide in {room} px"
        for _ in range(MOST_STEPS):
            if await target.evaluate(_IS_FOCUSED):
                assert await target.evaluate(_HAS_RING), f"no ring shows that the focus is on {target}"
                return
            await self._page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {target}")

    async def press(self, target: Locator, key: str = "Enter") -> None:
        """Go to the target and press a key on it."""
        await self.go_to(target)
        await self._page.keyboard.press(key)

    async def choose(self, radio: Locator) -> None:
        """The arrows in a group of radio buttons, until this one is chosen."""
        group = self._page.locator(f"input[type=radio][name='{await radio.get_attribute('name')}']")
        await self.go_to(group.and_(self._page.locator(":checked")))
        for _ in range(await group.count()):
            if await radio.is_checked():
                return
            await self._page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows never come to {radio}")

    async def write(self, text: str) -> None:
        """Into whatever has the focus, letter by letter."""
        await self._page.keyboard.type(text)
