// A plan from a file: its text goes where it could be pasted, and a line that is wrong is shown there.

import { one } from "./element";

const form = document.querySelector<HTMLFormElement>("[data-import]");
if (form) {
  const text = one<HTMLTextAreaElement>(form, "textarea");
  const file = one<HTMLInputElement>(form, "input[type=file]");
  one<HTMLElement>(form, "[data-file]").hidden = false;
  file.addEventListener("change", () => {
    void file.files?.[0]?.text().then((read) => {
      text.value = read;
      text.focus();
      text.setSelectionRange(0, 0);
    });
  });
  const line = Number(form.dataset["line"]);
  if (line > 0) show(text, line);
}

/** Mark a line, and have it in sight. */
function show(text: HTMLTextAreaElement, line: number): void {
  const lines = text.value.split("\n");
  const from = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  text.focus();
  text.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 4) * height);
}
