// The search among my interviews: results change in place, with their times in the reader's own zone.

import "./partial";
import { inOwnZone } from "./times";

// The search goes on while one types; its button is for those without this script.
document.querySelector(".filters")?.classList.add("is-live");

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target instanceof Element) inOwnZone(event.target);
});
