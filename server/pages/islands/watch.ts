// An interview in progress, for somebody who watches: everything that its log holds as it grows, and what they may do.

import { Connection, type Status } from "./connection";
import { element, one } from "./element";
import type { Names } from "./level";
import { forgetOld } from "./keeping";
import { Presence } from "./presence";
import type { Act, Fact, Language, Problem, ServerMessage, StateView, Watching } from "./protocol";
import { textsOf } from "./texts";
import { Trouble } from "./trouble";
import { WatchActs } from "./watch_acts";
import { Desk } from "./watch_desk";
import { WatchLog } from "./watch_log";
import { Scene } from "./watch_scene";
import { Whereabouts } from "./whereabouts";
import type { Witnessed } from "./witnessed";

interface WatchNames extends Names {
  wordings: Record<string, Partial<Record<Language, string>>>;
}

const root = one<HTMLElement>(document, "[data-watch]");
const interview = root.dataset["interview"] ?? "";
const texts = textsOf(root);
const names = JSON.parse(root.dataset["names"] ?? "{}") as WatchNames;
/** How far this device's clock is ahead of the server's, ms. */
const ahead = Date.now() - Number(root.dataset["now"]);

const connected = one<HTMLElement>(root, "[data-connected]");
const there = one<HTMLElement>(root, "[data-there]");
const speaks = one<HTMLElement>(root, "[data-speaks]");
const question = one<HTMLElement>(root, "[data-question]");
const said = one<HTMLElement>(root, "[data-said]");
const interim = one<HTMLElement>(root, "[data-interim]");
const waits = one<HTMLElement>(root, "[data-waits]");
const alarm = one<HTMLElement>(root, "[data-alarm]");
const end = one<HTMLElement>(root, "[data-end]");

const scene = new Scene();
const presence = new Presence(one(root, "[data-presence]"));
const trouble = new Trouble(one(root, "[data-trouble]"));
const whereabouts = new Whereabouts(root, texts);
const log = new WatchLog(said, one(root, "[data-log]"), texts, names, (seq, words) => desk.flag(seq, words));
const acts = new WatchActs(interview, one(root, "[data-pending]"), texts, send);
const desk = new Desk(root, interview, texts, {
  note: (text) => act({ type: "note", text }),
  flag: (reason, about) => act({ type: "flag", reason, about }),
  speak: (text) => act({ type: "speak", text }),
  take: () => act({ type: "take" }),
  giveBack: () => act({ type: "return" }),
  finish: () => act({ type: "finish" }),
});

let state: StateView | null = null;
let lastSeq = 0;
/** Up to here the past is sent; then what comes has just happened. */
let pastSeq = Infinity;
let me = "";
let isOperator = false;
let status: Status["kind"] = "connecting";

const connection = new Connection(root.dataset["tickets"] ?? "", root.dataset["live"] ?? "", {
  lastSeq: () => lastSeq,
  capabilities: () => ["text"],
  received,
  sounded: () => {},
  became,
});

function act(deed: Parameters<WatchActs["do"]>[0]): void {
  alarm.textContent = "";
  acts.do(deed, lastSeq);
  show();
}

function send(message: Act): void {
  // Before everything that was kept is known, it could be sent twice under two names of ours.
  if (isCaughtUp()) connection.send(message);
}

function isCaughtUp(): boolean {
  return connection.open && lastSeq >= pastSeq;
}

function received(message: ServerMessage): void {
  switch (message.type) {
    case "watching":
      welcomed(message);
      break;
    case "state":
      showState(message.state);
      break;
    case "event":
      showFact(message);
      break;
    case "ack":
      acts.settled(message.client_id);
      show();
      break;
    case "error":
      showProblem(message);
      break;
    case "notice":
      trouble.set("notice", message.message);
      break;
  }
}

function welcomed(message: Watching): void {
  // This page knows more than the log: it was set back, so the page begins anew.
  if (lastSeq > message.last_seq) {
    window.location.reload();
    return;
  }
  me = message.me;
  log.me = me;
  isOperator = message.role === "operator";
  pastSeq = message.last_seq;
  showState(message.state);
  if (isCaughtUp()) caughtUp();
}

/** The past is all here. */
function caughtUp(): void {
  log.isLive(true);
  if (scene.hasEnded) acts.clear();
  acts.sendAgain();
  if (state) showState(state);
}

function showFact(fact: Fact): void {
  if (fact.seq <= lastSeq) return;
  lastSeq = fact.seq;
  scene.take(fact);
  const event = fact.event as Witnessed;
  log.add(fact, event.type === "reply.heard" ? scene.before : null);
  if (fact.actor === me) acts.seen(fact);
  if (event.type === "speech.final") presence.beat(0.6);
  if (event.type === "interview.ended") showEnd(event.reason);
  if (lastSeq === pastSeq) caughtUp();
  else if (lastSeq > pastSeq) show();
}

function showProblem(problem: Problem): void {
  if (!problem.fatal) {
    const sentence = texts(`watch.refused_${problem.code}`);
    alarm.textContent = sentence.startsWith("watch.") ? problem.message : sentence;
  }
  // What could not be kept just now is tried again; what was refused is given back.
  if (problem.code === "unavailable") window.setTimeout(() => acts.sendAgain(), 2_000);
  if (!problem.client_id) return;
  const refused = acts.settled(problem.client_id);
  if (refused?.type === "note" || refused?.type === "speak") desk.putBack(refused.type, refused.text);
  if (refused?.type === "flag") desk.putBack("flag", refused.reason);
  show();
}

function became(next: Status): void {
  status = next.kind;
  root.dataset["connection"] = next.kind;
  if (next.kind !== "open") {
    pastSeq = Infinity;
    whereabouts.stop();
    log.isLive(false);
  }
  // It ended while we were away: this address now leads to its report.
  if (next.kind === "over" && !scene.hasEnded) window.location.reload();
  trouble.set("connection", next.kind === "lost" && !scene.hasEnded ? lost(next.offline) : "");
  if (next.kind === "stopped") alarm.textContent = texts("watch.stopped");
  show();
}

function lost(offline: boolean): string {
  return texts(offline ? "watch.offline" : "watch.lost");
}

function showState(next: StateView): void {
  state = next;
  if (!scene.hasEnded) whereabouts.at({ ...next, left_ms: next.left_ms - sinceMoved(next) });
  question.lang = next.language;
  said.lang = next.language;
  show();
}

/** How long the interview's clock has run on since the last event, ms. */
function sinceMoved(next: StateView): number {
  if (!scene.movedAt || next.paused || !next.present || next.phase === "lobby") return 0;
  return Math.max(0, Date.now() - ahead - scene.movedAt);
}

function show(): void {
  setWords(connected, texts(`watch.is_${liveness()}`));
  connected.dataset["state"] = liveness();
  setWords(there, state ? texts(`watch.there_${presenceOf(state)}`) : "");
  setWords(speaks, state && !scene.hasEnded ? texts(`watch.voice_${voice()}`) : "");
  root.dataset["control"] = voice();
  setWords(waits, state && !scene.hasEnded ? waiting(state) : "");
  showQuestion();
  showPresence();
  showHeard();
  const isMine = scene.control === me && me !== "";
  desk.show({
    isOpen: isCaughtUp(),
    isOperator,
    hasStarted: state !== null && state.phase !== "lobby",
    hasEnded: scene.hasEnded,
    isMine,
    isAnothers: scene.control !== null && !isMine,
    isEnding: scene.isEndOrdered || acts.has("finish") || acts.has("take") || acts.has("return"),
  });
}

function liveness(): "live" | "catching_up" | "connecting" | "lost" | "closed" {
  if (status === "open") return isCaughtUp() ? "live" : "catching_up";
  if (status === "connecting" || status === "lost") return status;
  return "closed";
}

function presenceOf(at: StateView): "waited" | "here" | "away" | "ended" {
  if (scene.hasEnded) return "ended";
  if (at.phase === "lobby" && !at.present) return "waited";
  return at.present ? "here" : "away";
}

function voice(): "interviewer" | "you" | "another" {
  if (scene.control === null) return "interviewer";
  return scene.control === me ? "you" : "another";
}

/** What the interview waits for, and that it does. */
function waiting(at: StateView): string {
  if (at.phase === "lobby" && !at.present) return texts("watch.waits_first");
  if (!at.present) return texts("watch.waits_away");
  return at.paused ? texts("watch.waits_paused") : "";
}

/** The question that is being asked, or the one that is open. */
function showQuestion(): void {
  const coming = scene.reply?.kind === "next" ? names.wordings[scene.reply.questionId ?? ""] : undefined;
  const wording = coming?.[state?.language ?? "en"] ?? state?.question?.text ?? "";
  setWords(question, scene.hasEnded ? "" : wording);
}

function showPresence(): void {
  if (!state || scene.hasEnded) presence.be("still", "");
  else if (state.phase === "lobby" && !state.present) presence.be("still", texts("live.phase_lobby"));
  else if (!state.present) presence.be("paused", texts("watch.now_away"));
  else if (state.paused) presence.be("paused", texts("live.is_paused"));
  else if (scene.reply) presence.be("speaking", texts(speakingWords()));
  else presence.be("listening", texts(scene.heard ? "watch.now_answering" : "watch.now_listening"));
}

function speakingWords(): string {
  if (scene.reply?.kind === "operator") return "watch.now_person";
  return "watch.now_speaking";
}

/** What the candidate has said of a turn that goes on. */
function showHeard(): void {
  const words = scene.heard;
  interim.hidden = !words;
  if (!words) interim.replaceChildren();
  else if (interim.querySelector(".words__text")?.textContent !== words) {
    interim.replaceChildren(
      element("p", "words__who", `${texts("live.candidate")} · ${texts("watch.goes_on")}`),
      element("p", "words__text", words),
    );
    if (isCaughtUp()) interim.scrollIntoView({ block: "nearest" });
  }
}

function showEnd(reason: string): void {
  acts.clear();
  desk.close();
  whereabouts.ended();
  trouble.clear();
  root.dataset["over"] = "true";
  setWords(one(end, "[data-end-reason]"), texts(`watch.ended_${reason}`));
  end.hidden = false;
  // Who stood on something that is gone now stands here.
  if (document.activeElement === document.body) one<HTMLElement>(end, "h2").focus();
}

function setWords(place: HTMLElement, words: string): void {
  if (place.textContent !== words) place.textContent = words;
}

forgetOld(Date.now());
connection.start();
show();
