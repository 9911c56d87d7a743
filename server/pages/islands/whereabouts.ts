// Where we are in the interview and how much time is left: a sentence, and a thin line.

import { Clock } from "./clock";
import { one } from "./element";
import type { StateView } from "./protocol";
import type { Texts } from "./texts";

export class Whereabouts {
  readonly #place: HTMLElement;
  readonly #progress: HTMLProgressElement;
  readonly #texts: Texts;
  readonly #clock = new Clock(() => this.#show());
  #state: StateView | null = null;

  constructor(root: HTMLElement, texts: Texts) {
    this.#place = one(root, "[data-where]");
    this.#progress = one(root, "[data-progress]");
    this.#texts = texts;
  }

  at(state: StateView): void {
    this.#state = state;
    const still = state.paused || !state.present || state.phase === "lobby" || state.phase === "ended";
    this.#clock.set(state.left_ms, !still);
    this.#show();
  }

  /** Nobody is there to talk to: the time stands still. */
  stop(): void {
    this.#clock.stop();
  }

  /** At the door. */
  before(): void {
    this.#place.textContent = this.#texts("live.ready");
  }

  ended(): void {
    this.#clock.stop();
    this.#state = null;
    this.#place.textContent = this.#texts("live.phase_ended");
    this.#progress.value = this.#progress.max;
  }

  #show(): void {
    const state = this.#state;
    if (!state) return;
    const place = state.question
      ? this.#texts("live.question", { number: state.question.number, of: state.of })
      : this.#texts(`live.phase_${state.phase}`);
    const sentence = `${place} · ${this.#left()}`;
    if (this.#place.textContent !== sentence) this.#place.textContent = sentence;
    this.#progress.max = state.of;
    if (state.question) this.#progress.value = state.question.number - 1;
    else if (state.phase === "candidate_questions" || state.phase === "closing") this.#progress.value = state.of;
  }

  #left(): string {
    const minutes = Math.ceil(this.#clock.leftMs / 60_000);
    if (this.#clock.leftMs <= 0) return this.#texts("live.no_time_left");
    return this.#texts(minutes > 1 ? "live.minutes_left" : "live.minute_left", { minutes });
  }
}
