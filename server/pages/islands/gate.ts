// The door to a spoken interview. Who hears the candidate is said before anything is heard; and a browser lets no
// sound out before something is pressed.

import { one } from "./element";

export type Way = "talk" | "type";

export class Gate {
  readonly #root: HTMLElement;
  readonly #enter: (way: Way) => void;

  /** `notice` says who hears; null where the page says it already. Whoever was asked on the page before, and wants to type, goes straight in. */
  constructor(root: HTMLElement, notice: string | null, canListen: boolean, enter: (way: Way) => void) {
    this.#root = root;
    this.#enter = enter;
    if (new URLSearchParams(window.location.search).has("typing")) {
      enter("type");
      return;
    }
    const talk = one<HTMLButtonElement>(root, "[data-gate-talk]");
    if (notice !== null) one<HTMLElement>(root, "[data-gate-notice]").textContent = notice;
    talk.hidden = !canListen;
    talk.addEventListener("click", () => this.#open("talk"));
    one<HTMLButtonElement>(root, "[data-gate-type]").addEventListener("click", () => this.#open("type"));
    root.hidden = false;
  }

  #open(way: Way): void {
    this.#root.hidden = true;
    this.#enter(way);
  }
}
