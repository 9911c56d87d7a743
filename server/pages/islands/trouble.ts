// Whatever is wrong is said in one place: the gravest first, and each gone as soon as it is mended.

const GRAVEST_FIRST = ["connection", "sound", "ears", "voice", "microphone", "notice", "slow", "paused"] as const;

export type Matter = (typeof GRAVEST_FIRST)[number];

export class Trouble {
  readonly #place: HTMLElement;
  readonly #sentences = new Map<Matter, string>();

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** What is wrong with a matter and what is done about it; nothing once it is well. */
  set(matter: Matter, sentence: string): void {
    if (sentence) this.#sentences.set(matter, sentence);
    else this.#sentences.delete(matter);
    this.#show();
  }

  clear(): void {
    this.#sentences.clear();
    this.#show();
  }

  #show(): void {
    const gravest = GRAVEST_FIRST.find((matter) => this.#sentences.has(matter));
    const sentence = gravest ? (this.#sentences.get(gravest) ?? "") : "";
    if (this.#place.textContent !== sentence) this.#place.textContent = sentence;
  }
}
