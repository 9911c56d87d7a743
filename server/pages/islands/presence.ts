// The interviewer's presence: draws the line, and says in a word what it shows.

import { Breath } from "./breath";
import { element, one } from "./element";
import { between, drawn, HEIGHT, line, WIDTH, type Line, type Mood } from "./shape";

const CHANGES_IN_MS = 180;
const FRAME_MS = 30;
/** Where motion is not wanted the line stands as if somebody spoke at this level. */
const STANDING_LEVEL = 0.45;
const FAINT = 0.01;

export class Presence {
  readonly #root: HTMLElement;
  readonly #word: HTMLElement;
  readonly #strands: [SVGPathElement, SVGPathElement];
  readonly #breath = new Breath();
  readonly #standing = window.matchMedia("(prefers-reduced-motion: reduce)");
  #mood: Mood = "still";
  #from: Line = line("still", 0, 0);
  #shown: Line = this.#from;
  #changedAt = -CHANGES_IN_MS;
  #drawnAt = 0;
  #isDrawing = false;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#word = one(root, "[data-presence-word]");
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    picture.setAttribute("aria-hidden", "true");
    this.#strands = [strandIn(picture), strandIn(picture)];
    const frame = element("div", "presence__line");
    frame.append(picture);
    root.prepend(frame);
    this.#standing.addEventListener("change", () => this.#wake());
    this.#show(this.#shown);
  }

  /** What the interviewer is doing, and the word for it. */
  be(mood: Mood, word: string): void {
    if (this.#word.textContent !== word) this.#word.textContent = word;
    if (mood === this.#mood) return;
    const now = performance.now();
    this.#from = this.#shown;
    this.#mood = mood;
    this.#changedAt = now;
    this.#breath.hush(now);
    this.#root.dataset["presence"] = mood;
    this.#wake();
  }

  /** A word goes by. */
  beat(strength: number): void {
    this.#breath.beat(strength, performance.now());
    this.#wake();
  }

  /** The candidate's own sound: root mean square, 0–1. */
  hear(rms: number): void {
    this.#breathe("listening", rms);
  }

  /** The interviewer's: root mean square, 0–1. */
  speak(rms: number): void {
    this.#breathe("speaking", rms);
  }

  #breathe(mood: Mood, rms: number): void {
    if (this.#mood !== mood) return;
    this.#breath.hear(rms, performance.now());
    this.#wake();
  }

  #wake(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    window.requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now: number): void {
    if (this.#standing.matches) {
      this.#isDrawing = false;
      this.#show(line(this.#mood, 0, this.#mood === "listening" ? 0 : STANDING_LEVEL));
      return;
    }
    const level = this.#breath.at(now);
    if (now - this.#drawnAt >= FRAME_MS) {
      this.#drawnAt = now;
      const share = Math.min(1, (now - this.#changedAt) / CHANGES_IN_MS);
      const to = line(this.#mood, now / 1000, level);
      this.#show(share < 1 ? between(this.#from, to, Math.max(0, share)) : to);
    }
    const moves = this.#mood === "speaking" || this.#mood === "thinking";
    if (moves || level > FAINT || now - this.#changedAt < CHANGES_IN_MS + 2 * FRAME_MS) {
      window.requestAnimationFrame((next) => this.#draw(next));
    } else {
      this.#isDrawing = false;
      this.#show(line(this.#mood, 0, 0));
    }
  }

  #show(shown: Line): void {
    this.#shown = shown;
    this.#strands[0].setAttribute("d", drawn(shown[0]));
    this.#strands[1].setAttribute("d", drawn(shown[1]));
  }
}

function strandIn(picture: SVGSVGElement): SVGPathElement {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  picture.append(path);
  return path;
}
