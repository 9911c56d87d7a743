// What the check finds, put beside the fields it is about. The server writes the same where no script runs.

import { element } from "./element";

interface Remark {
  severity: string;
  kind: string;
  message: string;
}

export interface Remarks {
  told: Record<string, Remark[]>;
  counts: Record<string, string>;
  summary: string;
  errors: number;
}

export function place(form: HTMLFormElement, remarks: Remarks): void {
  for (const slot of form.querySelectorAll<HTMLElement>("[data-told]")) {
    const path = slot.dataset["told"] ?? "";
    const told = remarks.told[path] ?? [];
    const written = told.map(({ severity, kind, message }) => {
      const line = element("p", `finding finding--${severity}`);
      line.append(element("strong", "", kind), ` ${message}`);
      return line;
    });
    if (written.map((line) => line.textContent).join() !== slot.textContent) slot.replaceChildren(...written);
    const field = form.elements.namedItem(path);
    if (!(field instanceof HTMLElement)) continue;
    if (told.some(({ severity }) => severity === "error")) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  for (const count of form.querySelectorAll<HTMLElement>("[data-count]")) {
    count.textContent = remarks.counts[count.dataset["count"] ?? ""] ?? "";
  }
  const summary = form.querySelector("[data-summary]");
  if (summary && summary.textContent !== remarks.summary) summary.textContent = remarks.summary;
}
