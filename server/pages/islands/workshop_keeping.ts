// A plan that is being written and not yet saved, kept for this tab: a reload finds it again. It goes with the tab.

interface Kept {
  body: string;
  /** Whether it was sent to be saved: a page that then shows the plan as it is kept has it. */
  sent: boolean;
}

export class Keeping {
  readonly #key: string;

  constructor(plan: string) {
    this.#key = `viva.workshop.${plan}`;
  }

  read(): string | null {
    return this.#kept?.body ?? null;
  }

  get isSent(): boolean {
    return this.#kept?.sent ?? false;
  }

  write(body: string): void {
    this.#store({ body, sent: false });
  }

  send(): void {
    const kept = this.#kept;
    if (kept) this.#store({ ...kept, sent: true });
  }

  drop(): void {
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      return;
    }
  }

  get #kept(): Kept | null {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key) ?? "null") as Kept | null;
    } catch {
      return null;
    }
  }

  // Storage can be full, or forbidden by the browser's settings: then leaving the page warns, and a reload forgets.
  #store(kept: Kept): void {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(kept));
    } catch {
      return;
    }
  }
}
