// The box for written answers: what stands in it outlives a reload, Enter sends it.

import { one } from "./element";
import { Draft } from "./keeping";

const TYPING_EVERY_MS = 2_000;

export interface Writer {
  say(text: string): void;
  /** The candidate is writing. */
  typing(): void;
}

export class Composer {
  readonly #form: HTMLFormElement;
  readonly #answer: HTMLTextAreaElement;
  readonly #draft: Draft;
  #typedAt = 0;

  constructor(form: HTMLFormElement, interview: string, writer: Writer) {
    this.#form = form;
    this.#answer = one(form, "textarea");
    this.#draft = new Draft(interview);
    this.#answer.addEventListener("input", () => {
      this.#draft.write(this.#answer.value);
      const now = performance.now();
      if (now - this.#typedAt < TYPING_EVERY_MS) return;
      this.#typedAt = now;
      writer.typing();
    });
    this.#answer.addEventListener("keydown", (event) => {
      // While an input method composes, Enter chooses a word.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#answer.value.trim();
      if (text) this.write("");
      writer.say(text);
      this.#answer.focus();
    });
    this.#restore();
    one<HTMLButtonElement>(form, "[data-send]").disabled = false;
  }

  get isHidden(): boolean {
    return Boolean(this.#form.hidden);
  }

  set isHidden(is: boolean) {
    this.#form.hidden = is;
  }

  get isEmpty(): boolean {
    return !this.#answer.value;
  }

  set language(language: string) {
    this.#answer.lang = language;
  }

  write(text: string): void {
    this.#answer.value = text;
    this.#draft.write(text);
    if (text) this.isHidden = false;
  }

  /** Adds words to those that stand in the box. */
  add(words: string): void {
    if (words) this.write([this.#answer.value, words].filter(Boolean).join(" "));
  }

  /** Puts words back that could not be sent, before what was written since. */
  putBack(words: string): void {
    this.write([words, this.#answer.value].filter(Boolean).join("\n"));
  }

  focus(): void {
    this.#answer.focus();
  }

  /** Takes the focus out of the box; `false` where it was not there. */
  leave(): boolean {
    if (document.activeElement !== this.#answer) return false;
    this.#answer.blur();
    return true;
  }

  /** Empty, and gone. */
  close(): void {
    this.#draft.write("");
    this.isHidden = true;
  }

  /** What was half typed before a reload comes back, and what was typed before this script came stays behind it. */
  #restore(): void {
    const kept = this.#draft.read();
    if (!kept || this.#answer.value.startsWith(kept)) this.#draft.write(this.#answer.value);
    else this.write([kept, this.#answer.value].filter(Boolean).join(" "));
  }
}
