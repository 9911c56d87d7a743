// The editor of a plan: buttons that change the form do it in place, what the check finds appears while one writes, and
// what is not saved is kept in the tab.

import { one } from "./element";
import { Keeping } from "./workshop_keeping";
import { place, type Remarks } from "./workshop_remarks";

const REST_MS = 400;
const DEEPEST = 50;
const TYPE = { "Content-Type": "application/x-www-form-urlencoded" };

class Workshop {
  #form: HTMLFormElement;
  readonly #keeping: Keeping;
  readonly #undone: string[] = [];
  /** The form as it is kept on the server; null where it never was. */
  readonly #clean: string | null;
  #timer: number | undefined;
  #asked: AbortController | null = null;
  #leaves = false;

  constructor(form: HTMLFormElement) {
    this.#form = form;
    this.#keeping = new Keeping(form.dataset["kept"] ?? "");
    this.#clean = form.dataset["clean"] === "yes" ? this.#body() : null;
    form.classList.add("is-live");
    document.addEventListener("submit", (event) => this.#submitted(event));
    document.addEventListener("input", () => this.#changed());
    document.addEventListener("click", (event) => this.#clicked(event));
    window.addEventListener("beforeunload", (event) => {
      if (this.#isDirty && !this.#leaves) event.preventDefault();
    });
    void this.#restore();
  }

  get #isDirty(): boolean {
    return this.#body() !== this.#clean && (this.#clean !== null || this.#keeping.read() !== null);
  }

  #body(): string {
    return new URLSearchParams(new FormData(this.#form) as unknown as Record<string, string>).toString();
  }

  /** What was written here before, in this tab, and neither saved nor thrown away. */
  async #restore(): Promise<void> {
    const kept = this.#keeping.read();
    if (kept === null) return;
    if (this.#clean === null) {
      this.#keep();
    } else if (kept === this.#clean || this.#keeping.isSent) {
      this.#keeping.drop();
    } else if (await this.#swap(kept, "show")) {
      one<HTMLElement>(this.#form, "[data-restored]").hidden = false;
    }
  }

  #keep(): void {
    const body = this.#body();
    if (body === this.#clean) this.#keeping.drop();
    else this.#keeping.write(body);
  }

  #changed(): void {
    // What is on the page from now on is not what was saved.
    this.#form.querySelector("[data-fresh]")?.remove();
    this.#keep();
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#look(), REST_MS);
  }

  #submitted(event: SubmitEvent): void {
    if (event.target !== this.#form) return;
    const button = event.submitter;
    if (button instanceof HTMLButtonElement && button.hasAttribute("data-deed")) {
      event.preventDefault();
      void this.#do(button.value);
      return;
    }
    this.#leaves = true;
    this.#keep();
    this.#keeping.send();
  }

  #clicked(event: Event): void {
    const on = event.target instanceof Element ? event.target.closest("[data-undo], [data-forget], [data-drop]") : null;
    if (!on) return;
    if (on.hasAttribute("data-undo")) {
      const before = this.#undone.pop();
      if (before !== undefined) void this.#swap(before, "show");
      return;
    }
    this.#keeping.drop();
    this.#leaves = true;
    if (on.hasAttribute("data-forget")) window.location.reload();
  }

  async #do(act: string): Promise<void> {
    const before = this.#body();
    const changes = act !== "check" && act !== "show";
    if (!(await this.#swap(before, act)) || !changes) return;
    this.#undone.push(before);
    this.#undone.splice(0, this.#undone.length - DEEPEST);
    this.#offerUndo();
  }

  /** Has the server do something to the form, and puts its answer in the form's place. */
  async #swap(body: string, act: string): Promise<boolean> {
    this.#stopLooking();
    // What is typed meanwhile would be lost with the form that it is typed into.
    this.#form.inert = true;
    const form = await this.#drawn(`${body}&do=${encodeURIComponent(act)}`);
    this.#form.inert = false;
    if (!form) return this.#isAway();
    for (const open of this.#form.querySelectorAll("details[open][id]")) {
      form.querySelector(`[id="${CSS.escape(open.id)}"]`)?.setAttribute("open", "");
    }
    const made = document.adoptNode(form);
    made.classList.add("is-live");
    this.#form.replaceWith(made);
    this.#form = made;
    made.querySelector<HTMLElement>("[autofocus]")?.focus();
    this.#offerUndo();
    this.#keep();
    return true;
  }

  /** The form as the server draws it; null where it cannot be had. */
  async #drawn(body: string): Promise<HTMLFormElement | null> {
    try {
      const headers = { ...TYPE, "X-Part": "form" };
      const answer = await fetch(this.#form.action, { method: "POST", body, headers });
      const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
      return answer.ok ? drawn.querySelector<HTMLFormElement>("[data-editor]") : null;
    } catch {
      return null;
    }
  }

  #offerUndo(): void {
    one<HTMLElement>(this.#form, "[data-undo]").hidden = this.#undone.length === 0;
  }

  async #look(): Promise<void> {
    this.#stopLooking();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    try {
      const address = this.#form.dataset["look"] ?? "";
      const answer = await fetch(address, { method: "POST", body: this.#body(), headers: TYPE, signal });
      if (answer.ok) place(this.#form, (await answer.json()) as Remarks);
      else this.#isAway();
    } catch {
      if (!signal.aborted) this.#isAway();
    }
  }

  #stopLooking(): void {
    window.clearTimeout(this.#timer);
    this.#asked?.abort();
  }

  /** Said where the count stands; what was written is kept here and can be sent again. */
  #isAway(): false {
    one(this.#form, "[data-summary]").textContent = this.#form.dataset["away"] ?? "";
    return false;
  }
}

const form = document.querySelector<HTMLFormElement>("[data-editor]");
if (form) new Workshop(form);
