// The words of both sides as they come, and the levels between them. Nothing is shown twice: what the log holds
// is known by its `seq`, a reply by its `reply_id`, an own message by its `client_id`.

import { element } from "./element";
import type { Fact, ReplyHeard, ScoreGiven } from "./protocol";
import { levelCard, type Names } from "./level";
import type { Texts } from "./texts";

type Speaker = "interviewer" | "candidate";

export class Transcript {
  readonly #log: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #texts: Texts;
  readonly #names: Names;
  readonly #replies = new Map<string, HTMLElement>();
  readonly #waiting = new Map<string, HTMLElement>();
  readonly #levels = new Map<string, HTMLElement>();

  /** `scroller` scrolls, and `log` in it takes what is said. */
  constructor(scroller: HTMLElement, log: HTMLElement, texts: Texts, names: Names) {
    this.#scroller = scroller;
    this.#log = log;
    this.#texts = texts;
    this.#names = names;
  }

  /** The candidate's own words, before the server has them. */
  waiting(clientId: string, text: string): void {
    if (this.#waiting.has(clientId)) return;
    const entry = this.#entry("candidate", text);
    entry.classList.add("words--waiting");
    entry.append(element("p", "words__state", this.#texts("live.waiting")));
    this.#waiting.set(clientId, entry);
    this.#show(entry);
  }

  acknowledged(clientId: string, seq: number): void {
    const entry = this.#waiting.get(clientId);
    if (!entry) return;
    entry.classList.remove("words--waiting");
    entry.querySelector(".words__state")?.remove();
    entry.dataset["seq"] = String(seq);
  }

  refused(clientId: string): void {
    this.#waiting.get(clientId)?.remove();
    this.#waiting.delete(clientId);
  }

  delta(replyId: string, words: string): void {
    let entry = this.#replies.get(replyId);
    if (!entry) {
      entry = this.#entry("interviewer", "");
      // A live region that changes with every word would be read in pieces.
      entry.setAttribute("aria-busy", "true");
      this.#replies.set(replyId, entry);
      this.#show(entry);
    }
    if (entry.dataset["seq"]) return;
    (aheadIn(entry) ?? textOf(entry)).append(words);
    this.#follow();
  }

  /** How many characters of a reply the voice has spoken: the rest stands there lighter. */
  spoken(replyId: string, characters: number): void {
    const entry = this.#replies.get(replyId);
    if (!entry || entry.dataset["seq"]) return;
    const text = textOf(entry).textContent;
    const letters = [...text];
    textOf(entry).textContent = letters.slice(0, characters).join("");
    if (letters.length > characters) {
      textOf(entry).append(element("span", "words__ahead", letters.slice(characters).join("")));
    }
  }

  ended(replyId: string): void {
    this.#replies.get(replyId)?.removeAttribute("aria-busy");
  }

  heard(fact: Fact, reply: ReplyHeard): void {
    const known = this.#replies.get(reply.reply_id);
    if (!reply.text) {
      known?.remove();
      return;
    }
    const entry = known ?? this.#entry("interviewer", reply.text);
    this.#replies.set(reply.reply_id, entry);
    entry.removeAttribute("aria-busy");
    if (aheadIn(entry) || textOf(entry).textContent !== reply.text) textOf(entry).textContent = reply.text;
    if (reply.interrupted) entry.append(element("p", "words__state", this.#texts("live.interrupted")));
    this.#place(entry, fact.seq);
  }

  said(fact: Fact, text: string): void {
    const id = this.#ownId(fact, text);
    const own = this.#waiting.get(id);
    if (own) {
      this.acknowledged(id, fact.seq);
      this.#waiting.delete(id);
      textOf(own).textContent = text;
      return;
    }
    this.#place(this.#entry("candidate", text), fact.seq);
  }

  level(fact: Fact, score: ScoreGiven): void {
    this.#levels.get(score.question_id)?.remove();
    const card = levelCard(score, this.#texts, this.#names);
    this.#levels.set(score.question_id, card);
    this.#place(card, fact.seq);
  }

  /** Drops replies that broke off with the connection: the log says what was heard of them. */
  forgetUnheard(): void {
    for (const [id, entry] of this.#replies) {
      if (entry.dataset["seq"]) continue;
      entry.remove();
      this.#replies.delete(id);
    }
  }

  /** Which own message a turn is. Words that ask for something carry their id on the request, so the text tells. */
  #ownId(fact: Fact, text: string): string {
    if (fact.client_id) return fact.client_id;
    for (const [id, entry] of this.#waiting) if (textOf(entry).textContent === text) return id;
    return "";
  }

  #entry(speaker: Speaker, text: string): HTMLElement {
    const entry = element("div", `words words--${speaker}`);
    entry.append(element("p", "words__who", this.#texts(`live.${speaker}`)), element("p", "words__text", text));
    return entry;
  }

  #place(entry: HTMLElement, seq: number): void {
    entry.dataset["seq"] = String(seq);
    if (entry.isConnected) return;
    const after = [...this.#log.children].find(
      (other) => other instanceof HTMLElement && Number(other.dataset["seq"] ?? Infinity) > seq,
    );
    // Before what is not in the log yet, unless it is a reply now being said: scores come while it is.
    if (after instanceof HTMLElement && after.classList.contains("words--waiting")) after.before(entry);
    else if (after instanceof HTMLElement && after.dataset["seq"]) after.before(entry);
    else this.#log.append(entry);
    this.#follow();
  }

  #show(entry: HTMLElement): void {
    this.#log.append(entry);
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #follow(): void {
    const below = this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight;
    if (below < 240) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

function textOf(entry: HTMLElement): HTMLElement {
  return entry.querySelector<HTMLElement>(".words__text") ?? entry;
}

function aheadIn(entry: HTMLElement): HTMLElement | null {
  return entry.querySelector<HTMLElement>(".words__ahead");
}
