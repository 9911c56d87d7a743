// The level just given, as a small card that can be opened: its words, the evidence, and what to add.

import { element } from "./element";
import type { ScoreGiven } from "./protocol";
import type { Texts } from "./texts";

/** Titles by id: of the plan's questions (their numbers) and of the rubric's competencies. */
export interface Names {
  questions: Record<string, number>;
  competencies: Record<string, string>;
}

export function levelCard(score: ScoreGiven, texts: Texts, names: Names): HTMLElement {
  const card = document.createElement("details");
  card.className = "level";
  const summary = document.createElement("summary");
  const where = texts("live.level_of", {
    number: names.questions[score.question_id] ?? "",
    competency: names.competencies[score.competency] ?? score.competency,
  });
  summary.append(element("span", "level__where", where));
  if (score.level === null) {
    summary.append(element("strong", "level__numeral", texts("live.not_enough")));
    card.append(summary, element("p", "level__reason", texts(`live.null_${score.null_reason ?? "too_little"}`)));
  } else {
    card.dataset["level"] = String(score.level);
    summary.append(steps(score.level), element("strong", "level__numeral", texts("live.level", { level: score.level })));
    card.append(summary, element("p", "level__anchor", score.anchor));
  }
  for (const quote of score.evidence) {
    const words = document.createElement("blockquote");
    words.append(element("p", "quote", quote.text));
    card.append(words);
  }
  if (score.suggestion) card.append(element("p", "level__suggestion", score.suggestion));
  // What was opened is what is to be read.
  card.addEventListener("toggle", () => card.open && card.scrollIntoView({ block: "start" }));
  return card;
}

/** The level as five steps; its numeral stands beside them. */
function steps(level: number): HTMLElement {
  const row = element("span", "steps");
  row.setAttribute("aria-hidden", "true");
  for (let step = 1; step <= 5; step += 1) row.append(element("i", step <= level ? "full" : ""));
  return row;
}
