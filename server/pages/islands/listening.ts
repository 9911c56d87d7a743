// When to listen, and when the candidate has finished: a state machine without I/O. It is told what happened and at
// what time (ms), and answers with what is to be done.

import type { Welcome } from "./protocol";

export type Patience = Welcome["patience"];

/** Why the browser hears nothing. After all but `no_words` and `network` it is not asked again. */
export type Deafness = "not_allowed" | "no_microphone" | "no_language" | "no_service" | "network" | "no_words";

export type Heard =
  /** The candidate turned the microphone on or off. */
  | { kind: "wanted"; on: boolean }
  /** Whether the candidate may be heard now: not while we speak, pause or are away. */
  | { kind: "floor"; free: boolean }
  | { kind: "started" }
  /** Everything of the running session, anew: its final words and those still changing. */
  | { kind: "words"; finals: string; interim: string }
  | { kind: "failed"; error: string }
  | { kind: "ended" }
  | { kind: "tick" };

export type Order =
  | { order: "start" }
  /** End the session and give what it still has. */
  | { order: "stop" }
  /** End the session and drop what it still has. */
  | { order: "abort" }
  | { order: "show"; finals: string; interim: string }
  | { order: "typing" }
  | { order: "say"; text: string }
  | { order: "trouble"; why: Deafness | null }
  | { order: "give_up"; why: Deafness };

const TURN_ENDS_AFTER_MS = 1_200;
const PATIENCE: Record<Patience, number> = { short: 0.7, normal: 1, long: 2 };
const TYPING_EVERY_MS = 2_000;
/** How long a recogniser that was told to stop may take to give its last words. */
const LAST_WORDS_WITHIN_MS = 1_000;
/** Some recognisers never say that they have ended. */
const ENDS_WITHIN_MS = 2_000;
/** The floor must have been free for so long: phones chime with every start. */
const SETTLES_IN_MS = 250;
/** After a turn the reply is expected first; who goes on speaking while it is awaited is heard all the same. */
const REPLY_EXPECTED_WITHIN_MS = 700;
const SHORT_SESSION_MS = 500;
const FIRST_RESTART_MS = 250;
const LONGEST_RESTART_MS = 4_000;
const MOST_SHORT_SESSIONS = 6;
const MOST_NETWORK_FAILURES = 3;
const SILENT_SESSIONS = 2;

const FINAL: Record<string, Deafness> = {
  "not-allowed": "not_allowed",
  "service-not-allowed": "no_service",
  "audio-capture": "no_microphone",
  "language-not-supported": "no_language",
};

export class Listening {
  patience: Patience = "normal";
  #wanted = false;
  #free = false;
  #session: "none" | "starting" | "running" | "stopping" = "none";
  #lastWordsBy: number | null = null;
  #stoppedBy = 0;
  #kept = "";
  #finals = "";
  #interim = "";
  #changedAt = 0;
  #typedAt = -Infinity;
  #startedAt = 0;
  #restartAt = 0;
  #shortSessions = 0;
  #networkFailures = 0;
  #silentSessions = 0;
  #why: Deafness | null = null;

  get wanted(): boolean {
    return this.#wanted;
  }

  /** Whether words that are said now are heard. */
  get hears(): boolean {
    return this.#wanted && this.#free;
  }

  /** When it wants a `tick`; null while there is nothing to wait for. */
  get dueAt(): number | null {
    const times: number[] = [];
    if (this.#lastWordsBy !== null) times.push(this.#lastWordsBy);
    else if (this.hears && this.#words()) times.push(this.#turnEndsAt());
    if (this.hears && this.#session === "none") times.push(this.#restartAt);
    if (this.#session === "stopping") times.push(this.#stoppedBy);
    return times.length ? Math.min(...times) : null;
  }

  take(heard: Heard, now: number): Order[] {
    switch (heard.kind) {
      case "wanted":
        return this.#want(heard.on, now);
      case "floor":
        if (heard.free === this.#free) return [];
        this.#free = heard.free;
        this.#changedAt = now;
        if (heard.free) this.#restartAt = now + SETTLES_IN_MS;
        return this.#drive(now);
      case "started":
        if (this.#session === "starting") this.#session = "running";
        return [];
      case "words":
        return this.#hear(heard.finals, heard.interim, now);
      case "failed":
        return this.#fail(heard.error, now);
      case "ended":
        return this.#end(now);
      case "tick":
        if (this.#session === "stopping" && now >= this.#stoppedBy) return this.#end(now);
        return [...this.#finish(now), ...this.#drive(now)];
    }
  }

  /** Takes the words of the turn away, for the candidate to go on with in writing. */
  handOver(): string {
    const words = this.#words();
    this.#forget();
    return words;
  }

  #want(on: boolean, now: number): Order[] {
    if (on === this.#wanted) return [];
    this.#wanted = on;
    this.#shortSessions = this.#networkFailures = this.#silentSessions = 0;
    this.#restartAt = now;
    // Who turns the microphone off in mid-answer has finished it.
    const said = on ? [] : this.#say(now);
    return [...this.#trouble(null), ...said, ...this.#drive(now)];
  }

  #hear(finals: string, interim: string, now: number): Order[] {
    const isDropped = this.#session === "stopping" && this.#lastWordsBy === null;
    if (this.#session === "none" || isDropped) return [];
    if (finals === this.#finals && interim === this.#interim) return [];
    this.#finals = finals;
    this.#interim = interim;
    this.#changedAt = now;
    this.#networkFailures = this.#silentSessions = this.#shortSessions = 0;
    const orders: Order[] = [...this.#trouble(null), this.#show()];
    if (now - this.#typedAt >= TYPING_EVERY_MS) {
      this.#typedAt = now;
      orders.push({ order: "typing" });
    }
    return orders;
  }

  #fail(error: string, now: number): Order[] {
    const final = FINAL[error];
    if (final) return this.#giveUp(final, now);
    if (error === "network") {
      this.#networkFailures += 1;
      return this.#networkFailures >= MOST_NETWORK_FAILURES ? this.#giveUp("no_service", now) : this.#trouble("network");
    }
    if (error === "no-speech") {
      this.#silentSessions += 1;
      if (this.#silentSessions >= SILENT_SESSIONS) return this.#trouble("no_words");
    }
    return [];
  }

  #giveUp(why: Deafness, now: number): Order[] {
    if (!this.#wanted) return [];
    this.#wanted = false;
    this.#why = null;
    return [{ order: "give_up", why }, ...this.#drive(now)];
  }

  #end(now: number): Order[] {
    if (this.#session === "none") return [];
    const wasCutShort = this.#session === "stopping";
    const wasShort = !wasCutShort && now - this.#startedAt < SHORT_SESSION_MS && !this.#finals && !this.#interim;
    this.#session = "none";
    this.#kept = this.#words();
    this.#finals = this.#interim = "";
    this.#shortSessions = wasShort ? this.#shortSessions + 1 : 0;
    const delay = wasShort ? Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** (this.#shortSessions - 1)) : 0;
    this.#restartAt = Math.max(this.#restartAt, now + delay);
    if (this.#shortSessions >= MOST_SHORT_SESSIONS) return this.#giveUp("no_service", now);
    const said = this.#lastWordsBy === null ? [] : this.#say(now);
    return [...said, ...this.#drive(now)];
  }

  /** Ends the turn when its time has come: first the recogniser is asked for its last words. */
  #finish(now: number): Order[] {
    if (this.#lastWordsBy !== null) return now >= this.#lastWordsBy ? this.#say(now) : [];
    if (!this.hears || !this.#words() || now < this.#turnEndsAt()) return [];
    if (this.#session !== "running" || !this.#interim) return this.#say(now);
    this.#session = "stopping";
    this.#stoppedBy = now + ENDS_WITHIN_MS;
    this.#lastWordsBy = now + LAST_WORDS_WITHIN_MS;
    return [{ order: "stop" }];
  }

  #say(now: number): Order[] {
    const text = this.#words();
    this.#forget();
    const orders: Order[] = [{ order: "show", finals: "", interim: "" }];
    if (text) {
      orders.unshift({ order: "say", text });
      this.#restartAt = now + REPLY_EXPECTED_WITHIN_MS;
    }
    // A session repeats all its words with every result, so the next turn gets a new one.
    if (this.#session === "starting" || this.#session === "running") orders.push(...this.#abort(now));
    return orders;
  }

  #drive(now: number): Order[] {
    if (this.hears && this.#session === "none" && now >= this.#restartAt) {
      this.#session = "starting";
      this.#startedAt = now;
      return [{ order: "start" }];
    }
    const runs = this.#session === "starting" || this.#session === "running";
    return runs && !this.hears ? this.#abort(now) : [];
  }

  #abort(now: number): Order[] {
    this.#kept = this.#words();
    this.#finals = this.#interim = "";
    this.#session = "stopping";
    this.#stoppedBy = now + ENDS_WITHIN_MS;
    return [{ order: "abort" }];
  }

  #trouble(why: Deafness | null): Order[] {
    if (why === this.#why) return [];
    this.#why = why;
    return [{ order: "trouble", why }];
  }

  #show(): Order {
    return { order: "show", finals: joined(this.#kept, this.#finals), interim: this.#interim };
  }

  #words(): string {
    return joined(this.#kept, this.#finals, this.#interim);
  }

  #forget(): void {
    this.#kept = this.#finals = this.#interim = "";
    this.#lastWordsBy = null;
  }

  #turnEndsAt(): number {
    return this.#changedAt + TURN_ENDS_AFTER_MS * PATIENCE[this.patience];
  }
}

function joined(...parts: string[]): string {
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .join(" ");
}
