// The set-up of a practice: speaking is offered only where the browser can turn speech into words.

import { engineClass } from "./recogniser";

const voice = document.querySelector<HTMLInputElement>("[data-voice]");
const missing = document.querySelector<HTMLElement>("[data-voice-missing]");

if (voice && missing && !engineClass()) {
  missing.hidden = false;
  voice.disabled = true;
  if (voice.checked) {
    const typing = voice.form?.querySelector<HTMLInputElement>("input[name=channel][value=text]");
    if (typing) typing.checked = true;
  }
}
