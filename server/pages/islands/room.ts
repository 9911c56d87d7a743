// The room: what the server says is shown and spoken, what the candidate says, writes or presses is sent and kept
// until acknowledged.

import { Bar, other } from "./bar";
import { Captions } from "./captions";
import { Connection, type Status } from "./connection";
import { one } from "./element";
import { Gate, type Way } from "./gate";
import { Draft, newClientId, Outbox, type Kept } from "./keeping";
import type { Act } from "./keys";
import type { Names } from "./level";
import type { Deafness } from "./listening";
import { Presence } from "./presence";
import type { Fact, Notice, Payload, Problem, Request, ServerMessage, StateView } from "./protocol";
import { Speech } from "./speech";
import { textsOf } from "./texts";
import { Transcript } from "./transcript";
import { Trouble } from "./trouble";
import { Turns } from "./turns";
import { Whereabouts } from "./whereabouts";

const TYPING_EVERY_MS = 2_000;
const WRITTEN_BEAT = 0.5;
const SPOKEN_BEAT = 0.9;

const root = one<HTMLElement>(document, "[data-room]");
const interview = root.dataset["interview"] ?? "";
const texts = textsOf(root);
const names = JSON.parse(root.dataset["names"] ?? "{}") as Names;

const question = one<HTMLElement>(root, "[data-question]");
const said = one<HTMLElement>(root, "[data-said]");
const log = one<HTMLElement>(root, "[data-log]");
const alarm = one<HTMLElement>(root, "[data-alarm]");
const takeBack = one<HTMLButtonElement>(root, "[data-take-back]");
const consent = one<HTMLElement>(root, "[data-consent]");
const gate = root.querySelector<HTMLElement>("[data-gate]");
const form = one<HTMLFormElement>(root, "[data-composer]");
const answer = one<HTMLTextAreaElement>(form, "textarea");
const ending = one<HTMLDialogElement>(root, "[data-ending]");
const end = one<HTMLElement>(root, "[data-end]");

const draft = new Draft(interview);
const outbox = new Outbox(interview);
const transcript = new Transcript(said, log, texts, names);
const captions = new Captions(said, one(root, "[data-all]"), interview, texts);
const presence = new Presence(one(root, "[data-presence]"));
const trouble = new Trouble(one(root, "[data-trouble]"));
const whereabouts = new Whereabouts(root, texts);
const turns = new Turns(show);
const bar = new Bar(root, texts, press, act);
const speech = root.dataset["channel"] === "voice" ? listener() : null;

let state: StateView | null = null;
let lastSeq = 0;
let over = false;
let typedAt = 0;

const connection = new Connection(root.dataset["tickets"] ?? "", root.dataset["live"] ?? "", {
  lastSeq: () => lastSeq,
  capabilities: () => (speech ? ["text", "speech"] : ["text"]),
  received,
  became,
});

function received(message: ServerMessage): void {
  switch (message.type) {
    case "welcome":
      transcript.forgetUnheard();
      if (speech) speech.patience = message.patience;
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
      presence.beat(WRITTEN_BEAT);
      turns.replying();
      speech?.add(message.reply_id, message.text);
      break;
    case "reply.end":
      transcript.ended(message.reply_id);
      turns.replied();
      speech?.end(message.reply_id, message.interrupted);
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
  else if (!over && notice.code !== "ended") trouble.set("notice", notice.message);
}

function showProblem(problem: Problem): void {
  turns.rest();
  // What closes the connection is told by its state, in one place.
  if (!problem.fatal) alarm.textContent = problem.code === "wrong_phase" ? texts("live.not_now") : problem.message;
  if (!problem.client_id) return;
  const refused = outbox.take(problem.client_id);
  transcript.refused(problem.client_id);
  if (refused?.type === "say") write([refused.text, answer.value].filter(Boolean).join("\n"));
}

function became(status: Status): void {
  root.dataset["connection"] = status.kind;
  takeBack.hidden = status.kind !== "taken_over";
  if (status.kind !== "open") {
    whereabouts.stop();
    turns.rest();
    speech?.drop();
  }
  if (status.kind === "ended" && !over) showEnd("elsewhere");
  if (status.kind === "stopped") alarm.textContent = texts("live.stopped");
  // It ended while we were away: this address now leads to its report.
  if (status.kind === "over") window.location.reload();
  if (!over) trouble.set("connection", sentence(status));
  show();
}

function sentence(status: Status): string {
  switch (status.kind) {
    case "connecting":
      return texts("live.connecting");
    case "lost":
      return texts(status.offline ? "live.offline" : "live.lost");
    case "taken_over":
      return texts("live.taken_over");
    default:
      return "";
  }
}

function showState(next: StateView): void {
  state = next;
  trouble.set("notice", "");
  trouble.set("paused", next.paused ? texts("live.paused") : "");
  if (next.paused) turns.rest();
  const words = next.question?.text ?? "";
  if (question.textContent !== words) question.textContent = words;
  question.lang = next.language;
  said.lang = next.language;
  answer.lang = next.language;
  if (speech) speech.language = next.language;
  if (!over) whereabouts.at(next);
  show();
}

/** Everything that follows from who may do what, and who is doing what. */
function show(): void {
  const isOpen = !over && connection.open;
  if (speech) speech.free = isOpen && !state?.paused && state?.phase !== "ended";
  bar.show(state, isOpen);
  bar.showVoices(speech, !form.hidden);
  consent.hidden = over || !state?.may.includes("consent");
  trouble.set("slow", turns.isSlow ? texts("live.slow") : "");
  showPresence();
}

function showPresence(): void {
  if (over || !state) presence.be("still", "");
  else if (!connection.open || state.paused) presence.be("paused", texts("live.is_paused"));
  else if (speech?.isSpeaking || turns.isReplying) presence.be("speaking", texts("live.is_speaking"));
  else if (turns.isWaiting) presence.be("thinking", texts("live.is_thinking"));
  else if (speech?.isListening) presence.be("listening", texts("live.is_listening"));
  else presence.be("listening", texts(speech?.canListen && form.hidden ? "live.is_muted" : "live.is_waiting"));
}

function showEnd(reason: string): void {
  over = true;
  connection.finish();
  outbox.clear();
  draft.write("");
  speech?.finish();
  if (ending.open) ending.close();
  form.hidden = true;
  bar.isHidden = true;
  if (gate) gate.hidden = true;
  question.textContent = "";
  trouble.clear();
  alarm.textContent = "";
  whereabouts.ended();
  root.dataset["over"] = "true";
  one<HTMLElement>(end, "[data-end-reason]").textContent = texts(`live.ended_${reason}`);
  end.hidden = false;
  one<HTMLElement>(end, "h2").focus();
  show();
}

// --- what the candidate does ---

function say(text: string, source: "typed" | "speech"): void {
  if (!text || over) return;
  alarm.textContent = "";
  keepAndSend({ type: "say", client_id: newClientId(), text, source });
}

function press(request: Request): void {
  if (request === "end") {
    ending.showModal();
    return;
  }
  ask(request);
}

function ask(request: Request): void {
  alarm.textContent = "";
  const message: Kept = { type: "press", client_id: newClientId(), request };
  keepAndSend(request === "language" ? { ...message, language: other(state) } : message);
}

function act(asked: Act): void {
  switch (asked) {
    case "microphone":
      if (!speech?.canListen) break;
      if (speech.isOn && speech.isSpeaking) speech.cut();
      else if (speech.isOn) speech.listen(false);
      else talk();
      break;
    case "type":
      type();
      break;
    case "voice":
      if (speech?.canSpeak) speech.isAloud = !speech.isAloud;
      break;
    case "all":
      captions.showAll(!captions.all);
      break;
    case "keys":
      bar.toggleSheet();
      break;
    case "leave":
      if (document.activeElement === answer) answer.blur();
      else speech?.cut();
      break;
    case "pause":
      bar.press(state?.paused ? "resume" : "pause");
      break;
    default:
      bar.press(asked);
  }
}

function keepAndSend(message: Kept): void {
  // What was spoken of a reply must be known before it is cut into.
  speech?.cut();
  outbox.add(message);
  sendKept(message);
  turns.asked(message);
}

function sendKept(message: Kept): void {
  if (message.type === "say") transcript.waiting(message.client_id, message.text);
  connection.send(message);
}

/** What was half typed before a reload comes back, and what was typed before this script came stays behind it. */
function restore(): void {
  const kept = draft.read();
  if (!kept || answer.value.startsWith(kept)) draft.write(answer.value);
  else write([kept, answer.value].filter(Boolean).join(" "));
}

function write(text: string): void {
  answer.value = text;
  draft.write(text);
  if (text) form.hidden = false;
}

/** Voice: what is said is heard, and the box goes unless something stands in it. */
function talk(): void {
  trouble.set("ears", "");
  form.hidden = !answer.value;
  speech?.listen(true);
  show();
}

/** Writing instead of speaking, with what was heard of the turn so far. */
function type(): void {
  const words = speech?.handOver() ?? "";
  captions.hearing("", "");
  speech?.listen(false);
  form.hidden = false;
  if (words) write([answer.value, words].filter(Boolean).join(" "));
  answer.focus();
  show();
}

function typing(): void {
  connection.send({ type: "typing" });
}

answer.addEventListener("input", () => {
  draft.write(answer.value);
  const now = performance.now();
  if (now - typedAt < TYPING_EVERY_MS) return;
  typedAt = now;
  typing();
});

answer.addEventListener("keydown", (event) => {
  // While an input method composes, Enter chooses a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = answer.value.trim();
  if (text && !over) write("");
  say(text, "typed");
  answer.focus();
});

ending.addEventListener("close", () => {
  if (ending.returnValue === "end") ask("end");
  ending.returnValue = "";
});

takeBack.addEventListener("click", () => connection.start());

// --- by voice ---

function listener(): Speech {
  return new Speech({
    say: (text) => say(text, "speech"),
    typing,
    played: (replyId, characters, done) => {
      connection.send({ type: "played", reply_id: replyId, characters, done });
      transcript.spoken(replyId, characters);
    },
    hearing: (finals, interim) => captions.hearing(finals, interim),
    beat: () => presence.beat(SPOKEN_BEAT),
    level: (rms) => {
      presence.hear(rms);
      bar.level(Math.min(1, rms * 6));
    },
    silent: (is) => trouble.set("microphone", is ? texts("live.silent") : ""),
    deaf: (why) => trouble.set("ears", why ? texts(`live.deaf_${why}`) : ""),
    mute: (why) => trouble.set("voice", why ? texts(`live.mute_${why}`) : ""),
    fell: (why, words) => fall(why, words),
    changed: () => show(),
  });
}

function fall(why: Deafness, words: string): void {
  captions.hearing("", "");
  trouble.set("ears", texts(`live.deaf_${why}`));
  form.hidden = false;
  if (words) write([answer.value, words].filter(Boolean).join(" "));
  answer.focus();
}

function enter(way: Way, speech: Speech): void {
  bar.isHidden = false;
  // Who chose to talk, and cannot in this browser, can at least listen.
  speech.isAloud = way === "talk" || !speech.canListen;
  connection.start();
  if (way === "talk") talk();
  else type();
}

restore();
one<HTMLButtonElement>(form, "[data-send]").disabled = false;
for (const kept of outbox.messages) if (kept.type === "say") transcript.waiting(kept.client_id, kept.text);
if (speech && gate) {
  form.hidden = true;
  bar.isHidden = true;
  whereabouts.before();
  new Gate(gate, texts, speech.canListen, (way) => enter(way, speech));
} else {
  connection.start();
}
show();
