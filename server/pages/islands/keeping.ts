// What must outlive a reload: the half-typed answer, and messages that the server has not yet acknowledged.

import type { Press, Say } from "./protocol";

export type Kept = Say | Press;

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

export class Outbox {
  readonly #key: string;
  #messages: Kept[];

  constructor(interview: string) {
    this.#key = `viva.outbox.${interview}`;
    this.#messages = parsed(stored(this.#key));
  }

  get messages(): readonly Kept[] {
    return this.#messages;
  }

  add(message: Kept): void {
    this.#keep([...this.#messages, message]);
  }

  take(clientId: string): Kept | undefined {
    const found = this.#messages.find((message) => message.client_id === clientId);
    if (found) this.#keep(this.#messages.filter((message) => message !== found));
    return found;
  }

  clear(): void {
    this.#keep([]);
  }

  #keep(messages: Kept[]): void {
    this.#messages = messages;
    store(this.#key, messages.length ? JSON.stringify(messages) : null);
  }
}

export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Storage can be full, or forbidden by the browser's settings: then the room works, and a reload forgets.
function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    return;
  }
}

function parsed(text: string | null): Kept[] {
  try {
    const messages: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(messages) ? (messages as Kept[]) : [];
  } catch {
    return [];
  }
}
