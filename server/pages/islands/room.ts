// The room: what the server says is shown and spoken, what the candidate says, writes or presses is sent and kept
// until acknowledged.

import { Bar, other } from "./bar";
import { Captions } from "./captions";
import { Composer } from "./composer";
import { Connection, type Status } from "./connection";
import { Devices } from "./devices";
import { one } from "./element";
import { Figures } from "./figures";
import { Gate, type Way } from "./gate";
import { forgetOld, newClientId, Outbox, type Kept } from "./keeping";
import type { Act } from "./keys";
import type { Names } from "./level";
import type { Deafness } from "./listening";
import { Presence } from "./presence";
import type { Fact, Hello, Notice, Payload, Problem, Request, ServerMessage, StateView } from "./protocol";
import { Speech } from "./speech";
import { Talking } from "./talking";
import { textsOf } from "./texts";
import { Transcript } from "./transcript";
import { Trouble } from "./trouble";
import { Turns } from "./turns";
import { heardBy } from "./vendor";
import type { Voice } from "./voice";
import { Whereabouts } from "./whereabouts";

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
const person = one<HTMLElement>(root, "[data-person]");
const gate = root.querySelector<HTMLElement>("[data-gate]");
const ending = one<HTMLDialogElement>(root, "[data-ending]");
const end = one<HTMLElement>(root, "[data-end]");

const outbox = new Outbox(interview);
const transcript = new Transcript(said, log, texts, names);
const captions = new Captions(said, one(root, "[data-all]"), interview, texts);
const presence = new Presence(one(root, "[data-presence]"));
const trouble = new Trouble(one(root, "[data-trouble]"));
const whereabouts = new Whereabouts(root, texts);
const turns = new Turns(show);
const bar = new Bar(root, texts, press, act);
const composer = new Composer(one(root, "[data-composer]"), interview, {
  say: (text) => say(text, "typed"),
  typing,
});
// Who hears and speaks: the server, where it and this browser can; else the browser by itself; else nobody.
const isSpoken = root.dataset["channel"] === "voice" && root.dataset["speech"] !== "none";
let talking = isSpoken && root.dataset["speech"] === "server" && Talking.isPossible ? talker() : null;
let voice: Voice | null = talking ?? (isSpoken ? listener() : null);
const figures = new Figures(root, texts, () => talking?.flow ?? null);
const devices = talking && new Devices(root, texts, (end, device) => void talking?.choose(end, device));

let state: StateView | null = null;
let lastSeq = 0;
/** What came later than this has just happened; before, it is history. */
let newSince = Infinity;
let over = false;
let isEntered = false;

const connection = new Connection(root.dataset["tickets"] ?? "", root.dataset["live"] ?? "", {
  lastSeq: () => lastSeq,
  capabilities,
  received,
  sounded: (pcm) => talking?.frame(pcm),
  became,
});

function capabilities(): Hello["capabilities"] {
  const can: Hello["capabilities"] = ["text"];
  if (talking?.isOpen) can.push("audio");
  // Also where the server can, it might not just now.
  if (voice && (!talking || talking.isOpen)) can.push("speech");
  if (figures.areWanted) can.push("figures");
  return can;
}

function received(message: ServerMessage): void {
  switch (message.type) {
    case "welcome":
      transcript.forgetUnheard();
      newSince = message.last_seq;
      if (talking?.isOpen && !message.audio) speakAlone();
      if (voice) voice.patience = message.patience;
      showState(message.state);
      if (talking?.isOpen) talking.welcomed();
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
      if (!talking?.isOpen) {
        presence.beat(WRITTEN_BEAT);
        turns.replying();
      }
      voice?.add(message.reply_id, message.text);
      break;
    case "reply.end":
      transcript.ended(message.reply_id);
      if (talking?.isOpen) turns.rest();
      else turns.replied();
      voice?.end(message.reply_id, message.interrupted);
      break;
    case "audio.begin":
      turns.rest();
      talking?.take(message);
      break;
    case "audio.end":
    case "audio.clear":
    case "audio.pause":
    case "audio.resume":
      talking?.take(message);
      break;
    case "interim":
      captions.hearing("", message.text);
      if (message.text) turns.rest();
      break;
    case "turn.measured":
      figures.add(message);
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
      if (talking?.isOpen && fact.seq > newSince) heard();
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

/** What the server heard is a turn now, and an answer to it is on its way. */
function heard(): void {
  captions.hearing("", "");
  if (!talking?.isSpeaking) turns.spoken();
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
  if (refused?.type === "say") composer.putBack(refused.text);
}

function became(status: Status): void {
  root.dataset["connection"] = status.kind;
  takeBack.hidden = status.kind !== "taken_over";
  if (status.kind !== "open") {
    whereabouts.stop();
    turns.rest();
    voice?.drop();
    if (talking?.isOpen) captions.hearing("", "");
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
  composer.language = next.language;
  if (voice) voice.language = next.language;
  if (!over) whereabouts.at(next);
  show();
}

/** Everything that follows from who may do what, and who is doing what. */
function show(): void {
  const isOpen = !over && connection.open;
  if (voice) voice.free = isOpen && !state?.paused && state?.phase !== "ended";
  bar.show(state, isOpen);
  bar.showVoices(voice, !composer.isHidden);
  if (devices) devices.isOffered = !over && talking !== null && talking.isOpen;
  consent.hidden = over || !state?.may.includes("consent");
  // A person takes the time that a person takes.
  const isByPerson = !over && Boolean(state?.by_person);
  trouble.set("slow", turns.isSlow && !isByPerson ? texts("live.slow") : "");
  const words = isByPerson ? texts("live.by_person") : "";
  if (person.textContent !== words) person.textContent = words;
  showPresence();
}

function showPresence(): void {
  if (over || !state) presence.be("still", "");
  else if (!connection.open || state.paused) presence.be("paused", texts("live.is_paused"));
  else if (voice?.isSpeaking || turns.isReplying) presence.be("speaking", texts("live.is_speaking"));
  else if (turns.isWaiting && !state.by_person) presence.be("thinking", texts("live.is_thinking"));
  else if (voice?.isListening) presence.be("listening", texts("live.is_listening"));
  else presence.be("listening", texts(voice?.canListen && composer.isHidden ? "live.is_muted" : "live.is_waiting"));
}

function showEnd(reason: string): void {
  over = true;
  connection.finish();
  outbox.clear();
  voice?.finish();
  if (ending.open) ending.close();
  composer.close();
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
      if (!voice?.canListen) break;
      if (voice.isOn && voice.isSpeaking) voice.cut();
      else if (voice.isOn) voice.listen(false);
      else talk();
      break;
    case "type":
      type();
      break;
    case "voice":
      if (!voice?.canSpeak) break;
      voice.isAloud = !voice.isAloud;
      if (voice.isAloud) void openSound();
      break;
    case "all":
      captions.showAll(!captions.all);
      break;
    case "keys":
      bar.toggleSheet();
      break;
    case "devices":
      if (devices?.isOpen) devices.close();
      else if (talking?.isOpen) void talking.listDevices().then(() => devices?.open());
      break;
    case "figures":
      figures.toggle();
      break;
    case "leave":
      if (!composer.leave()) voice?.cut();
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
  voice?.cut();
  outbox.add(message);
  sendKept(message);
  turns.asked(message);
}

function sendKept(message: Kept): void {
  if (message.type === "say") transcript.waiting(message.client_id, message.text);
  connection.send(message);
}

/** Voice: what is said is heard, and the box goes unless something stands in it. */
function talk(): void {
  trouble.set("ears", "");
  composer.isHidden = composer.isEmpty;
  if (talking && !talking.isOpen) void openSound().then((is) => is && talk());
  else voice?.listen(true);
  show();
}

/** Writing instead of speaking, with what was heard of the turn so far. */
function type(): void {
  const words = voice?.handOver() ?? "";
  captions.hearing("", "");
  voice?.listen(false);
  composer.isHidden = false;
  composer.add(words);
  composer.focus();
  show();
}

function typing(): void {
  connection.send({ type: "typing" });
}

ending.addEventListener("close", () => {
  if (ending.returnValue === "end") ask("end");
  ending.returnValue = "";
});

takeBack.addEventListener("click", () => connection.start());

// --- by voice ---

/** The server's ears and voice, where they are to be had and not begun yet; `false` where they are not after all. */
async function openSound(): Promise<boolean> {
  if (!talking || talking.isOpen) return true;
  const opened = await talking.open();
  if (!opened) speakAlone();
  else if (isEntered) connection.renew();
  return opened;
}

/** The server does not hear and speak after all: the browser does, and its vendor hears. That is for the person to want. */
function speakAlone(): void {
  talking?.finish();
  talking = null;
  const alone = listener();
  voice = alone;
  alone.isAloud = true;
  if (state) alone.language = state.language;
  const instead = alone.canListen ? `${texts("live.browser_instead")} ${heardBy(texts)}` : texts("live.deaf_missing");
  trouble.set("sound", "");
  trouble.set("ears", instead);
  composer.isHidden = false;
  show();
}

function talker(): Talking {
  return new Talking({
    send: (message) => connection.send(message),
    sendFrame: (pcm) => connection.sendFrame(pcm),
    hear,
    speak: (rms) => presence.speak(rms),
    silent: (is) => trouble.set("microphone", is ? texts("live.silent") : ""),
    deaf: (why) => {
      trouble.set("ears", why ? texts(`live.deaf_${why}`) : "");
      if (why) composer.isHidden = false;
      // What is lost may come back by itself; else it is written now.
      if (why && why !== "lost") composer.focus();
    },
    stopped: (is) => trouble.set("sound", is ? texts("live.stopped_sound") : ""),
    devices: (all, microphone, choosesSpeaker) => devices?.list(all, microphone, choosesSpeaker),
    changed: () => show(),
  });
}

function hear(rms: number): void {
  presence.hear(rms);
  bar.level(Math.min(1, rms * 6));
}

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
    level: hear,
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
  composer.isHidden = false;
  composer.add(words);
  composer.focus();
}

async function enter(way: Way): Promise<void> {
  bar.isHidden = false;
  // Who chose to talk, and cannot in this browser, can at least listen.
  if (voice) voice.isAloud = way === "talk" || !voice.canListen;
  const canTalk = way === "type" || !talking || (await openSound());
  isEntered = true;
  connection.start();
  if (way === "type") type();
  else if (canTalk) talk();
}

forgetOld(Date.now());
for (const kept of outbox.messages) if (kept.type === "say") transcript.waiting(kept.client_id, kept.text);
if (voice && gate) {
  composer.isHidden = true;
  bar.isHidden = true;
  whereabouts.before();
  const notice = talking ? null : voice.canListen ? heardBy(texts) : texts("live.deaf_missing");
  new Gate(gate, notice, voice.canListen, (way) => void enter(way));
} else {
  isEntered = true;
  connection.start();
}
show();
