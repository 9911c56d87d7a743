// The browser's own voice: speaks replies piece by piece and knows how far it got.

import { charactersBefore, Script, type Piece } from "./script";

/** Why the voice was not heard. */
export type Muteness = "needs_press" | "no_voice";

export interface Listener {
  /** So many characters of the reply were spoken; `done`, and no more will follow. */
  spoken(replyId: string, characters: number, done: boolean): void;
  /** A word goes by. */
  beat(): void;
  /** It began or stopped speaking. */
  changed(): void;
  failed(why: Muteness): void;
}

const CHARACTERS_A_MS = 0.013;
const STARTS_WITHIN_MS = 4_000;
const SLOWEST_MS_A_CHARACTER = 200;
const REPORT_EVERY_MS = 300;

export class Speaking {
  readonly #listener: Listener;
  readonly #voices: SpeechSynthesis | null;
  language = "en";
  #aloud = false;
  #script: Script | null = null;
  #lastReply = "";
  #piece: Piece | null = null;
  // Chrome forgets an utterance, and its events, that nothing refers to.
  #utterance: SpeechSynthesisUtterance | null = null;
  #pieceBeganAt = 0;
  #bounded = false;
  #reached = 0;
  #reportedAt = 0;
  #watch: number | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#voices = "speechSynthesis" in window ? window.speechSynthesis : null;
    // Voices arrive after the page does; asking for them makes the browser fetch them.
    this.#voices?.getVoices();
    this.#voices?.addEventListener("voiceschanged", () => this.#voices?.getVoices());
    window.addEventListener("pagehide", () => this.#voices?.cancel());
  }

  get isPossible(): boolean {
    return this.#voices !== null;
  }

  get aloud(): boolean {
    return this.#aloud;
  }

  get isSpeaking(): boolean {
    return this.#aloud && this.#script !== null;
  }

  /** Turns the voice on or off; what it is saying is then to be read. */
  set aloud(on: boolean) {
    if (on === this.#aloud) return;
    if (on) this.#aloud = this.#voices !== null;
    else this.#readInstead();
    this.#listener.changed();
  }

  add(replyId: string, text: string): void {
    // What is still on its way of a reply that was cut short.
    if (replyId === this.#lastReply) return;
    if (this.#script?.replyId !== replyId) {
      this.#drop();
      this.#script = new Script(replyId);
      this.#reached = 0;
      if (this.#aloud) this.#begin(this.#script);
    }
    this.#script.add(text);
    this.#go();
  }

  end(replyId: string): void {
    if (this.#script?.replyId !== replyId) return;
    this.#script.end();
    this.#go();
  }

  /** Falls silent. What was spoken is reported, so that the rest counts as unheard. */
  cut(): void {
    const script = this.#script;
    if (!script) return;
    if (this.#aloud) this.#reckon();
    else this.#reached = script.text.length;
    this.#report(script, true);
    this.#drop();
    this.#listener.changed();
  }

  /** Falls silent without a word to anybody: the reply is over for the server already. */
  drop(): void {
    if (!this.#script) return;
    this.#drop();
    this.#listener.changed();
  }

  #begin(script: Script): void {
    this.#reportedAt = performance.now();
    this.#listener.spoken(script.replyId, 0, false);
    this.#listener.changed();
  }

  #go(): void {
    const script = this.#script;
    if (!script || this.#piece) return;
    if (!this.#aloud) {
      if (script.isWhole) this.#finish(script);
      return;
    }
    const piece = script.next();
    if (piece) this.#speak(script, piece);
    else if (script.isDone) this.#finish(script);
  }

  #speak(script: Script, piece: Piece): void {
    const utterance = new SpeechSynthesisUtterance(piece.text);
    const voice = chosen(this.#voices?.getVoices() ?? [], this.language);
    utterance.lang = voice?.lang ?? this.language;
    if (voice) utterance.voice = voice;
    this.#utterance = utterance;
    this.#piece = piece;
    this.#bounded = false;
    this.#pieceBeganAt = 0;
    const current = () => this.#utterance === utterance;
    utterance.addEventListener("start", () => {
      if (!current()) return;
      this.#pieceBeganAt = performance.now();
      this.#listener.beat();
      this.#watchFor(piece.text.length * SLOWEST_MS_A_CHARACTER + STARTS_WITHIN_MS, () => this.#spoke(script, piece));
    });
    utterance.addEventListener("boundary", (event) => {
      if (!current()) return;
      this.#bounded = true;
      this.#reached = Math.max(this.#reached, piece.from + event.charIndex);
      this.#listener.beat();
      this.#report(script, false);
    });
    utterance.addEventListener("end", () => {
      if (current()) this.#spoke(script, piece);
    });
    utterance.addEventListener("error", (event) => {
      if (!current() || event.error === "canceled" || event.error === "interrupted") return;
      this.#fail(event.error === "not-allowed" ? "needs_press" : "no_voice");
    });
    this.#watchFor(STARTS_WITHIN_MS, () => this.#fail("no_voice"));
    this.#voices?.speak(utterance);
  }

  #spoke(script: Script, piece: Piece): void {
    this.#reached = piece.from + piece.text.length;
    this.#rest();
    this.#go();
    // Still the same reply, waiting for its next words.
    if (this.#script === script) this.#report(script, false);
  }

  #finish(script: Script): void {
    this.#reached = script.text.length;
    this.#forget();
    this.#report(script, true);
    this.#listener.changed();
  }

  /** The rest of this reply, and those to come, are read and not heard. */
  #readInstead(): void {
    this.#aloud = false;
    this.#rest();
    this.#voices?.cancel();
    this.#go();
  }

  #fail(why: Muteness): void {
    this.#readInstead();
    this.#listener.failed(why);
    this.#listener.changed();
  }

  /** Not every voice tells its words; then the time tells how far it got. */
  #reckon(): void {
    if (!this.#piece || this.#bounded || this.#pieceBeganAt === 0) return;
    const guess = Math.floor((performance.now() - this.#pieceBeganAt) * CHARACTERS_A_MS);
    this.#reached = Math.max(this.#reached, this.#piece.from + Math.min(guess, this.#piece.text.length));
  }

  #report(script: Script, done: boolean): void {
    const now = performance.now();
    if (!done && now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#listener.spoken(script.replyId, charactersBefore(script.text, this.#reached), done);
  }

  #drop(): void {
    this.#forget();
    this.#voices?.cancel();
  }

  #forget(): void {
    if (this.#script) this.#lastReply = this.#script.replyId;
    this.#script = null;
    this.#rest();
  }

  #rest(): void {
    window.clearTimeout(this.#watch);
    this.#piece = null;
    this.#utterance = null;
  }

  #watchFor(ms: number, late: () => void): void {
    window.clearTimeout(this.#watch);
    this.#watch = window.setTimeout(late, ms);
  }
}

/** A voice of the language: of the person's own region first, then the device's own, then any. */
export function chosen(voices: readonly SpeechSynthesisVoice[], language: string): SpeechSynthesisVoice | null {
  const primary = language.split("-")[0];
  const speak = voices.filter((voice) => voice.lang.split(/[-_]/)[0]?.toLowerCase() === primary);
  const rank = (voice: SpeechSynthesisVoice) =>
    (voice.lang.replace("_", "-").toLowerCase() === language.toLowerCase() ? 4 : 0) +
    (voice.localService ? 2 : 0) +
    (voice.default ? 1 : 0);
  return speak.reduce<SpeechSynthesisVoice | null>(
    (best, voice) => (best && rank(best) >= rank(voice) ? best : voice),
    null,
  );
}
