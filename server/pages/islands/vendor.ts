// Who hears what is said to the browser's own recogniser: the vendor of the browser, in whose cloud it runs.

import type { Texts } from "./texts";

export type Vendor = "google" | "microsoft" | "apple" | "other";

/** Their names, which are the same in every language. */
export const VENDORS: Record<Exclude<Vendor, "other">, string> = {
  google: "Google",
  microsoft: "Microsoft",
  apple: "Apple",
};

/** The sentence on who hears the candidate through the browser's own recogniser. */
export function heardBy(texts: Texts): string {
  const vendor = vendorOf(navigator);
  return vendor === "other" ? texts("live.heard_by_vendor") : texts("live.heard_by", { vendor: VENDORS[vendor] });
}

interface Identified {
  userAgentData?: { brands?: readonly { brand: string }[]; mobile?: boolean };
}

/** The vendor by the browser's own account of itself. */
export function vendorOf(navigator: Navigator & Identified): Vendor {
  const brands = navigator.userAgentData?.brands?.map((each) => each.brand) ?? [];
  if (brands.includes("Microsoft Edge") || / Edg\//.test(navigator.userAgent)) return "microsoft";
  if (brands.includes("Google Chrome")) return "google";
  if (brands.length === 0 && /Version\/[\d.]+ .*Safari\//.test(navigator.userAgent)) return "apple";
  return "other";
}

/** Phones give the microphone to one listener at a time, so a level beside the recogniser would deafen it. */
export function sharesMicrophone(navigator: Navigator & Identified): boolean {
  return !(navigator.userAgentData?.mobile || /Android|iPhone|iPad/.test(navigator.userAgent));
}
