// The bar at the bottom, its keys, and the sheet that lists them.

import { one } from "./element";
import { actOf, keepSingleKeys, singleKeys, takesText, type Act } from "./keys";
import type { Language, Request, StateView } from "./protocol";
import type { Texts } from "./texts";

/** What the bar shows of the candidate's ear and voice; null where the interview is typed. */
export interface Voices {
  canListen: boolean;
  canSpeak: boolean;
  isOn: boolean;
  isSpeaking: boolean;
  isAloud: boolean;
}

export class Bar {
  readonly #root: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #sheet: HTMLDialogElement;
  readonly #buttons: HTMLButtonElement[];
  readonly #acts: HTMLButtonElement[];
  readonly #texts: Texts;

  constructor(root: HTMLElement, texts: Texts, press: (request: Request) => void, act: (act: Act) => void) {
    this.#root = root;
    this.#texts = texts;
    this.#bar = one(root, "[data-bar]");
    this.#sheet = one(root, "[data-sheet]");
    this.#buttons = [...root.querySelectorAll<HTMLButtonElement>("button[data-request]")];
    this.#acts = [...root.querySelectorAll<HTMLButtonElement>("button[data-act]")];
    for (const button of this.#buttons) {
      button.addEventListener("click", () => press(button.dataset["request"] as Request));
    }
    for (const button of this.#acts) button.addEventListener("click", () => act(button.dataset["act"] as Act));
    this.#listenForKeys(act);
  }

  /** What can be asked for now. */
  show(state: StateView | null, isOpen: boolean): void {
    const may: readonly Request[] = (isOpen && state?.may) || [];
    for (const button of this.#buttons) {
      const request = button.dataset["request"] as Request;
      button.disabled = !may.includes(request);
      if (button.hasAttribute("data-hides")) button.hidden = !state?.may.includes(request);
    }
    const hints = state?.question?.hints_left;
    this.#label("hint", hints ? this.#texts("live.hint_left", { left: hints }) : this.#texts("live.hint"));
    this.#label("language", this.#texts(other(state) === "es" ? "live.to_es" : "live.to_en"));
  }

  showVoices(voices: Voices | null, isTyping: boolean): void {
    for (const button of this.#acts) {
      switch (button.dataset["act"]) {
        case "microphone": {
          button.hidden = !voices?.canListen;
          const isOn = Boolean(voices?.isOn);
          button.dataset["state"] = isOn ? "on" : "off";
          const interrupts = isOn && voices?.isSpeaking;
          label(button, this.#texts(interrupts ? "live.cut_in" : isOn ? "live.mute" : "live.unmute"));
          break;
        }
        case "type":
          button.hidden = !voices;
          button.setAttribute("aria-expanded", String(isTyping));
          break;
        case "voice":
          button.hidden = !voices?.canSpeak;
          label(button, this.#texts(voices?.isAloud ? "live.voice_off" : "live.voice_on"));
          break;
      }
    }
  }

  /** The level in the microphone's own button, 0–1. */
  level(share: number): void {
    const button = this.#acts.find((each) => each.dataset["act"] === "microphone");
    button?.style.setProperty("--level", share.toFixed(2));
  }

  toggleSheet(): void {
    if (this.#sheet.open) this.#sheet.close();
    else this.#sheet.showModal();
  }

  /** Presses the button of a request, as if by hand; what is disabled or hidden stays undone. */
  press(...requests: Request[]): void {
    for (const request of requests) {
      this.#buttons.find((each) => each.dataset["request"] === request && !each.hidden && !each.disabled)?.click();
    }
  }

  /** Without the bar there are no keys either. */
  set isHidden(is: boolean) {
    this.#bar.hidden = is;
    if (is && this.#sheet.open) this.#sheet.close();
  }

  #listenForKeys(act: (act: Act) => void): void {
    const wanted = one<HTMLInputElement>(this.#sheet, "[data-single-keys]");
    wanted.checked = singleKeys();
    wanted.addEventListener("change", () => keepSingleKeys(wanted.checked));
    document.addEventListener("keydown", (event) => {
      // An open dialog has its own Escape, and nothing behind it can be pressed.
      if (this.#bar.hidden || this.#root.querySelector("dialog[open]")) return;
      const asked = actOf(event, takesText(event.target), wanted.checked);
      if (!asked) return;
      event.preventDefault();
      act(asked);
    });
  }

  #label(request: Request, text: string): void {
    const button = this.#buttons.find((each) => each.dataset["request"] === request);
    if (button) label(button, text);
  }
}

/** The language that the interview could be held in instead. */
export function other(state: StateView | null): Language {
  return state?.language === "es" ? "en" : "es";
}

function label(button: HTMLButtonElement, text: string): void {
  const words = one<HTMLElement>(button, "[data-label]");
  if (words.textContent !== text) words.textContent = text;
}
