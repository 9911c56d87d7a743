// The browser's own recogniser, one session after another. Browsers differ in what they hand over; here it becomes
// one kind of news: the words of the session so far, failures by the standard's names, and the end.

import type { Heard } from "./listening";

interface Alternative {
  readonly transcript: string;
}

interface Result extends ArrayLike<Alternative> {
  readonly isFinal: boolean;
}

interface Engine extends EventTarget {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  maxAlternatives: number;
  start(): void;
  stop(): void;
  abort(): void;
}

type EngineClass = new () => Engine;

/** The browser's recogniser; null where it has none. */
export function engineClass(): EngineClass | null {
  const here = window as unknown as { SpeechRecognition?: EngineClass; webkitSpeechRecognition?: EngineClass };
  return here.SpeechRecognition ?? here.webkitSpeechRecognition ?? null;
}

export class Recogniser {
  readonly #Engine: EngineClass;
  readonly #tell: (heard: Heard) => void;
  #session: Engine | null = null;

  constructor(Engine: EngineClass, tell: (heard: Heard) => void) {
    this.#Engine = Engine;
    this.#tell = tell;
  }

  start(language: string): void {
    const session = new this.#Engine();
    this.#session = session;
    session.lang = language;
    session.continuous = true;
    session.interimResults = true;
    session.maxAlternatives = 1;
    const tell = (heard: Heard) => {
      if (session === this.#session) this.#tell(heard);
    };
    session.addEventListener("start", () => tell({ kind: "started" }));
    session.addEventListener("result", (event) => {
      const { results } = event as Event & { results: ArrayLike<Result> };
      tell({ kind: "words", ...wordsOf(Array.from(results)) });
    });
    session.addEventListener("error", (event) => {
      tell({ kind: "failed", error: (event as Event & { error: string }).error });
    });
    session.addEventListener("end", () => tell({ kind: "ended" }));
    try {
      session.start();
    } catch {
      // The browser still winds down the session before: this one has ended as it began.
      window.setTimeout(() => tell({ kind: "ended" }));
    }
  }

  stop(): void {
    this.#session?.stop();
  }

  abort(): void {
    this.#session?.abort();
  }
}

/** The final and the still changing words of a session. */
export function wordsOf(results: readonly Result[]): { finals: string; interim: string } {
  const finals: string[] = [];
  let interim = "";
  for (const result of results) {
    const words = result[0]?.transcript.trim() ?? "";
    if (!words) continue;
    if (!result.isFinal) {
      interim = [interim, words].filter(Boolean).join(" ");
      continue;
    }
    // Chrome on phones gives each longer version of a sentence as one more final result.
    const last = finals.at(-1);
    if (last !== undefined && words.toLowerCase().startsWith(last.toLowerCase())) finals.pop();
    finals.push(words);
  }
  return { finals: finals.join(" "), interim };
}
