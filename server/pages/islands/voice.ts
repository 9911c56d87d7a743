// What the room knows of speaking and listening, whoever does it: the browser by itself, or the server.

import type { Patience } from "./listening";
import type { Language } from "./protocol";

export interface Voice {
  readonly canListen: boolean;
  readonly canSpeak: boolean;
  /** Whether the candidate wants to be heard. */
  readonly isOn: boolean;
  /** Whether words that are said now are heard. */
  readonly isListening: boolean;
  readonly isSpeaking: boolean;
  isAloud: boolean;
  set patience(patience: Patience);
  set language(language: Language);
  /** Whether the interview lets the candidate speak: not while it is paused, lost or over. */
  set free(free: boolean);
  listen(on: boolean): void;
  /** Takes what was heard of the turn away, so that it can be gone on with in writing. */
  handOver(): string;
  add(replyId: string, text: string): void;
  end(replyId: string, interrupted: boolean): void;
  /** The candidate cuts in. */
  cut(): void;
  /** The line broke, or another window has it: what was being said is not said on. */
  drop(): void;
  finish(): void;
}
