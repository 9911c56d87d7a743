// The candidate's microphone: opened when asked for, changed without a gap, and missed when it goes.

import type { Captured } from "./capture_worklet";

/** Why it cannot be had. */
export type Refusal = "not_allowed" | "no_microphone" | "busy";

export interface Ear {
  /** 20 ms: signed 16 bit, mono, 16 kHz. `rms` is 0–1. */
  frame(pcm: ArrayBuffer, rms: number): void;
  /** The device is gone. */
  lost(): void;
}

const WISH = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

export class Capturing {
  readonly #context: AudioContext;
  readonly #ear: Ear;
  readonly #node: AudioWorkletNode;
  #stream: MediaStream | null = null;
  #source: MediaStreamAudioSourceNode | null = null;
  #isMuted = false;
  #isFinished = false;

  constructor(context: AudioContext, ear: Ear) {
    this.#context = context;
    this.#ear = ear;
    this.#node = new AudioWorkletNode(context, "viva-capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.#node.port.onmessage = ({ data }: MessageEvent<Captured>) => {
      if (this.#stream) this.#ear.frame(data.pcm, data.rms);
    };
  }

  get isOpen(): boolean {
    return this.#stream !== null;
  }

  /** The device in use. */
  get device(): string | undefined {
    return this.#stream?.getAudioTracks()[0]?.getSettings().deviceId;
  }

  /** Silence in its own track, so that the browser shows it too. */
  set isMuted(is: boolean) {
    this.#isMuted = is;
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = !is;
  }

  /** Opens this device, or the usual one where it is not there; what is open goes on until then. */
  async open(device?: string): Promise<Refusal | null> {
    const audio = device ? { ...WISH, deviceId: { ideal: device } } : WISH;
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      return refusal(error);
    }
    // It may have been given up while the person was asked.
    if (this.#isFinished) {
      stop(stream);
      return null;
    }
    this.close();
    this.#stream = stream;
    this.isMuted = this.#isMuted;
    for (const track of stream.getAudioTracks()) {
      track.addEventListener("ended", () => {
        if (stream !== this.#stream) return;
        this.close();
        this.#ear.lost();
      });
    }
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(this.#node);
    return null;
  }

  /** Closed for good. */
  finish(): void {
    this.#isFinished = true;
    this.close();
  }

  close(): void {
    this.#source?.disconnect();
    if (this.#stream) stop(this.#stream);
    this.#stream = this.#source = null;
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function refusal(error: unknown): Refusal {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "not_allowed";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no_microphone";
  return "busy";
}
