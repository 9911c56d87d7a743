// The device's sound, as one graph: a browser lets it run only after something was pressed, and the device may stop it
// at any time, for a call or another program.

import captureAddress from "./capture_worklet?worker&url";
import playbackAddress from "./playback_worklet?worker&url";

interface Chooses {
  setSinkId?(device: string): Promise<void>;
}

export class Sound {
  readonly context: AudioContext & Chooses;
  readonly #stopped: (is: boolean) => void;

  /** Whether this browser can do it at all. */
  static get isPossible(): boolean {
    return "AudioWorkletNode" in window && Boolean(navigator.mediaDevices);
  }

  /** To be made while something is being pressed. `stopped` tells whether the device holds the sound back. */
  constructor(stopped: (is: boolean) => void) {
    this.#stopped = stopped;
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.context.addEventListener("statechange", () => this.#look());
    for (const press of ["pointerdown", "keydown"]) {
      document.addEventListener(press, () => this.wake(), { capture: true });
    }
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.wake();
    });
  }

  get choosesSpeaker(): boolean {
    return this.context.setSinkId !== undefined;
  }

  /** Fetches what runs beside the page; fails where that cannot be had. */
  async open(): Promise<void> {
    this.wake();
    await Promise.all([captureAddress, playbackAddress].map((each) => this.context.audioWorklet.addModule(each)));
  }

  wake(): void {
    if (this.context.state !== "running" && this.context.state !== "closed") void this.context.resume().catch(() => {});
  }

  async playOn(device: string): Promise<void> {
    await this.context.setSinkId?.(device);
  }

  close(): void {
    void this.context.close();
  }

  #look(): void {
    this.#stopped(this.context.state !== "running" && this.context.state !== "closed");
  }
}
