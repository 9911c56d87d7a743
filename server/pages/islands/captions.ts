// What of the transcript is in sight: the last utterance of each side and the level just given, or all of it. The
// candidate's words appear here while they are still being heard.

import { element, one } from "./element";
import type { Texts } from "./texts";

export class Captions {
  readonly #place: HTMLElement;
  readonly #log: HTMLElement;
  readonly #interim: HTMLElement;
  readonly #toggle: HTMLButtonElement;
  readonly #texts: Texts;
  readonly #keptAs: string;
  #all = false;

  constructor(place: HTMLElement, toggle: HTMLButtonElement, interview: string, texts: Texts) {
    this.#place = place;
    this.#log = one(place, "[data-log]");
    this.#interim = one(place, "[data-interim]");
    this.#toggle = toggle;
    this.#texts = texts;
    this.#keptAs = `viva.all.${interview}`;
    // The box opens, a notice appears: the last words stay in sight.
    new ResizeObserver(() => {
      if (!this.#all) this.#place.scrollTop = this.#place.scrollHeight;
    }).observe(place);
    new MutationObserver(() => this.#choose()).observe(this.#log, { childList: true });
    toggle.addEventListener("click", () => this.showAll(!this.#all));
    this.showAll(kept(this.#keptAs));
  }

  get all(): boolean {
    return this.#all;
  }

  showAll(all: boolean): void {
    this.#all = all;
    keep(this.#keptAs, all);
    this.#place.dataset["all"] = String(all);
    this.#toggle.setAttribute("aria-expanded", String(all));
    this.#choose();
    this.#place.scrollTop = this.#place.scrollHeight;
  }

  /** The words of a turn that is being heard; those that may still change are lighter. */
  hearing(finals: string, interim: string): void {
    const isHeard = Boolean(finals || interim);
    if (isHeard) {
      const words = element("p", "words__text", finals ? `${finals} ` : "");
      words.append(element("span", "words__interim", interim));
      this.#interim.replaceChildren(element("p", "words__who", this.#texts("live.candidate")), words);
    } else {
      this.#interim.replaceChildren();
    }
    this.#interim.hidden = !isHeard;
    this.#place.scrollTop = this.#place.scrollHeight;
  }

  #choose(): void {
    const entries = [...this.#log.children];
    this.#toggle.hidden = entries.length < 3 && !this.#all;
    const last = (kind: string) => entries.filter((entry) => entry.matches(kind)).at(-1);
    const shown = new Set([last(".words--interviewer"), last(".words--candidate"), last(".level")]);
    for (const entry of entries) (entry as HTMLElement).hidden = !this.#all && !shown.has(entry);
  }
}

function kept(key: string): boolean {
  try {
    return sessionStorage.getItem(key) === "true";
  } catch {
    return false;
  }
}

function keep(key: string, all: boolean): void {
  try {
    sessionStorage.setItem(key, String(all));
  } catch {
    return;
  }
}
