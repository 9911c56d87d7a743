// The microphone's end: whatever rate the device runs at becomes frames of 20 ms at 16 kHz, on the thread that makes
// the sound, so that neither a busy page nor a tab in the background loses any.

import { Resampler } from "./resampling";
import { deviceRate, Processor, register } from "./worklet";

/** `pcm`: signed 16 bit. `rms`: of the frame, 0–1. */
export interface Captured {
  pcm: ArrayBuffer;
  rms: number;
}

const RATE = 16_000;
const FRAME = 320;

class Microphone extends Processor {
  readonly #resampler = new Resampler(deviceRate, RATE);
  #frame = new Int16Array(FRAME);
  #filled = 0;
  #power = 0;

  process([channels]: Float32Array[][]): boolean {
    const sound = channels?.[0];
    if (!sound) return true;
    for (const sample of sound) {
      this.#resampler.feed(sample);
      while (this.#resampler.isDue) this.#add(this.#resampler.take());
    }
    return true;
  }

  #add(sample: number): void {
    this.#power += sample * sample;
    this.#frame[this.#filled] = Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768)));
    this.#filled += 1;
    if (this.#filled < FRAME) return;
    const captured: Captured = { pcm: this.#frame.buffer, rms: Math.sqrt(this.#power / FRAME) };
    this.port.postMessage(captured, [captured.pcm]);
    this.#frame = new Int16Array(FRAME);
    this.#filled = this.#power = 0;
  }
}

register("viva-capture", Microphone);
