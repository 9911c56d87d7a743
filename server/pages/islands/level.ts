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
    summary.append(element("strong", "level__numeral", texts("live.level", { level: score.level })));
    card.append(summary, element("p", "level__anchor", score.anchor));
  }
  for (const quote of score.evidence) {
    const words = document.createElement("blockquote");
    words.append(element("p", "quote", quote.text));
    card.append(words);
  }
  if (score.suggestion) card.append(element("p", "level__suggestion", score.suggestion));
  return card;
}
