// One live connection that comes back by itself: a new ticket each time, and the last event it has.

import { CLOSE, SUBPROTOCOL, type ClientMessage, type Hello, type ServerMessage } from "./protocol";

export type Status =
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "lost"; offline: boolean }
  | { kind: "taken_over" }
  | { kind: "ended" }
  | { kind: "stopped" }
  | { kind: "over" };

export interface Owner {
  lastSeq(): number;
  capabilities(): Hello["capabilities"];
  received(message: ServerMessage): void;
  /** A frame of the interviewer's voice. */
  sounded(pcm: ArrayBuffer): void;
  became(status: Status): void;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
/** How long a ticket, or the welcome, may take. */
const ANSWER_WITHIN_MS = 5_000;
/** After so long without a word from the server it is asked for one; so long after that the line is dead. */
const QUIET_MS = 1_000;
const DEAD_MS = 2_500;
/** A timer this late ran in a page that stood still: what came meanwhile may not have been read. */
const LATE_MS = 1_500;
/** Ten seconds of speech: a line this far behind will not catch up. */
const MOST_WAITING_BYTES = 320_000;

const FINAL: ReadonlySet<number> = new Set([
  CLOSE.malformed,
  CLOSE.not_found,
  CLOSE.too_large,
  CLOSE.wrong_frame,
]);

/** The server will not let us in, however often we ask. */
class Refused extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

export class Connection {
  readonly #ticketPath: string;
  readonly #livePath: string;
  readonly #owner: Owner;
  #socket: WebSocket | null = null;
  #welcomed = false;
  #attempts = 0;
  #start = 0;
  #retry: number | undefined;
  /** From the beginning of an attempt until the welcome, or its failure. */
  #isTrying = false;
  #heardAt = 0;
  #isAsked = false;
  #watch: number | undefined;
  #over = false;

  constructor(ticketPath: string, livePath: string, owner: Owner) {
    this.#ticketPath = ticketPath;
    this.#livePath = livePath;
    this.#owner = owner;
    window.addEventListener("online", () => {
      // An attempt that began without a network may hang for long after there is one.
      if (this.#isTrying) this.renew();
      else this.#stir();
    });
    // Not lost yet: a server on this very device needs no network.
    window.addEventListener("offline", () => this.#stir());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#stir();
    });
  }

  get open(): boolean {
    return this.#welcomed;
  }

  /** Connects, or takes the interview back from another window. */
  start(): void {
    window.clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#over = false;
    this.#isTrying = true;
    this.#start += 1;
    if (this.#attempts === 0) this.#owner.became({ kind: "connecting" });
    void this.#connect();
  }

  /** Connects anew, with what the owner can do now. */
  renew(): void {
    const before = this.#socket;
    this.#socket = null;
    this.#welcomed = false;
    before?.close();
    this.start();
  }

  /** The interview is over: when the socket closes, it stays closed. */
  finish(): void {
    this.#over = true;
  }

  /** Sends if welcomed; the caller keeps what must not be lost. */
  send(message: ClientMessage): void {
    if (this.#welcomed) this.#socket?.send(JSON.stringify(message));
  }

  /** Sends sound; where nobody is there to hear it, it is gone. */
  sendFrame(pcm: ArrayBuffer): void {
    const socket = this.#socket;
    if (this.#welcomed && socket && socket.bufferedAmount < MOST_WAITING_BYTES) socket.send(pcm);
  }

  async #connect(): Promise<void> {
    const start = this.#start;
    let ticket: string;
    try {
      ticket = await this.#ticket();
    } catch (problem) {
      if (start !== this.#start) return;
      this.#isTrying = false;
      if (!(problem instanceof Refused)) this.#again();
      else this.#owner.became({ kind: problem.status === 409 ? "over" : "stopped" });
      return;
    }
    // Begun anew meanwhile: two connections would take the interview from each other.
    if (start !== this.#start) return;
    const url = new URL(this.#livePath, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#isAsked = true;
    this.#lookIn(ANSWER_WITHIN_MS);
    socket.addEventListener("open", () =>
      socket.send(
        JSON.stringify({
          type: "hello",
          ticket,
          last_seq: this.#owner.lastSeq(),
          capabilities: this.#owner.capabilities(),
          client: "browser",
        } satisfies ClientMessage),
      ),
    );
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (socket !== this.#socket) return;
      this.#heard();
      if (event.data instanceof ArrayBuffer) this.#owner.sounded(event.data);
      else this.#read(JSON.parse(String(event.data)) as ServerMessage);
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    });
  }

  async #ticket(): Promise<string> {
    const answer = await fetch(this.#ticketPath, {
      method: "POST",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.ok) return ((await answer.json()) as { ticket: string }).ticket;
    const passing = answer.status >= 500 || answer.status === 429;
    throw passing ? new Error(`status ${answer.status}`) : new Refused(answer.status);
  }

  #read(message: ServerMessage): void {
    const isWelcome = message.type === "welcome" || message.type === "watching";
    if (isWelcome) {
      this.#welcomed = true;
      this.#isTrying = false;
      this.#attempts = 0;
    }
    this.#owner.received(message);
    if (isWelcome && !this.#over) this.#owner.became({ kind: "open" });
  }

  #closed(code: number): void {
    this.#socket = null;
    this.#welcomed = this.#isTrying = false;
    if (this.#over || code === CLOSE.ended) this.#owner.became({ kind: "ended" });
    else if (code === CLOSE.taken_over) this.#owner.became({ kind: "taken_over" });
    else if (FINAL.has(code)) this.#owner.became({ kind: "stopped" });
    else this.#again();
  }

  #again(): void {
    this.#owner.became({ kind: "lost", offline: !navigator.onLine });
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    // Half of it by chance, so that the rooms of a restarted server do not all come back at once.
    this.#retry = window.setTimeout(() => this.start(), longest * (0.5 + Math.random() / 2));
  }

  /** Something changed: what waits is tried now, and what seems well has to answer. */
  #stir(): void {
    if (this.#retry !== undefined) this.start();
    else if (this.#welcomed) this.#ask();
  }

  #heard(): void {
    this.#heardAt = performance.now();
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.#lookIn(QUIET_MS);
  }

  #lookIn(ms: number): void {
    window.clearTimeout(this.#watch);
    const due = performance.now() + ms;
    this.#watch = window.setTimeout(() => this.#look(performance.now() - due > LATE_MS), ms);
  }

  /** A socket whose far end vanished can stay "open" for minutes; a question without an answer tells. */
  #look(isLate: boolean): void {
    const socket = this.#socket;
    if (!socket) return;
    const quiet = performance.now() - this.#heardAt;
    if (this.#isAsked && !isLate) {
      this.#closed(1006);
      socket.close();
    } else if (this.#isAsked || quiet >= QUIET_MS) this.#ask();
    else this.#lookIn(QUIET_MS - quiet);
  }

  #ask(): void {
    this.#isAsked = true;
    this.send({ type: "ping" });
    this.#lookIn(DEAD_MS);
  }
}
