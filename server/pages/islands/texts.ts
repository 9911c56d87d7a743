// The sentences of the page's language, which the server puts on the root element as JSON.

export type Texts = (key: string, values?: Record<string, string | number>) => string;

export function textsOf(root: HTMLElement): Texts {
  const table = JSON.parse(root.dataset["texts"] ?? "{}") as Record<string, string>;
  return (key, values = {}) =>
    (table[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
