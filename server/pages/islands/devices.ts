// Which microphone and which loudspeaker: what is there, what was chosen, and the panel of the room to choose another.

import { one } from "./element";
import type { Texts } from "./texts";

export type End = "input" | "output";

const ENDS: readonly End[] = ["input", "output"];

export class Devices {
  readonly #panel: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #texts: Texts;

  constructor(root: HTMLElement, texts: Texts, choose: (end: End, device: string) => void) {
    this.#panel = one(root, "[data-devices]");
    this.#button = one(root, "[data-act=devices]");
    this.#texts = texts;
    for (const end of ENDS) {
      const select = this.#select(end);
      select.addEventListener("change", () => {
        keepDevice(end, select.value);
        choose(end, select.value);
      });
    }
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      // It closes the panel, and does not cut the interviewer short.
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  open(): void {
    this.#show(true);
    this.#select("input").focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.#show(false);
    this.#button.focus();
  }

  set isOffered(is: boolean) {
    this.#button.hidden = !is;
    if (!is) this.#show(false);
  }

  /** What is there now; `input` is the microphone in use. */
  list(devices: readonly MediaDeviceInfo[], input: string | undefined, choosesOutput: boolean): void {
    this.#fill("input", devices, input ?? keptDevice("input"));
    this.#fill("output", choosesOutput ? devices : [], keptDevice("output"));
  }

  #show(is: boolean): void {
    this.#panel.hidden = !is;
    this.#button.setAttribute("aria-expanded", String(is));
  }

  #fill(end: End, devices: readonly MediaDeviceInfo[], current: string | undefined): void {
    const select = this.#select(end);
    const found = fill(select, devices.filter((device) => device.kind === `audio${end}`), current, this.#texts);
    one<HTMLElement>(this.#panel, `[data-devices-${end}]`).hidden = end === "output" && found === 0;
  }

  #select(end: End): HTMLSelectElement {
    return one(this.#panel, `[data-devices-${end}] select`);
  }
}

/** Puts the devices into a choice, and says how many there are. */
function fill(
  select: HTMLSelectElement,
  devices: readonly MediaDeviceInfo[],
  current: string | undefined,
  texts: Texts,
): number {
  const options = devices.map((device, at) => {
    const words = device.label || texts("live.device", { number: at + 1 });
    return new Option(words, device.deviceId, false, device.deviceId === current);
  });
  if (options.length === 0) options.push(new Option(texts("live.no_device"), ""));
  select.replaceChildren(...options);
  select.disabled = devices.length === 0;
  return devices.length;
}

/** The device that was chosen on this computer, at the check or in a room. */
export function keptDevice(end: End): string | undefined {
  try {
    return localStorage.getItem(`viva.${end}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepDevice(end: End, device: string): void {
  try {
    localStorage.setItem(`viva.${end}`, device);
  } catch {
    return;
  }
}
