// How loud the candidate's microphone is, for the eye alone: the recogniser listens by itself.

const EVERY_MS = 60;
const SILENT = 0.0015;
const SILENT_FOR_MS = 8_000;

export interface Meter {
  /** Root mean square of the last moment, 0–1. */
  level(rms: number): void;
  /** Whether nothing at all has come from it for a while. */
  silent(is: boolean): void;
}

export class Microphone {
  readonly #meter: Meter;
  #stream: MediaStream | null = null;
  #context: AudioContext | null = null;
  #timer: number | undefined;
  #isOpening = false;
  #soundAt = 0;
  #isSilent = false;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Opens the microphone and measures. What goes wrong is left to the recogniser to tell: it needs no level. */
  async open(): Promise<void> {
    if (this.#stream || this.#isOpening || !navigator.mediaDevices) return;
    this.#isOpening = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      // It may have been closed again while the person was asked.
      if (this.#isOpening) this.#measure(stream);
      else stop(stream);
    } catch {
      this.#stream = null;
    }
    this.#isOpening = false;
  }

  close(): void {
    this.#isOpening = false;
    window.clearInterval(this.#timer);
    if (this.#stream) stop(this.#stream);
    void this.#context?.close();
    this.#stream = this.#context = null;
    this.#meter.level(0);
    this.#tell(false);
  }

  /** Counts silence anew: nobody was expected to speak until now. */
  expect(): void {
    this.#soundAt = performance.now();
  }

  #measure(stream: MediaStream): void {
    this.#stream = stream;
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.expect();
    this.#timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      const now = performance.now();
      if (rms > SILENT) this.#soundAt = now;
      this.#tell(now - this.#soundAt > SILENT_FOR_MS);
      this.#meter.level(rms);
    }, EVERY_MS);
  }

  #tell(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#meter.silent(isSilent);
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
