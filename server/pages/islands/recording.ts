// Three seconds of the candidate's own voice. They stay in this page: an object address that is dropped with it.

const RECORD_MS = 3_000;

interface Chooses {
  setSinkId?(device: string): Promise<void>;
}

export class Recording {
  readonly #player: HTMLAudioElement & Chooses;
  #address = "";
  #isRunning = false;

  constructor(player: HTMLAudioElement) {
    this.#player = player;
    window.addEventListener("pagehide", () => this.#drop());
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether this browser lets a page choose where its sound goes. */
  get choosesOutput(): boolean {
    return this.#player.setSinkId !== undefined;
  }

  /** Records; fails where the browser records nothing. */
  async make(stream: MediaStream): Promise<void> {
    this.#isRunning = true;
    try {
      const recorder = new MediaRecorder(stream);
      const pieces: Blob[] = [];
      recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
      const stopped = new Promise<void>((resolve, reject) => {
        recorder.addEventListener("stop", () => resolve());
        recorder.addEventListener("error", () => reject(new Error("the recorder failed")));
      });
      recorder.start();
      window.setTimeout(() => {
        if (recorder.state !== "inactive") recorder.stop();
      }, RECORD_MS);
      await stopped;
      this.#drop();
      this.#address = URL.createObjectURL(new Blob(pieces, { type: recorder.mimeType }));
      this.#player.src = this.#address;
    } finally {
      this.#isRunning = false;
    }
  }

  async play(): Promise<void> {
    if (!this.#address) return;
    this.#player.currentTime = 0;
    await this.#player.play();
  }

  async playOn(device: string): Promise<void> {
    await this.#player.setSinkId?.(device);
  }

  #drop(): void {
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = "";
  }
}
