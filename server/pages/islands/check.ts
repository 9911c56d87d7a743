// The device check: is the microphone heard, what does it sound like, and is there a voice to hear.

import { Breath } from "./breath";
import { keepDevice, keptDevice } from "./devices";
import { engineClass } from "./recogniser";
import { Recording } from "./recording";
import { chosen } from "./speaking";
import { textsOf, type Texts } from "./texts";
import { Sound } from "./sound";
import { VENDORS, vendorOf } from "./vendor";

const EVERY_MS = 60;
const HEARD = 0.25;
const SILENT_FOR_MS = 6_000;

class Check {
  readonly #root: HTMLElement;
  readonly #texts: Texts;
  readonly #breath = new Breath();
  readonly #recording: Recording;
  #stream: MediaStream | null = null;
  #context: AudioContext | null = null;
  #timer: number | undefined;
  #heardAt = 0;
  readonly #byServer: boolean;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#byServer = root.dataset["speech"] === "server" && Sound.isPossible;
    this.#texts = textsOf(root);
    this.#recording = new Recording(this.#part<HTMLAudioElement>("[data-recording]"));
    this.#whoHears();
    this.#press("[data-try]", () => this.#open());
    this.#press("[data-record]", () => this.#record());
    this.#press("[data-play]", () => this.#recording.play());
    this.#part("[data-input]").addEventListener("change", (event) => {
      const device = (event.target as HTMLSelectElement).value;
      keepDevice("input", device);
      void this.#open(device);
    });
    this.#part("[data-output]").addEventListener("change", (event) => {
      const device = (event.target as HTMLSelectElement).value;
      keepDevice("output", device);
      void this.#recording.playOn(device);
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#listDevices());
    window.addEventListener("pagehide", () => this.#close());
    if (this.#root.querySelector("[data-speak]")) this.#voice();
  }

  #part<T extends HTMLElement = HTMLElement>(selector: string): T {
    const found = this.#root.querySelector<T>(selector);
    if (!found) throw new Error(`the page has no ${selector}`);
    return found;
  }

  #press(selector: string, act: () => Promise<void>): void {
    this.#part(selector).addEventListener("click", () => void act());
  }

  #say(selector: string, key: string): void {
    const part = this.#part(selector);
    const words = key && this.#texts(key);
    // Said again only when it changed: a live region repeats what is put into it.
    if (part.textContent !== words) part.textContent = words;
  }

  #whoHears(): void {
    const server = this.#root.querySelector<HTMLElement>("[data-vendor-server]");
    // Whom the server sends it to stands there already; a browser that cannot talk to it hears by itself.
    if (this.#byServer) return;
    if (server) server.hidden = true;
    this.#part("[data-vendor]").hidden = false;
    const vendor = vendorOf(navigator);
    if (!engineClass()) this.#say("[data-vendor]", "sound.no_recogniser");
    else if (vendor !== "other") {
      this.#part("[data-vendor]").textContent = this.#texts("sound.vendor", { vendor: VENDORS[vendor] });
    }
  }

  async #open(device?: string): Promise<void> {
    this.#say("[data-trouble]", "");
    this.#close();
    if (!navigator.mediaDevices) {
      this.#say("[data-trouble]", "sound.busy");
      return;
    }
    try {
      const audio = device ? { deviceId: { exact: device } } : true;
      this.#measure(await navigator.mediaDevices.getUserMedia({ audio }));
    } catch (error) {
      this.#say("[data-trouble]", troubleOf(error));
      return;
    }
    this.#part("[data-before]").hidden = true;
    this.#part("[data-after]").hidden = false;
    await this.#listDevices();
  }

  #measure(stream: MediaStream): void {
    this.#stream = stream;
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const level = this.#part<HTMLProgressElement>("[data-level]");
    this.#heardAt = performance.now();
    this.#say("[data-situation]", "sound.quiet");
    this.#timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const now = performance.now();
      this.#breath.hear(Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length), now);
      const loud = this.#breath.at(now);
      level.value = Math.round(loud * 100);
      if (loud > HEARD) this.#heardAt = now;
      if (this.#recording.isRunning) return;
      if (loud > HEARD) this.#say("[data-situation]", "sound.heard");
      else if (now - this.#heardAt > SILENT_FOR_MS) this.#say("[data-situation]", "sound.silent");
    }, EVERY_MS);
  }

  #close(): void {
    window.clearInterval(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    void this.#context?.close();
    this.#stream = this.#context = null;
  }

  async #listDevices(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const current = this.#stream?.getAudioTracks()[0]?.getSettings().deviceId;
    this.#list("input", devices.filter((device) => device.kind === "audioinput"), current);
    const outputs = devices.filter((device) => device.kind === "audiooutput");
    this.#list("output", this.#recording.choosesOutput ? outputs : [], keptDevice("output"));
  }

  /** Shows a choice only where there is one. */
  #list(name: "input" | "output", devices: readonly MediaDeviceInfo[], current: string | undefined): void {
    const select = this.#part<HTMLSelectElement>(`[data-${name}]`);
    const kept = current ?? select.value;
    select.replaceChildren(
      ...devices.map((device, at) => {
        const words = device.label || this.#texts("sound.device", { number: at + 1 });
        return new Option(words, device.deviceId, false, device.deviceId === kept);
      }),
    );
    this.#part(`[data-${name}s]`).hidden = devices.length < 2;
  }

  async #record(): Promise<void> {
    if (!this.#stream || this.#recording.isRunning) return;
    const record = this.#part<HTMLButtonElement>("[data-record]");
    const play = this.#part<HTMLButtonElement>("[data-play]");
    record.disabled = play.disabled = true;
    this.#say("[data-situation]", "sound.recording");
    try {
      await this.#recording.make(this.#stream);
      this.#say("[data-situation]", "sound.recorded");
      play.disabled = false;
    } catch {
      this.#say("[data-trouble]", "sound.busy");
    }
    record.disabled = false;
    if (!play.disabled) play.focus();
  }

  /** The voice that will ask: of the interview's language, as the room chooses it. */
  #voice(): void {
    const voices = "speechSynthesis" in window ? window.speechSynthesis : null;
    const language = this.#root.dataset["language"] ?? "en";
    const wish = navigator.languages.find((each) => each.split("-")[0] === language) ?? language;
    const button = this.#part<HTMLButtonElement>("[data-speak]");
    const look = () => {
      button.disabled = !voices || !chosen(voices.getVoices(), wish);
      this.#say("[data-voiceless]", button.disabled ? "sound.no_voice" : "");
    };
    voices?.addEventListener("voiceschanged", look);
    look();
    button.addEventListener("click", () => {
      if (!voices) return;
      const utterance = new SpeechSynthesisUtterance(this.#part("[data-sample]").innerText);
      const voice = chosen(voices.getVoices(), wish);
      utterance.lang = voice?.lang ?? wish;
      if (voice) utterance.voice = voice;
      voices.cancel();
      voices.speak(utterance);
    });
    window.addEventListener("pagehide", () => voices?.cancel());
  }
}

function troubleOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "sound.denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "sound.none";
  return "sound.busy";
}

const root = document.querySelector<HTMLElement>("[data-check]");
if (root) new Check(root);
