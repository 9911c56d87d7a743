// The room: what the server says is shown, what the candidate writes or presses is sent and kept until acknowledged.

import { Clock } from "./clock";
import { Connection, type Status } from "./connection";
import { Draft, newClientId, Outbox, type Kept } from "./keeping";
import type { Names } from "./level";
import type { Fact, Language, Notice, Payload, Problem, Request, ServerMessage, StateView } from "./protocol";
import { textsOf } from "./texts";
import { Transcript } from "./transcript";

const TYPING_EVERY_MS = 2_000;

const root = one<HTMLElement>(document, "[data-room]");
const interview = root.dataset["interview"] ?? "";
const texts = textsOf(root);
const names = JSON.parse(root.dataset["names"] ?? "{}") as Names;

const log = one<HTMLElement>(root, "[data-log]");
const whereabouts = one<HTMLElement>(root, "[data-where]");
const progress = one<HTMLProgressElement>(root, "[data-progress]");
const question = one<HTMLElement>(root, "[data-question]");
const situation = one<HTMLElement>(root, "[data-situation]");
const alarm = one<HTMLElement>(root, "[data-alarm]");
const takeBack = one<HTMLButtonElement>(root, "[data-take-back]");
const consent = one<HTMLElement>(root, "[data-consent]");
const form = one<HTMLFormElement>(root, "[data-composer]");
const answer = one<HTMLTextAreaElement>(form, "textarea");
const bar = one<HTMLElement>(root, "[data-bar]");
const buttons = [...root.querySelectorAll<HTMLButtonElement>("button[data-request]")];
const ending = one<HTMLDialogElement>(root, "[data-ending]");
const end = one<HTMLElement>(root, "[data-end]");
const endReason = one<HTMLElement>(root, "[data-end-reason]");

const draft = new Draft(interview);
const outbox = new Outbox(interview);
const transcript = new Transcript(log, texts, names);
const clock = new Clock(() => showWhere());

let state: StateView | null = null;
let lastSeq = 0;
let over = false;
let typedAt = 0;

const connection = new Connection(root.dataset["tickets"] ?? "", root.dataset["live"] ?? "", {
  lastSeq: () => lastSeq,
  received,
  became,
});

function received(message: ServerMessage): void {
  switch (message.type) {
    case "welcome":
      transcript.forgetUnheard();
      showState(message.state);
      for (const kept of outbox.messages) sendKept(kept);
      break;
    case "state":
      showState(message.state);
      break;
    case "event":
      showFact(message);
      break;
    case "reply.delta":
      transcript.delta(message.reply_id, message.text);
      break;
    case "reply.end":
      transcript.ended(message.reply_id);
      break;
    case "ack":
      outbox.take(message.client_id);
      transcript.acknowledged(message.client_id, message.seq);
      break;
    case "notice":
      showNotice(message);
      break;
    case "error":
      showProblem(message);
      break;
    case "pong":
      break;
  }
}

function showFact(fact: Fact): void {
  if (fact.seq <= lastSeq) return;
  lastSeq = fact.seq;
  if (fact.client_id) outbox.take(fact.client_id);
  const event = fact.event as Payload;
  switch (event.type) {
    case "turn.closed":
      transcript.said(fact, event.text);
      break;
    case "reply.heard":
      transcript.heard(fact, event);
      break;
    case "score.given":
      if (root.dataset["kind"] === "practice") transcript.level(fact, event);
      break;
    case "interview.ended":
      showEnd(event.reason);
      break;
  }
}

function showNotice(notice: Notice): void {
  // The server sends all of it again: begin anew, so that nothing stands here twice. Draft and outbox stay.
  if (notice.code === "history_resent") window.location.reload();
  else if (!over && notice.code !== "ended") situation.textContent = notice.message;
}

function showProblem(problem: Problem): void {
  // What closes the connection is told by its state, in one place.
  if (!problem.fatal) {
    const known = problem.code === "wrong_phase";
    alarm.textContent = known ? texts("live.not_now") : problem.message;
  }
  if (!problem.client_id) return;
  const refused = outbox.take(problem.client_id);
  transcript.refused(problem.client_id);
  if (refused?.type === "say") setAnswer([refused.text, answer.value].filter(Boolean).join("\n"));
}

function became(status: Status): void {
  root.dataset["connection"] = status.kind;
  takeBack.hidden = status.kind !== "taken_over";
  if (status.kind !== "open") clock.stop();
  if (status.kind === "ended" && !over) showEnd("elsewhere");
  if (status.kind === "stopped") alarm.textContent = texts("live.stopped");
  // It ended while we were away: this address now leads to its report.
  if (status.kind === "over") window.location.reload();
  situation.textContent = over ? "" : sentence(status);
  showButtons();
}

function sentence(status: Status): string {
  switch (status.kind) {
    case "connecting":
      return texts("live.connecting");
    case "lost":
      return texts(status.offline ? "live.offline" : "live.lost");
    case "taken_over":
      return texts("live.taken_over");
    case "open":
      return state?.paused ? texts("live.paused") : "";
    default:
      return "";
  }
}

function showState(next: StateView): void {
  const resumed = state?.paused && !next.paused;
  state = next;
  const still = next.paused || next.phase === "lobby" || next.phase === "ended";
  clock.set(next.left_ms, !still);
  question.textContent = next.question?.text ?? "";
  question.lang = next.language;
  log.lang = next.language;
  answer.lang = next.language;
  if (next.paused) situation.textContent = texts("live.paused");
  else if (resumed) situation.textContent = "";
  showWhere();
  showButtons();
}

function showWhere(): void {
  if (!state || over) return;
  const place = state.question
    ? texts("live.question", { number: state.question.number, of: state.of })
    : texts(`live.phase_${state.phase}`);
  const minutes = Math.ceil(clock.leftMs / 60_000);
  const left =
    clock.leftMs <= 0
      ? texts("live.no_time_left")
      : texts(minutes > 1 ? "live.minutes_left" : "live.minute_left", { minutes });
  const sentence = `${place} · ${left}`;
  if (whereabouts.textContent !== sentence) whereabouts.textContent = sentence;
  progress.max = state.of;
  if (state.question) progress.value = state.question.number - 1;
  else if (state.phase === "candidate_questions" || state.phase === "closing") progress.value = state.of;
}

function showButtons(): void {
  const may: readonly Request[] = state?.may ?? [];
  for (const button of buttons) {
    const request = button.dataset["request"] as Request;
    button.disabled = over || !connection.open || !may.includes(request);
    if (button.hasAttribute("data-hides")) button.hidden = !may.includes(request);
  }
  consent.hidden = over || !may.includes("consent");
  const hints = state?.question?.hints_left;
  const hint = buttons.find((button) => button.dataset["request"] === "hint");
  if (hint) hint.textContent = hints ? texts("live.hint_left", { left: hints }) : texts("live.hint");
  const other = buttons.find((button) => button.dataset["request"] === "language");
  if (other) other.textContent = texts(otherLanguage() === "es" ? "live.to_es" : "live.to_en");
}

function showEnd(reason: string): void {
  over = true;
  connection.finish();
  outbox.clear();
  draft.write("");
  clock.stop();
  if (ending.open) ending.close();
  form.hidden = true;
  bar.hidden = true;
  consent.hidden = true;
  question.textContent = "";
  situation.textContent = "";
  alarm.textContent = "";
  whereabouts.textContent = texts("live.phase_ended");
  progress.value = progress.max;
  endReason.textContent = texts(`live.ended_${reason}`);
  end.hidden = false;
  one<HTMLElement>(end, "h2").focus();
}

// --- what the candidate does ---

function say(): void {
  const text = answer.value.trim();
  if (!text || over) return;
  alarm.textContent = "";
  keepAndSend({ type: "say", client_id: newClientId(), text });
  setAnswer("");
}

function press(request: Request): void {
  alarm.textContent = "";
  const message: Kept = { type: "press", client_id: newClientId(), request };
  keepAndSend(request === "language" ? { ...message, language: otherLanguage() } : message);
}

function keepAndSend(message: Kept): void {
  outbox.add(message);
  sendKept(message);
}

function sendKept(message: Kept): void {
  if (message.type === "say") transcript.waiting(message.client_id, message.text);
  connection.send(message);
}

function setAnswer(text: string): void {
  answer.value = text;
  draft.write(text);
}

function otherLanguage(): Language {
  return state?.language === "es" ? "en" : "es";
}

answer.addEventListener("input", () => {
  draft.write(answer.value);
  const now = performance.now();
  if (now - typedAt < TYPING_EVERY_MS) return;
  typedAt = now;
  connection.send({ type: "typing" });
});

answer.addEventListener("keydown", (event) => {
  // While an input method composes, Enter chooses a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  say();
  answer.focus();
});

for (const button of buttons) {
  button.addEventListener("click", () => {
    const request = button.dataset["request"] as Request;
    if (request === "end") ending.showModal();
    else press(request);
  });
}

ending.addEventListener("close", () => {
  if (ending.returnValue === "end") press("end");
  ending.returnValue = "";
});

takeBack.addEventListener("click", () => connection.start());

answer.value = draft.read();
for (const kept of outbox.messages) if (kept.type === "say") transcript.waiting(kept.client_id, kept.text);
connection.start();

function one<E extends Element>(within: ParentNode, selector: string): E {
  const found = within.querySelector<E>(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}
