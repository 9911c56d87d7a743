// The loudspeaker's end: plays what has arrived, on the thread that makes the sound. What it is told takes effect
// with the next 128 samples.

import { Jitter, RATE } from "./jitter";
import { Resampler } from "./resampling";
import { deviceRate, Processor, register } from "./worklet";

export type Told =
  | { kind: "begin" | "end" | "clear" | "pause" | "resume"; segment: number }
  | { kind: "frame"; pcm: ArrayBuffer }
  | { kind: "cut" }
  | { kind: "drop"; generation: number };

export type Says =
  | { kind: "played"; generation: number; segment: number; ms: number; done: boolean }
  | { kind: "level"; rms: number; underruns: number; waitingMs: number; startMs: number };

const LEVEL_EVERY_MS = 50;
/** What is cut off dies away within 2 ms, and what sets in again comes as softly: neither clicks. */
const FADE = 0.95;
const RISE = 1 / 64;

class Loudspeaker extends Processor {
  readonly #jitter = new Jitter((position) => this.#say({ kind: "played", generation: this.#generation, ...position }));
  readonly #resampler = new Resampler(RATE, deviceRate);
  #generation = 0;
  #inLine = 0;
  #last = 0;
  #gain = 0;
  #power = 0;
  #measured = 0;
  #wasSilent = true;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<Told>) => this.#take(event.data);
  }

  process(_: Float32Array[][], [channels]: Float32Array[][]): boolean {
    const sound = channels?.[0];
    if (!sound) return true;
    this.#jitter.pass((sound.length / deviceRate) * 1_000);
    for (let at = 0; at < sound.length; at += 1) sound[at] = this.#next();
    for (const other of channels.slice(1)) other.set(sound);
    this.#measure(sound);
    return true;
  }

  #take(told: Told): void {
    switch (told.kind) {
      case "frame":
        this.#jitter.push(new Int16Array(told.pcm));
        break;
      case "clear":
        if (this.#jitter.clear(told.segment)) this.#hush();
        break;
      case "cut":
        this.#jitter.cut();
        this.#hush();
        break;
      case "drop":
        this.#generation = told.generation;
        this.#jitter.drop();
        this.#hush();
        break;
      default:
        this.#jitter[told.kind](told.segment);
    }
  }

  #next(): number {
    while (!this.#resampler.isDue) {
      const sample = this.#jitter.next();
      if (sample !== null) {
        this.#resampler.feed(sample / 32_768);
        this.#inLine = this.#resampler.length;
      } else if (this.#jitter.isEmpty && this.#inLine > 0) {
        this.#resampler.feed(0);
        this.#inLine -= 1;
      } else {
        this.#gain = 0;
        this.#last *= FADE;
        return this.#last;
      }
    }
    this.#gain = Math.min(1, this.#gain + RISE);
    this.#last = this.#resampler.take() * this.#gain;
    return this.#last;
  }

  #hush(): void {
    this.#resampler.clear();
    this.#inLine = 0;
  }

  #measure(sound: Float32Array): void {
    for (const sample of sound) this.#power += sample * sample;
    this.#measured += sound.length;
    if (this.#measured < (LEVEL_EVERY_MS / 1_000) * deviceRate) return;
    const rms = Math.sqrt(this.#power / this.#measured);
    const isSilent = rms < 1e-4 && this.#jitter.isEmpty;
    this.#power = this.#measured = 0;
    if (!isSilent || !this.#wasSilent) {
      const { underruns, waitingMs, startMs } = this.#jitter;
      this.#say({ kind: "level", rms, underruns, waitingMs, startMs });
    }
    this.#wasSilent = isSilent;
  }

  #say(says: Says): void {
    this.port.postMessage(says);
  }
}

register("viva-playback", Loudspeaker);
