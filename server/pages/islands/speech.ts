// Speaking and listening with what the browser brings, one at a time: while the interviewer's voice speaks nothing is
// heard, or it would hear itself.

import { Listening, type Deafness, type Heard, type Order, type Patience } from "./listening";
import { Microphone } from "./microphone";
import type { Language } from "./protocol";
import { engineClass, Recogniser } from "./recogniser";
import { Speaking, type Muteness } from "./speaking";
import { sharesMicrophone } from "./vendor";
import type { Voice } from "./voice";

export interface Owner {
  /** The candidate has finished a turn. */
  say(text: string): void;
  typing(): void;
  played(replyId: string, characters: number, done: boolean): void;
  /** The words of the turn that is being heard. */
  hearing(finals: string, interim: string): void;
  beat(): void;
  /** The candidate's microphone: root mean square, 0–1. */
  level(rms: number): void;
  silent(is: boolean): void;
  deaf(why: Deafness | null): void;
  mute(why: Muteness | null): void;
  /** It cannot be listened to any more: typing takes over, with what was heard of the turn. */
  fell(why: Deafness, words: string): void;
  /** Who speaks, or whether it listens, is different now. */
  changed(): void;
}

export class Speech implements Voice {
  readonly #owner: Owner;
  readonly #listening = new Listening();
  readonly #recogniser: Recogniser | null;
  readonly #speaking: Speaking;
  readonly #microphone: Microphone;
  readonly #hasLevel = sharesMicrophone(navigator);
  #language: Language = "en";
  #free = false;
  #timer: number | undefined;

  constructor(owner: Owner) {
    this.#owner = owner;
    const Engine = engineClass();
    this.#recogniser = Engine && new Recogniser(Engine, (heard) => this.#take(heard));
    this.#speaking = new Speaking({
      spoken: (replyId, characters, done) => owner.played(replyId, characters, done),
      beat: () => owner.beat(),
      changed: () => this.#changed(),
      failed: (why) => owner.mute(why),
    });
    this.#microphone = new Microphone({
      level: (rms) => owner.level(rms),
      silent: (is) => owner.silent(is && this.#listening.hears),
    });
  }

  get canListen(): boolean {
    return this.#recogniser !== null;
  }

  get canSpeak(): boolean {
    return this.#speaking.isPossible;
  }

  /** Whether the candidate wants to be heard. */
  get isOn(): boolean {
    return this.#listening.wanted;
  }

  get isListening(): boolean {
    return this.#listening.hears;
  }

  get isSpeaking(): boolean {
    return this.#speaking.isSpeaking;
  }

  get isAloud(): boolean {
    return this.#speaking.aloud;
  }

  set isAloud(on: boolean) {
    this.#owner.mute(null);
    this.#speaking.aloud = on;
  }

  set patience(patience: Patience) {
    this.#listening.patience = patience;
  }

  set language(language: Language) {
    if (language === this.#language && this.#speaking.language.startsWith(language)) return;
    this.#language = language;
    this.#speaking.language = regional(language);
    // A session hears one language: the next one hears the new.
    if (this.#listening.hears) {
      this.#take({ kind: "floor", free: false });
      this.#changed();
    }
  }

  /** Whether the interview lets the candidate speak: not while it is paused, lost or over. */
  set free(free: boolean) {
    if (free === this.#free) return;
    this.#free = free;
    this.#changed();
  }

  listen(on: boolean): void {
    if (!this.#recogniser) return;
    if (on && this.#hasLevel) void this.#microphone.open();
    if (!on) this.#microphone.close();
    this.#take({ kind: "wanted", on });
    this.#owner.changed();
  }

  /** Takes what was heard of the turn away, so that it can be gone on with in writing. */
  handOver(): string {
    return this.#listening.handOver();
  }

  add(replyId: string, text: string): void {
    this.#speaking.add(replyId, text);
  }

  end(replyId: string, interrupted: boolean): void {
    if (interrupted) this.#speaking.drop();
    else this.#speaking.end(replyId);
  }

  /** The candidate cuts in. */
  cut(): void {
    this.#speaking.cut();
  }

  /** The line broke, or another window has it: what was being said is not said on. */
  drop(): void {
    this.#speaking.drop();
  }

  finish(): void {
    this.#speaking.drop();
    this.#listening.handOver();
    this.listen(false);
  }

  #changed(): void {
    this.#take({ kind: "floor", free: this.#free && !this.#speaking.isSpeaking });
    this.#microphone.expect();
    this.#owner.changed();
  }

  #take(heard: Heard): void {
    for (const order of this.#listening.take(heard, performance.now())) this.#obey(order);
    window.clearTimeout(this.#timer);
    const { dueAt } = this.#listening;
    if (dueAt === null) return;
    this.#timer = window.setTimeout(() => this.#take({ kind: "tick" }), Math.max(0, dueAt - performance.now()));
  }

  #obey(order: Order): void {
    switch (order.order) {
      case "start":
        this.#recogniser?.start(regional(this.#language));
        break;
      case "stop":
        this.#recogniser?.stop();
        break;
      case "abort":
        this.#recogniser?.abort();
        break;
      case "show":
        this.#owner.hearing(order.finals, order.interim);
        break;
      case "typing":
        this.#owner.typing();
        break;
      case "say":
        this.#owner.say(order.text);
        break;
      case "trouble":
        this.#owner.deaf(order.why);
        break;
      case "give_up":
        this.#microphone.close();
        this.#owner.fell(order.why, this.#listening.handOver());
        this.#owner.changed();
        break;
    }
  }
}

/** The person's own way of speaking a language, where their browser names one. */
export function regional(language: Language, wishes: readonly string[] = navigator.languages): string {
  const own = wishes.find((wish) => wish.toLowerCase().startsWith(`${language}-`));
  return own ?? { en: "en-US", es: "es-ES" }[language];
}
