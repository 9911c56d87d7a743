// What has arrived and is not played yet, segment by segment. It begins late enough that frames which come late are
// still in time, later after it ran dry, and throws nothing away that was not told to go. Pure; time is told in ms.

export const RATE = 16_000;
const SAMPLES_A_MS = RATE / 1_000;

const FIRST_START_MS = 70;
/** After running dry: frames that are 200 ms late are in time then. */
const SAFER_START_MS = 260;
const STEP_MS = 100;
const LATEST_START_MS = 600;
const REPORT_EVERY = 200 * SAMPLES_A_MS;
/** After so much without running dry, half of what was never needed is given back. */
const LOOK_BACK = 30_000 * SAMPLES_A_MS;

export interface Position {
  segment: number;
  ms: number;
  done: boolean;
}

interface Segment {
  readonly number: number;
  readonly frames: Int16Array[];
  /** Samples of the first frame that are played. */
  place: number;
  waiting: number;
  played: number;
  reported: number;
  isEnded: boolean;
  isPaused: boolean;
}

export class Jitter {
  readonly #report: (position: Position) => void;
  #segments: Segment[] = [];
  #isPlaying = false;
  #waitedMs = 0;
  #startMs = FIRST_START_MS;
  #underruns = 0;
  #lowest = Infinity;
  #playedWell = 0;

  constructor(report: (position: Position) => void) {
    this.#report = report;
  }

  /** How often it ran dry. */
  get underruns(): number {
    return this.#underruns;
  }

  /** How much it lets come before it begins. */
  get startMs(): number {
    return this.#startMs;
  }

  get waitingMs(): number {
    return this.#segments.reduce((sum, each) => sum + each.waiting, 0) / SAMPLES_A_MS;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  begin(number: number): void {
    this.#segments.push({
      number,
      frames: [],
      place: 0,
      waiting: 0,
      played: 0,
      reported: 0,
      isEnded: false,
      isPaused: false,
    });
  }

  /** Takes the next samples of the segment that began last. */
  push(samples: Int16Array): void {
    const last = this.#segments.at(-1);
    if (!last || last.isEnded || samples.length === 0) return;
    last.frames.push(samples);
    last.waiting += samples.length;
  }

  end(number: number): void {
    const segment = this.#find(number);
    if (segment) segment.isEnded = true;
  }

  pause(number: number): void {
    const segment = this.#find(number);
    if (segment) segment.isPaused = true;
  }

  resume(number: number): void {
    const segment = this.#find(number);
    if (segment) segment.isPaused = false;
  }

  /** Throws a segment away and says how far it got; `true` where it was the one being played. */
  clear(number: number): boolean {
    const segment = this.#find(number);
    if (!segment) return false;
    const wasFirst = segment === this.#segments[0];
    this.#segments = this.#segments.filter((each) => each !== segment);
    if (wasFirst) this.#rest();
    this.#tell(segment, true);
    return wasFirst;
  }

  /** Throws everything away and says how far it got. */
  cut(): void {
    for (const { number } of [...this.#segments]) this.clear(number);
  }

  /** Throws everything away without a word. */
  drop(): void {
    this.#segments = [];
    this.#rest();
  }

  /** Time goes by. */
  pass(ms: number): void {
    const first = this.#segments[0];
    if (!first || this.#isPlaying || first.isPaused) return;
    if (first.waiting > 0) this.#waitedMs += ms;
    const isEnough = first.waiting >= this.#startMs * SAMPLES_A_MS || this.#waitedMs >= this.#startMs;
    if (!first.isEnded && !isEnough) return;
    this.#isPlaying = true;
    this.#waitedMs = 0;
  }

  /** The next sample; null while there is none to be played. */
  next(): number | null {
    while (this.#isPlaying) {
      const first = this.#segments[0];
      if (!first || first.isPaused) return null;
      if (first.waiting > 0) return this.#play(first);
      if (!first.isEnded) {
        this.#ranDry();
        return null;
      }
      this.#segments.shift();
      this.#tell(first, true);
      // What follows goes on without a gap, if it is there.
      if (!this.#segments[0]?.waiting) this.#rest();
    }
    return null;
  }

  #play(segment: Segment): number {
    const frame = segment.frames[0] as Int16Array;
    const sample = frame[segment.place] as number;
    segment.place += 1;
    if (segment.place === frame.length) {
      segment.frames.shift();
      segment.place = 0;
    }
    segment.waiting -= 1;
    segment.played += 1;
    if (segment.played - segment.reported >= REPORT_EVERY) this.#tell(segment, false);
    this.#learn(segment);
    return sample;
  }

  #learn(segment: Segment): void {
    // At its end a segment runs low by itself.
    if (!segment.isEnded) this.#lowest = Math.min(this.#lowest, segment.waiting);
    this.#playedWell += 1;
    if (this.#playedWell < LOOK_BACK) return;
    const spareMs = Number.isFinite(this.#lowest) ? this.#lowest / SAMPLES_A_MS : 0;
    this.#startMs = Math.max(FIRST_START_MS, this.#startMs - spareMs / 2);
    this.#forgive();
  }

  #ranDry(): void {
    this.#underruns += 1;
    const isFirst = this.#startMs < SAFER_START_MS;
    this.#startMs = isFirst ? SAFER_START_MS : Math.min(LATEST_START_MS, this.#startMs + STEP_MS);
    this.#rest();
    this.#forgive();
  }

  #rest(): void {
    this.#isPlaying = false;
    this.#waitedMs = 0;
  }

  #forgive(): void {
    this.#lowest = Infinity;
    this.#playedWell = 0;
  }

  #tell(segment: Segment, done: boolean): void {
    segment.reported = segment.played;
    this.#report({ segment: segment.number, ms: Math.floor(segment.played / SAMPLES_A_MS), done });
  }

  #find(number: number): Segment | undefined {
    return this.#segments.find((each) => each.number === number);
  }
}
