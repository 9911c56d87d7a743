// For operators: how long each part of the last turns took, and how the sound flows. Candidates need none of it.

import { element, one } from "./element";
import type { Flow } from "./playing";
import type { TurnMeasured } from "./protocol";
import type { Texts } from "./texts";

const LAST = 5;
const KEPT_AS = "viva.figures";

export class Figures {
  readonly #panel: HTMLElement;
  readonly #turns: HTMLElement;
  readonly #sound: HTMLElement;
  readonly #none: HTMLElement;
  readonly #texts: Texts;
  readonly #flow: () => Flow | null;

  constructor(root: HTMLElement, texts: Texts, flow: () => Flow | null) {
    this.#panel = one(root, "[data-figures]");
    this.#turns = one(this.#panel, "tbody");
    this.#sound = one(this.#panel, "[data-figures-sound]");
    this.#none = one(this.#panel, "[data-figures-none]");
    this.#texts = texts;
    this.#flow = flow;
    if (asked()) this.toggle();
    window.setInterval(() => this.#show(), 500);
  }

  /** Whether the server is to measure for this room. */
  get areWanted(): boolean {
    return asked() || kept();
  }

  toggle(): void {
    this.#panel.hidden = !this.#panel.hidden;
    if (!this.#panel.hidden) keep();
    this.#show();
  }

  add(turn: TurnMeasured): void {
    const row = document.createElement("tr");
    row.append(element("th", "", String(turn.turn)));
    const times = [turn.endpointing_ms, turn.transcription_ms, turn.first_token_ms, turn.first_byte_ms, turn.total_ms];
    row.append(...times.map((ms) => element("td", "", ms === null ? "–" : String(Math.round(ms)))));
    row.append(element("td", "", this.#texts(`live.draft_${turn.draft}`)));
    this.#turns.prepend(row);
    this.#turns.children[LAST]?.remove();
    this.#none.hidden = true;
  }

  #show(): void {
    if (this.#panel.hidden) return;
    const flow = this.#flow();
    const words = flow
      ? this.#texts("live.flow", {
          waiting: Math.round(flow.waitingMs),
          start: Math.round(flow.startMs),
          underruns: flow.underruns,
          troubles: flow.troubles,
        })
      : this.#texts("live.no_flow");
    if (this.#sound.textContent !== words) this.#sound.textContent = words;
  }
}

function asked(): boolean {
  return new URLSearchParams(window.location.search).has("figures");
}

function kept(): boolean {
  try {
    return localStorage.getItem(KEPT_AS) === "on";
  } catch {
    return false;
  }
}

function keep(): void {
  try {
    localStorage.setItem(KEPT_AS, "on");
  } catch {
    return;
  }
}
