// While answers are still being judged the report looks again by itself, and shows the page when it is ready. Then its
// copy on paper is asked for with the times of the reader's zone.

import "./times";

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 8_000;

function lookAgain(delayMs: number): void {
  window.setTimeout(async () => {
    if (!(await pending())) window.location.reload();
    else lookAgain(Math.min(delayMs * 1.5, LONGEST_DELAY_MS));
  }, delayMs);
}

/** Whether the report is still being made; brings the count on this page up to date. */
async function pending(): Promise<boolean> {
  try {
    const answer = await fetch(window.location.href);
    if (!answer.ok) return true;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const there = page.querySelector("[data-pending]");
    const here = document.querySelector("[data-pending]");
    if (there && here && there.textContent !== here.textContent) here.textContent = there.textContent;
    return there !== null;
  } catch {
    return true;
  }
}

if (document.querySelector("[data-pending]")) lookAgain(FIRST_DELAY_MS);

for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-pdf]")) {
  const address = new URL(link.href);
  address.searchParams.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
  link.href = address.href;
}
