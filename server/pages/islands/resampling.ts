// From one sample rate to another, sample by sample: a windowed sinc cut into one filter a phase, so that positions
// are whole numbers and nothing drifts. Pure; the filter is Kaiser's window over the ideal low-pass (A. V. Oppenheim
// and R. W. Schafer, Discrete-Time Signal Processing, 7.5.3).

/** Zero crossings of the sinc on each side. */
const CROSSINGS = 24;
/** Of the narrower band, so much passes; the rest is the filter's slope, and nothing folds back. */
const PASSES = 0.92;
/** Kaiser's beta for about 60 dB. */
const BETA = 5.7;

export class Resampler {
  /** Output samples in the same time as `#stride` input samples; both are small whole numbers. */
  readonly #phases: number;
  readonly #stride: number;
  readonly #taps: number;
  readonly #filters: Float32Array;
  /** The last input samples, written twice so that any stretch of them lies in one piece. */
  readonly #line: Float32Array;
  #place = 0;
  #phase: number;

  /** Rates in Hz. */
  constructor(from: number, to: number) {
    const shared = divisor(from, to);
    this.#phases = to / shared;
    this.#stride = from / shared;
    const band = Math.min(1, to / from);
    const half = Math.ceil(CROSSINGS / band);
    this.#taps = 2 * half;
    this.#filters = filters(this.#phases, half, band * PASSES);
    this.#line = new Float32Array(2 * this.#taps);
    this.#phase = this.#phases;
  }

  /** Whether there is an output sample to take before more is fed. */
  get isDue(): boolean {
    return this.#phase < this.#phases;
  }

  /** How many input samples it takes until one has gone through. */
  get length(): number {
    return this.#taps;
  }

  feed(sample: number): void {
    this.#line[this.#place] = this.#line[this.#place + this.#taps] = sample;
    this.#place = (this.#place + 1) % this.#taps;
    this.#phase -= this.#phases;
  }

  take(): number {
    const first = this.#phase * this.#taps;
    let sum = 0;
    for (let tap = 0; tap < this.#taps; tap += 1) {
      sum += (this.#line[this.#place + tap] as number) * (this.#filters[first + tap] as number);
    }
    this.#phase += this.#stride;
    return sum;
  }

  /** Forgets what went through. */
  clear(): void {
    this.#line.fill(0);
    this.#phase = this.#phases;
  }
}

/** One filter for each phase, each of unit gain. `band` is the cut as a share of the input's own band. */
function filters(phases: number, half: number, band: number): Float32Array {
  const taps = 2 * half;
  const made = new Float32Array(phases * taps);
  const scale = bessel(BETA);
  for (let phase = 0; phase < phases; phase += 1) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const away = tap - (half - 1) - phase / phases;
      const window = bessel(BETA * Math.sqrt(Math.max(0, 1 - (away / half) ** 2))) / scale;
      const value = sinc(away * band) * window;
      made[phase * taps + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < taps; tap += 1) (made[phase * taps + tap] as number) /= sum;
  }
  return made;
}

function sinc(at: number): number {
  return at === 0 ? 1 : Math.sin(Math.PI * at) / (Math.PI * at);
}

/** The modified Bessel function of the first kind, of order zero. */
function bessel(at: number): number {
  let sum = 1;
  let term = 1;
  for (let n = 1; term > sum * 1e-9; n += 1) {
    term *= (at / 2 / n) ** 2;
    sum += term;
  }
  return sum;
}

function divisor(a: number, b: number): number {
  return b ? divisor(b, a % b) : a;
}
