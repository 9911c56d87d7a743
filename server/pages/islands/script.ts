// What a voice has to say, cut into pieces: it can begin with the first sentence while the rest is still being
// written, and browsers fall silent in pieces that last longer than about fifteen seconds.

const SHORTEST = 16;
const LONGEST = 180;
const SENTENCE_ENDS = /[.!?…:;]["'”’»)\]]*\s+/g;

/** `from` is where the piece begins in the reply, in UTF-16 units. */
export interface Piece {
  readonly text: string;
  readonly from: number;
}

export class Script {
  #text = "";
  #taken = 0;
  #isWhole = false;

  constructor(readonly replyId: string) {}

  get text(): string {
    return this.#text;
  }

  /** Whether all of it is there and has been taken. */
  get isDone(): boolean {
    return this.#isWhole && !this.#text.slice(this.#taken).trim();
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  add(text: string): void {
    this.#text += text;
  }

  end(): void {
    this.#isWhole = true;
  }

  /** The next piece that can be spoken; null while the sentence is not complete. */
  next(): Piece | null {
    const left = this.#text.slice(this.#taken);
    const length = this.#cut(left);
    if (length === 0) return null;
    const from = this.#taken;
    this.#taken += length;
    const text = left.slice(0, length);
    return text.trim() ? { text, from } : null;
  }

  #cut(left: string): number {
    for (const end of left.matchAll(SENTENCE_ENDS)) {
      const length = end.index + end[0].length;
      if (length > LONGEST) break;
      if (length >= SHORTEST) return length;
    }
    if (left.length > LONGEST) {
      const comma = left.lastIndexOf(", ", LONGEST);
      const space = left.lastIndexOf(" ", LONGEST);
      return (comma >= SHORTEST ? comma + 1 : space > 0 ? space : LONGEST - 1) + 1;
    }
    return this.#isWhole ? left.length : 0;
  }
}

/** How many characters, as the protocol counts them (code points), stand before a place in UTF-16 units. */
export function charactersBefore(text: string, place: number): number {
  return [...text.slice(0, place)].length;
}
