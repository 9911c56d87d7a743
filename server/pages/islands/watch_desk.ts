// The desk of somebody who watches: the bar with its keys, the boxes for notes, flags and words to the candidate, and
// the questions that are asked before an act that the candidate notices.

import { Composer } from "./composer";
import { one } from "./element";
import { keepSingleKeys, singleKeys, takesText } from "./keys";
import type { Texts } from "./texts";

export type Box = "note" | "flag" | "speak";
export type Tool = "note" | "flag" | "take" | "return" | "finish" | "keys";

export interface Standing {
  isOpen: boolean;
  isOperator: boolean;
  hasStarted: boolean;
  hasEnded: boolean;
  isMine: boolean;
  isAnothers: boolean;
  isEnding: boolean;
}

export interface Owner {
  note(text: string): void;
  flag(reason: string, about: number | null): void;
  speak(text: string): void;
  take(): void;
  giveBack(): void;
  finish(): void;
}

const KEYS: Readonly<Record<string, Tool>> = {
  n: "note",
  f: "flag",
  t: "take",
  b: "return",
  e: "finish",
  "?": "keys",
};

export class Desk {
  readonly #root: HTMLElement;
  readonly #texts: Texts;
  readonly #owner: Owner;
  readonly #bar: HTMLElement;
  readonly #about: HTMLElement;
  readonly #boxes: Record<Box, Composer>;
  readonly #dialogs: Record<"take" | "finish" | "keys", HTMLDialogElement>;
  #open: Box | null = null;
  #flagged: number | null = null;
  #standing: Standing | null = null;

  constructor(root: HTMLElement, interview: string, texts: Texts, owner: Owner) {
    this.#root = root;
    this.#texts = texts;
    this.#owner = owner;
    this.#bar = one(root, "[data-bar]");
    this.#about = one(root, "[data-about]");
    this.#boxes = {
      note: this.#box("note", interview, (text) => owner.note(text)),
      flag: this.#box("flag", interview, (text) => owner.flag(text, this.#flagged)),
      speak: this.#box("speak", interview, (text) => owner.speak(text)),
    };
    this.#dialogs = {
      take: one(root, "[data-taking]"),
      finish: one(root, "[data-ending]"),
      keys: one(root, "[data-sheet]"),
    };
    confirmed(this.#dialogs.take, () => owner.take());
    confirmed(this.#dialogs.finish, () => owner.finish());
    for (const button of this.#tools) {
      button.addEventListener("click", () => this.#use(button.dataset["tool"] as Tool));
    }
    for (const button of root.querySelectorAll("[data-shut]")) button.addEventListener("click", () => this.#shut());
    this.#listenForKeys();
    this.#choose();
  }

  show(standing: Standing): void {
    const wasMine = this.#standing?.isMine ?? false;
    this.#standing = standing;
    for (const button of this.#tools) {
      const tool = button.dataset["tool"] as Tool;
      button.hidden = !this.#isOffered(tool, standing);
      button.disabled = !this.#isPossible(tool, standing);
    }
    for (const [name, dialog] of Object.entries(this.#dialogs)) {
      if (dialog.open && name !== "keys" && !this.#isPossible(name as Tool, standing)) dialog.close();
    }
    this.#bar.hidden = standing.hasEnded;
    if (standing.hasEnded && this.#open) this.#open = null;
    this.#choose();
    if (standing.isMine && !wasMine) this.#boxes.speak.focus();
    // The button that handed back is gone, and the focus with it.
    if (!standing.isMine && wasMine && document.activeElement === document.body) this.#tools[0]?.focus();
  }

  /** Asks why this turn should be looked at again. */
  flag(seq: number, words: string): void {
    if (!this.#standing?.hasEnded) this.#openBox("flag", seq, words);
  }

  /** Puts words back that were refused. */
  putBack(box: Box, words: string): void {
    this.#boxes[box].putBack(words);
    if (box !== "speak" || this.#standing?.isMine) this.#openBox(box);
    this.#choose();
  }

  close(): void {
    this.#open = null;
    for (const box of Object.values(this.#boxes)) box.close();
    for (const dialog of Object.values(this.#dialogs)) if (dialog.open) dialog.close();
    this.#bar.hidden = true;
  }

  get #tools(): HTMLButtonElement[] {
    return [...this.#root.querySelectorAll<HTMLButtonElement>("[data-tool]")];
  }

  #isOffered(tool: Tool, at: Standing): boolean {
    if (tool === "take") return at.isOperator && !at.isMine;
    if (tool === "return") return at.isOperator && at.isMine;
    if (tool === "finish") return at.isOperator;
    return true;
  }

  #isPossible(tool: Tool, at: Standing): boolean {
    if (tool === "keys") return true;
    if (at.hasEnded || !this.#isOffered(tool, at)) return false;
    // What is written down waits for the connection; what changes who speaks does not.
    if (tool === "note" || tool === "flag") return true;
    if (!at.isOpen || !at.hasStarted || at.isEnding) return false;
    return tool !== "take" || !at.isAnothers;
  }

  #use(tool: Tool): void {
    if (!this.#standing || !this.#isPossible(tool, this.#standing)) return;
    switch (tool) {
      case "note":
      case "flag":
        if (this.#open === tool) this.#shut();
        else this.#openBox(tool);
        break;
      case "return":
        this.#owner.giveBack();
        break;
      default: {
        const dialog = this.#dialogs[tool];
        if (dialog.open) dialog.close();
        else dialog.showModal();
      }
    }
  }

  #openBox(box: Box, seq: number | null = null, words = ""): void {
    this.#open = box === "speak" ? null : box;
    this.#flagged = box === "flag" ? seq : null;
    const about = words.length > 120 ? `${words.slice(0, 120)}…` : words;
    this.#about.textContent = about ? this.#texts("watch.about", { words: about }) : this.#texts("watch.about_all");
    this.#choose();
    this.#boxes[box].focus();
  }

  #shut(): void {
    const shut = this.#open;
    this.#open = null;
    this.#choose();
    if (this.#standing?.isMine) this.#boxes.speak.focus();
    else this.#tools.find((button) => button.dataset["tool"] === shut)?.focus();
  }

  #choose(): void {
    const isMine = Boolean(this.#standing?.isMine);
    this.#boxes.note.isHidden = this.#open !== "note";
    this.#boxes.flag.isHidden = this.#open !== "flag";
    this.#boxes.speak.isHidden = !isMine || this.#open !== null;
    for (const button of this.#tools) {
      const tool = button.dataset["tool"];
      if (tool === "note" || tool === "flag") button.setAttribute("aria-expanded", String(this.#open === tool));
    }
  }

  #box(name: Box, interview: string, say: (text: string) => void): Composer {
    const sent = (text: string) => {
      if (!text) return;
      say(text);
      if (name !== "speak") this.#shut();
    };
    return new Composer(one(this.#root, `[data-box=${name}]`), `${name}.${interview}`, { say: sent, typing: () => {} });
  }

  #listenForKeys(): void {
    const wanted = one<HTMLInputElement>(this.#dialogs.keys, "[data-single-keys]");
    wanted.checked = singleKeys();
    wanted.addEventListener("change", () => keepSingleKeys(wanted.checked));
    document.addEventListener("keydown", (event) => {
      if (this.#bar.hidden || this.#root.querySelector("dialog[open]")) return;
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
      if (event.key === "Escape") {
        if (this.#open) this.#shut();
        else this.#boxes.speak.leave();
        return;
      }
      const tool = KEYS[event.key.toLowerCase()];
      if (!tool || takesText(event.target) || !wanted.checked) return;
      event.preventDefault();
      this.#use(tool);
    });
  }
}

function confirmed(dialog: HTMLDialogElement, then: () => void): void {
  dialog.addEventListener("close", () => {
    const is = dialog.returnValue === "yes";
    dialog.returnValue = "";
    if (is) then();
  });
}
