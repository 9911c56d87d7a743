// The set-up of a practice: speaking is offered only where the browser, or the server for it, can turn speech into
// words.

import { engineClass } from "./recogniser";
import { Sound } from "./sound";

const voice = document.querySelector<HTMLInputElement>("[data-voice]");
const missing = document.querySelector<HTMLElement>("[data-voice-missing]");

const byServer = voice?.dataset["speech"] === "server" && Sound.isPossible;

if (voice && missing && !byServer && !engineClass()) {
  missing.hidden = false;
  voice.disabled = true;
  if (voice.checked) {
    const typing = voice.form?.querySelector<HTMLInputElement>("input[name=channel][value=text]");
    if (typing) typing.checked = true;
  }
}
