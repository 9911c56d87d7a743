// Times in the reader's own zone, named; without this script they stand there in UTC.

/** The reader's own way of writing dates, where it is a way of the page's language. */
export function ownLocale(): string {
  const language = document.documentElement.lang;
  return navigator.languages.find((wish) => wish.split("-")[0] === language) ?? language;
}

const format = new Intl.DateTimeFormat(ownLocale(), {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});

/** Write the times within an element as its reader does. */
export function inOwnZone(within: ParentNode): void {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.getAttribute("datetime") ?? "");
    if (!Number.isNaN(at.getTime())) time.textContent = format.format(at);
  }
}

inOwnZone(document);
