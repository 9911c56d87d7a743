// One key for each act of the bar. Single keys work only outside text, and can be turned off: who steers by voice or
// hits keys by accident must not end an interview with one.

export type Act =
  | "microphone"
  | "type"
  | "voice"
  | "repeat"
  | "hint"
  | "wait"
  | "skip"
  | "pause"
  | "language"
  | "all"
  | "keys"
  | "devices"
  | "figures"
  | "end"
  | "leave";

const ACTS: Readonly<Record<string, Act>> = {
  m: "microphone",
  t: "type",
  v: "voice",
  r: "repeat",
  h: "hint",
  w: "wait",
  s: "skip",
  p: "pause",
  l: "language",
  a: "all",
  d: "devices",
  f: "figures",
  "?": "keys",
  e: "end",
};

export interface Stroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly isComposing: boolean;
  readonly repeat: boolean;
}

/** What a stroke asks for; null where it belongs to the text, the browser or nobody. */
export function actOf(stroke: Stroke, inText: boolean, singleKeys: boolean): Act | null {
  if (stroke.ctrlKey || stroke.altKey || stroke.metaKey || stroke.isComposing || stroke.repeat) return null;
  if (stroke.key === "Escape") return "leave";
  if (inText || !singleKeys) return null;
  return ACTS[stroke.key.toLowerCase()] ?? null;
}

/** Whether what has the focus takes letters as text. */
export function takesText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
}

const KEPT_AS = "viva.single-keys";

/** Whether single keys are wanted, kept on this device. */
export function singleKeys(): boolean {
  try {
    return localStorage.getItem(KEPT_AS) !== "off";
  } catch {
    return true;
  }
}

export function keepSingleKeys(on: boolean): void {
  try {
    localStorage.setItem(KEPT_AS, on ? "on" : "off");
  } catch {
    return;
  }
}
