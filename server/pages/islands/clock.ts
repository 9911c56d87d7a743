// Time left, counted down here between two states of the server; it stands still while the interview does.

export class Clock {
  #leftMs = 0;
  #since: number | null = null;

  constructor(show: (leftMs: number) => void) {
    window.setInterval(() => show(this.leftMs), 1_000);
  }

  get leftMs(): number {
    return this.#leftMs - (this.#since === null ? 0 : performance.now() - this.#since);
  }

  set(leftMs: number, running: boolean): void {
    this.#leftMs = leftMs;
    this.#since = running ? performance.now() : null;
  }

  stop(): void {
    this.set(this.leftMs, false);
  }
}
