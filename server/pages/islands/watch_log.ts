// What has happened in an interview that somebody watches, in the order of its log: words, levels, acts and events.

import { element } from "./element";
import { levelCard, type Names } from "./level";
import type { Fact, ReplyHeard } from "./protocol";
import type { Texts } from "./texts";
import { ownLocale } from "./times";
import type { Speaking } from "./watch_scene";
import type { Witnessed } from "./witnessed";

const VENDORS: Readonly<Record<string, string>> = {
  anthropic: "Anthropic",
  deepgram: "Deepgram",
  elevenlabs: "ElevenLabs",
  openai: "OpenAI",
};
/** Requests that are no turn of their own. */
const SILENT: ReadonlySet<string> = new Set(["consent", "decline", "pause", "resume", "language"]);

/** Something that waits for what becomes of it: a note to be asked, words to be said. */
interface Waiting {
  readonly state: HTMLElement;
  readonly words: HTMLElement;
}

export class WatchLog {
  readonly #scroller: HTMLElement;
  readonly #log: HTMLElement;
  readonly #texts: Texts;
  readonly #names: Names;
  readonly #flag: (seq: number, words: string) => void;
  readonly #clock = new Intl.DateTimeFormat(ownLocale(), { hour: "2-digit", minute: "2-digit" });
  readonly #turns = new Map<number, HTMLElement>();
  readonly #notes: Waiting[] = [];
  readonly #unsaid: Waiting[] = [];
  me = "";

  constructor(
    scroller: HTMLElement,
    log: HTMLElement,
    texts: Texts,
    names: Names,
    flag: (seq: number, words: string) => void,
  ) {
    this.#scroller = scroller;
    this.#log = log;
    this.#texts = texts;
    this.#names = names;
    this.#flag = flag;
  }

  /** From here on what comes has just happened, and is told to whoever listens. */
  isLive(is: boolean): void {
    this.#log.setAttribute("aria-live", is ? "polite" : "off");
    if (is) this.end();
  }

  /** To the latest. */
  end(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** The next event; `said` is the reply that it tells of, where it tells of one. */
  add(fact: Fact, said: Speaking | null): void {
    const event = fact.event as Witnessed;
    switch (event.type) {
      case "turn.closed":
        this.#words(fact, "candidate", this.#texts("live.candidate"), event.text);
        break;
      case "reply.heard":
        this.#heard(fact, event, said);
        break;
      case "score.given":
        this.#put(levelCard(event, this.#texts, this.#names), fact.seq);
        break;
      case "interview.flagged":
        this.#flagged(fact, event.reason, event.about);
        break;
      case "note.left":
        this.#notes.push(this.#act(fact, "note", event.text, "watch.note_waits"));
        break;
      case "probe.asked":
        if (event.probe_id.startsWith("note-")) settle(this.#notes.shift(), this.#texts("watch.note_asked"));
        break;
      case "operator.said":
        this.#unsaid.push(this.#act(fact, "said", event.text, "watch.said_waits"));
        break;
      case "interview.ended":
        for (const note of this.#notes.splice(0)) settle(note, this.#texts("watch.note_left_over"));
        for (const words of this.#unsaid.splice(0)) settle(words, this.#texts("watch.said_left_over"));
        this.#happened(fact, this.#texts("watch.ended"));
        break;
      default: {
        const sentence = this.#sentence(fact, event);
        if (sentence) this.#happened(fact, sentence);
      }
    }
  }

  #heard(fact: Fact, event: ReplyHeard, said: Speaking | null): void {
    if (said?.kind === "operator") {
      if (!event.text) return;
      const waiting = this.#unsaid.shift();
      const how = this.#texts(event.interrupted ? "watch.said_in_part" : "watch.said_heard");
      if (!waiting) return;
      waiting.words.textContent = event.text;
      settle(waiting, how);
      return;
    }
    if (!event.text) return;
    const entry = this.#words(fact, "interviewer", this.#interviewer(said), event.text);
    if (event.interrupted) entry.append(element("p", "words__state", this.#texts("live.interrupted")));
    this.#follow();
  }

  /** The interviewer, and what these words were for. */
  #interviewer(said: Speaking | null): string {
    const who = this.#texts("live.interviewer");
    const number = this.#names.questions[said?.questionId ?? ""];
    if (!said || number === undefined) return who;
    switch (said.kind) {
      case "next":
        return `${who} · ${this.#texts("watch.for_question", { number })}`;
      case "probe":
        return `${who} · ${this.#texts("watch.for_probe", { number })}`;
      case "hint":
        return `${who} · ${this.#texts("watch.for_hint", { number })}`;
      case "repeat":
        return `${who} · ${this.#texts("watch.for_repeat", { number })}`;
      default:
        return who;
    }
  }

  #sentence(fact: Fact, event: Witnessed): string {
    const texts = this.#texts;
    switch (event.type) {
      case "candidate.joined":
        return texts(event.first ? "watch.came" : "watch.came_back");
      case "candidate.left":
        return texts("watch.left");
      case "consent.given":
        return texts("watch.consented");
      case "request.made":
        return SILENT.has(event.request) ? "" : texts(`watch.asked_${event.request}`);
      case "language.changed":
        return texts(`watch.language_${event.language}`);
      case "interview.paused":
        return texts(event.by === "silence" ? "watch.paused_by_silence" : "watch.paused");
      case "interview.resumed":
        return texts("watch.resumed");
      case "question.skipped": {
        const number = this.#names.questions[event.question_id] ?? "";
        return event.by === "silence" ? texts("watch.skipped_by_silence", { number }) : "";
      }
      case "provider.changed":
        return this.#served(event.service, event.provider, event.reason);
      case "interview.held":
        return texts("watch.held", { seconds: Math.max(1, Math.round(event.for_ms / 1_000)) });
      case "control.taken":
        return texts(this.#isMine(fact) ? "watch.you_took" : "watch.another_took");
      case "control.returned":
        if (fact.actor === "director") return texts("watch.returned_by_silence");
        return texts(this.#isMine(fact) ? "watch.you_returned" : "watch.another_returned");
      case "end.ordered":
        return texts(this.#isMine(fact) ? "watch.you_end" : "watch.another_ends");
      case "report.ready":
        return texts("watch.report_ready");
      default:
        return "";
    }
  }

  #served(service: "llm" | "stt" | "tts", provider: string, reason: string): string {
    if (!provider) return this.#texts(`watch.lost_${service}`);
    if (provider === "rehearsal") return this.#texts(reason === "budget" ? "watch.rehearsal_budget" : "watch.rehearsal");
    const sentence = this.#texts(`watch.serves_${service}`, { provider: VENDORS[provider] ?? provider });
    return reason === "fallback" ? `${sentence} ${this.#texts("watch.instead")}` : sentence;
  }

  #isMine(fact: Fact): boolean {
    return fact.actor === this.me;
  }

  #words(fact: Fact, speaker: "candidate" | "interviewer" | "person", who: string, text: string): HTMLElement {
    const entry = element("div", `words words--${speaker}`);
    const head = element("p", "words__who", who);
    const words = element("p", "words__text", text);
    const flag = element("button", "words__flag", this.#texts("watch.flag_this"));
    flag.setAttribute("type", "button");
    flag.append(element("span", "unseen", `: ${text.slice(0, 60)}`));
    flag.addEventListener("click", () => this.#flag(fact.seq, words.textContent ?? ""));
    head.append(" ", this.#time(fact), " ", flag);
    entry.append(head, words);
    this.#turns.set(fact.seq, entry);
    this.#put(entry, fact.seq);
    return entry;
  }

  /** A person's own words, to the interviewer or to the candidate, with what has become of them. */
  #act(fact: Fact, what: "note" | "said", text: string, state: string): Waiting {
    const who = this.#texts(`watch.${what}_by_${this.#isMine(fact) ? "you" : "another"}`);
    const entry = this.#words(fact, "person", who, text);
    if (what === "note") entry.classList.add("words--note");
    const standing = element("p", "words__state", this.#texts(state));
    entry.append(standing);
    this.#follow();
    return { state: standing, words: entry.querySelector<HTMLElement>(".words__text") ?? entry };
  }

  #flagged(fact: Fact, reason: string, about: number | null): void {
    const entry = about === null ? undefined : this.#turns.get(about);
    if (entry) entry.append(element("p", "words__state words__flagged", this.#texts("watch.is_flagged", { reason })));
    const by = this.#isMine(fact) ? "you" : "another";
    this.#happened(fact, this.#texts(`watch.flagged_by_${by}${entry ? "_this" : ""}`, { reason }));
  }

  #happened(fact: Fact, sentence: string): void {
    const line = element("p", "happened", `${sentence} `);
    line.append(this.#time(fact));
    this.#put(line, fact.seq);
  }

  #time(fact: Fact): HTMLElement {
    const time = element("time", "quiet", this.#clock.format(new Date(fact.at)));
    time.setAttribute("datetime", fact.at);
    return time;
  }

  #put(entry: HTMLElement, seq: number): void {
    entry.dataset["seq"] = String(seq);
    const isAtEnd = this.#isAtEnd();
    this.#log.append(entry);
    if (isAtEnd) this.end();
  }

  #follow(): void {
    if (this.#isAtEnd()) this.end();
  }

  #isAtEnd(): boolean {
    return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight < 240;
  }
}

function settle(waiting: Waiting | undefined, how: string): void {
  if (waiting) waiting.state.textContent = how;
}
