// How loud it is, as the eye may see it: quick to rise and slow to fall. Knows no clock; times are given in ms.

const RISES_IN_MS = 50;
const FALLS_IN_MS = 220;
/** A voice at conversational distance gives about this much (root mean square, 0–1). */
const LOUD = 0.12;

export class Breath {
  #level = 0;
  #goal = 0;
  #at = 0;

  /** The level at a time, 0–1. */
  at(nowMs: number): number {
    const passed = Math.max(0, nowMs - this.#at);
    const within = this.#goal > this.#level ? RISES_IN_MS : FALLS_IN_MS;
    this.#level += (this.#goal - this.#level) * (1 - Math.exp(-passed / within));
    this.#at = nowMs;
    return this.#level;
  }

  /** Sound from a microphone: its root mean square, 0–1. */
  hear(rms: number, nowMs: number): void {
    this.at(nowMs);
    this.#goal = Math.min(1, Math.sqrt(Math.max(0, rms) / LOUD));
  }

  /** One word, spoken by a voice whose level nobody tells, or arriving in writing. */
  beat(strength: number, nowMs: number): void {
    this.#level = Math.max(this.at(nowMs), strength);
    this.#goal = 0;
  }

  hush(nowMs: number): void {
    this.at(nowMs);
    this.#goal = 0;
  }
}
