// What must outlive a reload, and a tab that is closed: the half-typed answer, and messages that the server has not yet
// acknowledged. Both go when the interview ends.

import type { Press, Say } from "./protocol";

export type Kept = Say | Press;

const KEPT_FOR_MS = 7 * 86_400_000;

export class Draft {
  readonly #key: string;

  constructor(interview: string) {
    this.#key = `viva.draft.${interview}`;
  }

  read(): string {
    return stored(this.#key) ?? "";
  }

  write(text: string): void {
    store(this.#key, text || null);
  }
}

export class Outbox<M extends { client_id: string } = Kept> {
  readonly #key: string;

  constructor(interview: string) {
    this.#key = `viva.outbox.${interview}`;
  }

  /** Read anew each time: another window may have sent some of them. */
  get messages(): readonly M[] {
    return parsed(stored(this.#key));
  }

  add(message: M): void {
    this.#keep([...this.messages, message]);
  }

  take(clientId: string): M | undefined {
    const messages = this.messages;
    const found = messages.find((message) => message.client_id === clientId);
    if (found) this.#keep(messages.filter((message) => message !== found));
    return found;
  }

  clear(): void {
    this.#keep([]);
  }

  #keep(messages: readonly M[]): void {
    store(this.#key, messages.length ? JSON.stringify(messages) : null);
  }
}

export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Interviews that were never ended in this browser leave nothing behind here for ever: their ids tell their age. */
export function forgetOld(now: number): void {
  try {
    for (const key of Object.keys(localStorage)) {
      const [, id] = /^viva\.(?:draft|outbox)\.(?:\w+\.)?([0-9a-f-]{36})$/.exec(key) ?? [];
      if (id && now - parseInt(id.replace("-", "").slice(0, 12), 16) > KEPT_FOR_MS) localStorage.removeItem(key);
    }
  } catch {
    return;
  }
}

// Storage can be full, or forbidden by the browser's settings: then the room works, and a reload forgets.
const unstored = new Map<string, string | null>();

function stored(key: string): string | null {
  if (unstored.has(key)) return unstored.get(key) ?? null;
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
    unstored.delete(key);
  } catch {
    unstored.set(key, value);
  }
}

function parsed<M>(text: string | null): M[] {
  try {
    const messages: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(messages) ? (messages as M[]) : [];
  } catch {
    return [];
  }
}
