// Speaking and listening through the server: it hears the candidate's microphone all the while, the interviewer's own
// words too, and decides itself when it was cut in upon.

import { Capturing, type Refusal } from "./capturing";
import { keptDevice, type End } from "./devices";
import type { Patience } from "./listening";
import { Playing, type Flow } from "./playing";
import type { AudioMessage, Language, Microphone, Playback } from "./protocol";
import { Sound } from "./sound";
import type { Voice } from "./voice";

const SILENT = 0.0015;
const SILENT_FRAMES = 400;

/** Why the candidate is not heard. After `lost` it is tried again as soon as a device appears. */
export type Deafness = Exclude<Refusal, "no_microphone"> | "lost";

export interface Owner {
  send(message: Microphone | Playback): void;
  sendFrame(pcm: ArrayBuffer): void;
  /** The candidate's microphone and the interviewer's voice: root mean square, 0–1. */
  hear(rms: number): void;
  speak(rms: number): void;
  silent(is: boolean): void;
  deaf(why: Deafness | null): void;
  /** The device holds the sound back until something is pressed. */
  stopped(is: boolean): void;
  /** Which devices there are, and which microphone is in use. */
  devices(all: readonly MediaDeviceInfo[], microphone: string | undefined, choosesSpeaker: boolean): void;
  /** Who speaks, or whether it listens, is different now. */
  changed(): void;
}

export class Talking implements Voice {
  readonly #owner: Owner;
  #sound: Sound | null = null;
  #capturing: Capturing | null = null;
  #playing: Playing | null = null;
  #isOn = false;
  #isFree = false;
  #isAloud = true;
  #isLost = false;
  #opening: Promise<void> = Promise.resolve();
  /** What the server knows of the microphone; null while there is nobody to be told. */
  #told: Microphone["state"] | "nothing" | null = null;
  #silentFrames = 0;
  #isSilent = false;
  readonly canListen = true;
  readonly canSpeak = true;

  static get isPossible(): boolean {
    return Sound.isPossible;
  }

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Whether it was begun; until then the interview goes on in writing. */
  get isOpen(): boolean {
    return this.#playing !== null;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  get isListening(): boolean {
    return this.#state === "on";
  }

  get isSpeaking(): boolean {
    return this.#playing?.isSpeaking ?? false;
  }

  get isAloud(): boolean {
    return this.#isAloud;
  }

  set isAloud(is: boolean) {
    this.#isAloud = is;
    if (this.#playing) this.#playing.isAloud = is;
    this.#owner.changed();
  }

  /** The server keeps the patience, and hears and speaks the language it is in. */
  set patience(_: Patience) {}
  set language(_: Language) {}

  set free(free: boolean) {
    if (free === this.#isFree) return;
    this.#isFree = free;
    this.#tell();
  }

  get flow(): Flow | null {
    return this.#playing?.flow ?? null;
  }

  /** To be called while something is being pressed; `false` where this browser cannot do it after all. */
  async open(): Promise<boolean> {
    try {
      this.#sound ??= new Sound((is) => this.#owner.stopped(is));
      await this.#sound.open();
      const { context } = this.#sound;
      this.#capturing = new Capturing(context, {
        frame: (pcm, rms) => this.#captured(pcm, rms),
        lost: () => this.#lose(),
      });
      this.#playing = new Playing(context, {
        played: (segment, ms, done) => this.#owner.send({ type: "playback", segment, ms, done }),
        level: (rms) => this.#owner.speak(this.#isAloud ? rms : 0),
        changed: () => this.#owner.changed(),
      });
      this.#playing.isAloud = this.#isAloud;
    } catch {
      return false;
    }
    const speaker = keptDevice("output");
    if (speaker) await this.#sound.playOn(speaker).catch(() => {});
    navigator.mediaDevices.addEventListener("devicechange", () => void this.#look());
    return true;
  }

  /** A connection begins: it has to be told anew. */
  welcomed(): void {
    this.#told = "nothing";
    this.#tell();
  }

  take(message: AudioMessage): void {
    this.#playing?.take(message);
  }

  frame(pcm: ArrayBuffer): void {
    this.#playing?.frame(pcm);
  }

  listen(on: boolean): void {
    this.#isOn = on;
    if (this.#capturing) this.#capturing.isMuted = !on;
    if (on) void this.#capture();
    if (!on) {
      this.#isLost = false;
      this.#owner.hear(0);
      this.#owner.deaf(null);
    }
    this.#expect();
    this.#tell();
  }

  /** Another device, without a gap in what is heard. */
  async choose(end: End, device: string): Promise<void> {
    if (end === "output") await this.#sound?.playOn(device).catch(() => {});
    else await this.#capture(device);
  }

  /** Asks what devices there are, for the panel. */
  async listDevices(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    this.#owner.devices(devices, this.#capturing?.device, this.#sound?.choosesSpeaker ?? false);
  }

  /** What was heard is with the server: it makes a turn of it. */
  handOver(): string {
    return "";
  }

  add(): void {}

  end(): void {}

  cut(): void {
    this.#playing?.cut();
  }

  drop(): void {
    this.#told = null;
    this.#playing?.drop();
  }

  finish(): void {
    this.#playing?.drop();
    this.#isOn = this.#isFree = false;
    this.#capturing?.finish();
    this.#capturing = this.#playing = null;
    this.#sound?.close();
    this.#owner.hear(0);
  }

  get #state(): Microphone["state"] {
    if (!this.#isOn || !this.#isFree) return "muted";
    if (this.#isLost) return "lost";
    return this.#capturing?.isOpen ? "on" : "muted";
  }

  /** Opens a device, or the usual one if none is open, each after the one that was asked for before. */
  async #capture(device?: string): Promise<void> {
    const opened = this.#opening.then(() => this.#open(device));
    this.#opening = opened;
    await opened;
  }

  async #open(device: string | undefined): Promise<void> {
    const capturing = this.#capturing;
    // Nobody is asked for a microphone who is not to be heard.
    if (!capturing || (device ? !this.#isOn && !capturing.isOpen : !this.#isOn || capturing.isOpen)) return;
    const refusal = await capturing.open(device ?? keptDevice("input"));
    if (capturing !== this.#capturing) return;
    if (this.#isOn && !capturing.isOpen) {
      this.#isLost = refusal === "no_microphone";
      this.#isOn = this.#isLost;
      this.#owner.deaf(refusal === "no_microphone" ? "lost" : refusal);
    } else {
      this.#isLost = false;
      this.#owner.deaf(null);
    }
    this.#expect();
    this.#tell();
    await this.listDevices();
  }

  #captured(pcm: ArrayBuffer, rms: number): void {
    if (this.#state !== "on") return;
    this.#owner.sendFrame(pcm);
    this.#owner.hear(rms);
    // Counted in frames: clocks are slow in a tab that is not looked at.
    this.#silentFrames = rms > SILENT || this.isSpeaking ? 0 : this.#silentFrames + 1;
    this.#showSilence(this.#silentFrames > SILENT_FRAMES);
  }

  #lose(): void {
    if (!this.#isOn) return;
    this.#isLost = true;
    this.#owner.hear(0);
    this.#owner.deaf("lost");
    this.#tell();
    void this.#capture();
  }

  /** Devices came or went. */
  async #look(): Promise<void> {
    await (this.#isLost ? this.#capture() : this.listDevices());
  }

  #expect(): void {
    this.#silentFrames = 0;
    this.#showSilence(false);
  }

  #showSilence(is: boolean): void {
    if (is === this.#isSilent) return;
    this.#isSilent = is;
    this.#owner.silent(is);
  }

  #tell(): void {
    const state = this.#state;
    if (this.#told !== null && state !== this.#told) {
      this.#told = state;
      this.#owner.send({ type: "microphone", state });
    }
    this.#owner.changed();
  }
}
