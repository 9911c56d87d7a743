// Whose turn it is: from what the candidate sent until the reply to it has come.

import type { Kept } from "./keeping";
import type { Request } from "./protocol";

/** Requests that the interviewer answers in words. */
const ANSWERED: ReadonlySet<Request> = new Set([
  "consent",
  "decline",
  "repeat",
  "hint",
  "skip",
  "wait",
  "language",
  "end",
]);
const SLOW_AFTER_MS = 6_000;
/** A written reply is there at once; for this long it is still the interviewer who has just spoken. */
const LINGERS_MS = 900;

export class Turns {
  readonly #changed: () => void;
  #waiting: "no" | "yes" | "slow" = "no";
  #isReplying = false;
  #timer: number | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Whether the candidate waits for the interviewer. */
  get isWaiting(): boolean {
    return this.#waiting !== "no";
  }

  get isSlow(): boolean {
    return this.#waiting === "slow";
  }

  get isReplying(): boolean {
    return this.#isReplying;
  }

  asked(message: Kept): void {
    if (message.type === "press" && !ANSWERED.has(message.request)) return;
    this.spoken();
  }

  /** The candidate has said something that is answered. */
  spoken(): void {
    this.#become("yes", false);
    this.#after(SLOW_AFTER_MS, () => this.#become("slow", false));
  }

  replying(): void {
    window.clearTimeout(this.#timer);
    this.#become("no", true);
  }

  replied(): void {
    if (!this.#isReplying) return;
    this.#after(LINGERS_MS, () => this.#become("no", false));
  }

  /** Nothing is awaited any more. */
  rest(): void {
    window.clearTimeout(this.#timer);
    this.#become("no", false);
  }

  #after(ms: number, then: () => void): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(then, ms);
  }

  #become(waiting: "no" | "yes" | "slow", isReplying: boolean): void {
    if (waiting === this.#waiting && isReplying === this.#isReplying) return;
    this.#waiting = waiting;
    this.#isReplying = isReplying;
    this.#changed();
  }
}
