// The interviewer's voice as it comes from the server: segments of frames, and how far each was heard.

import type { Says, Told } from "./playback_worklet";
import type { AudioMessage } from "./protocol";

export interface Audience {
  /** So much of a segment has been played, ms; `done`, and no more of it will be. */
  played(segment: number, ms: number, done: boolean): void;
  /** How loud it is: root mean square, 0–1. */
  level(rms: number): void;
  /** It began or stopped speaking. */
  changed(): void;
}

/** What an operator may want to know of the loudspeaker. */
export interface Flow {
  /** How often it ran dry. */
  underruns: number;
  /** What has arrived and is not played. */
  waitingMs: number;
  /** How much it lets come before it begins. */
  startMs: number;
  /** Frames that were no sound, or belonged to nothing. */
  troubles: number;
}

export class Playing {
  readonly #audience: Audience;
  readonly #node: AudioWorkletNode;
  readonly #volume: GainNode;
  /** Those not over, and whether each stands still. */
  readonly #segments = new Map<number, boolean>();
  readonly flow: Flow = { underruns: 0, waitingMs: 0, startMs: 0, troubles: 0 };
  #generation = 0;
  #frames: "expected" | "cut_off" | "none" = "none";

  constructor(context: AudioContext, audience: Audience) {
    this.#audience = audience;
    this.#node = new AudioWorkletNode(context, "viva-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    this.#volume = context.createGain();
    this.#node.connect(this.#volume).connect(context.destination);
    this.#node.port.onmessage = ({ data }: MessageEvent<Says>) => this.#hear(data);
  }

  get isSpeaking(): boolean {
    return [...this.#segments.values()].includes(false);
  }

  set isAloud(is: boolean) {
    this.#volume.gain.value = is ? 1 : 0;
  }

  take({ type, segment }: AudioMessage): void {
    if (type !== "audio.begin" && !this.#segments.has(segment)) return;
    switch (type) {
      case "audio.begin":
        this.#segments.set(segment, false);
        this.#frames = "expected";
        this.#tell({ kind: "begin", segment });
        break;
      case "audio.end":
        this.#frames = "none";
        this.#tell({ kind: "end", segment });
        break;
      case "audio.clear":
        this.#frames = "cut_off";
        this.#tell({ kind: "clear", segment });
        break;
      case "audio.pause":
        this.#segments.set(segment, true);
        this.#tell({ kind: "pause", segment });
        break;
      case "audio.resume":
        this.#segments.set(segment, false);
        this.#tell({ kind: "resume", segment });
        break;
    }
    this.#audience.changed();
  }

  frame(pcm: ArrayBuffer): void {
    if (this.#frames === "cut_off") return;
    if (this.#frames === "none" || pcm.byteLength % 2 === 1) this.flow.troubles += 1;
    else this.#node.port.postMessage({ kind: "frame", pcm } satisfies Told, [pcm]);
  }

  /** Falls silent at once and tells how far it got. */
  cut(): void {
    if (this.#segments.size === 0) return;
    this.#frames = "cut_off";
    this.#tell({ kind: "cut" });
  }

  /** Falls silent without a word: nobody is there to be told. */
  drop(): void {
    this.#generation += 1;
    this.#segments.clear();
    this.#frames = "none";
    this.#tell({ kind: "drop", generation: this.#generation });
    this.#audience.changed();
  }

  #hear(says: Says): void {
    if (says.kind === "level") {
      const { rms, underruns, waitingMs, startMs } = says;
      Object.assign(this.flow, { underruns, waitingMs, startMs });
      this.#audience.level(rms);
      return;
    }
    if (says.generation !== this.#generation) return;
    this.#audience.played(says.segment, says.ms, says.done);
    if (!says.done) return;
    this.#segments.delete(says.segment);
    this.#audience.changed();
  }

  #tell(told: Told): void {
    this.#node.port.postMessage(told);
  }
}
