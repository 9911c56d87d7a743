// The messages of `viva.v1` as this client reads and writes them; the server's own types are the original.

import type { Witnessed } from "./witnessed";

export const SUBPROTOCOL = "viva.v1";

export type Language = "en" | "es";
export type Phase =
  | "lobby"
  | "consent"
  | "warm_up"
  | "questions"
  | "candidate_questions"
  | "closing"
  | "ended";
export type Request =
  | "consent"
  | "decline"
  | "repeat"
  | "hint"
  | "skip"
  | "pause"
  | "resume"
  | "wait"
  | "language"
  | "end";

// --- client to server ---

export interface Hello {
  type: "hello";
  ticket: string;
  last_seq: number;
  capabilities: ("text" | "audio" | "speech" | "figures")[];
  client: string;
}

export interface Say {
  type: "say";
  client_id: string;
  text: string;
  source?: "typed" | "speech";
  question_id?: string | null;
}

export interface Press {
  type: "press";
  client_id: string;
  request: Request;
  language?: Language | null;
}

export interface Typing {
  type: "typing";
}

export interface Played {
  type: "played";
  reply_id: string;
  characters: number;
  done?: boolean;
}

export interface Microphone {
  type: "microphone";
  state: "on" | "muted" | "lost";
}

export interface Playback {
  type: "playback";
  segment: number;
  ms: number;
  done?: boolean;
}

export interface Ping {
  type: "ping";
}

// --- a person who watches ---

export interface Flag {
  type: "flag";
  client_id: string;
  reason: string;
  about?: number | null;
}

export interface Note {
  type: "note";
  client_id: string;
  text: string;
}

export interface Take {
  type: "take";
  client_id: string;
}

export interface Speak {
  type: "speak";
  client_id: string;
  text: string;
}

export interface Return {
  type: "return";
  client_id: string;
}

export interface Finish {
  type: "finish";
  client_id: string;
}

export type Act = Flag | Note | Take | Speak | Return | Finish;

export type ClientMessage =
  | Hello
  | Say
  | Press
  | Typing
  | Played
  | Microphone
  | Playback
  | Ping
  | Flag
  | Note
  | Take
  | Speak
  | Return
  | Finish;

// --- server to client ---

export interface QuestionView {
  id: string;
  number: number;
  text: string;
  competency: string;
  hints_left: number;
}

export interface StateView {
  phase: Phase;
  language: Language;
  paused: boolean;
  question: QuestionView | null;
  of: number;
  left_ms: number;
  may: Request[];
  present: boolean;
  by_person: boolean;
}

export interface AudioTerms {
  sample_rate: number;
  frame_ms: number;
  longest_frame_bytes: number;
}

export interface Welcome {
  type: "welcome";
  protocol: "viva.v1";
  interview_id: string;
  kind: "practice" | "screening";
  channel: "voice" | "phone" | "text" | "room";
  plan: string;
  title: string;
  patience: "short" | "normal" | "long";
  interviewer: string;
  scorer: string;
  audio: AudioTerms | null;
  epoch: number;
  last_seq: number;
  state: StateView;
}

export interface Watching {
  type: "watching";
  protocol: "viva.v1";
  interview_id: string;
  role: "observer" | "operator";
  me: string;
  kind: "practice" | "screening";
  channel: "voice" | "phone" | "text" | "room";
  plan: string;
  title: string;
  interviewer: string;
  scorer: string;
  last_seq: number;
  state: StateView;
}

export interface Fact {
  type: "event";
  seq: number;
  at_ms: number;
  at: string;
  actor: string;
  event: Payload | Witnessed | OtherPayload;
  client_id?: string | null;
}

export interface State {
  type: "state";
  state: StateView;
}

export interface ReplyDelta {
  type: "reply.delta";
  reply_id: string;
  text: string;
}

export interface ReplyEnd {
  type: "reply.end";
  reply_id: string;
  interrupted: boolean;
}

export interface AudioBegin {
  type: "audio.begin";
  segment: number;
  reply_id: string | null;
}

export interface AudioEnd {
  type: "audio.end";
  segment: number;
}

export interface AudioClear {
  type: "audio.clear";
  segment: number;
}

export interface AudioPause {
  type: "audio.pause";
  segment: number;
}

export interface AudioResume {
  type: "audio.resume";
  segment: number;
}

export interface Interim {
  type: "interim";
  text: string;
}

export interface TurnMeasured {
  type: "turn.measured";
  turn: number;
  draft: "hit" | "miss" | "none";
  endpointing_ms: number | null;
  transcription_ms: number | null;
  first_token_ms: number | null;
  first_byte_ms: number | null;
  total_ms: number | null;
}

export interface Ack {
  type: "ack";
  client_id: string;
  seq: number;
}

export interface Notice {
  type: "notice";
  code: string;
  message: string;
}

export interface Problem {
  type: "error";
  code: string;
  message: string;
  fatal: boolean;
  close_code?: number | null;
  client_id?: string | null;
  detail?: string | null;
}

export interface Pong {
  type: "pong";
}

export type ServerMessage =
  | Welcome
  | Watching
  | Fact
  | State
  | ReplyDelta
  | ReplyEnd
  | AudioBegin
  | AudioEnd
  | AudioClear
  | AudioPause
  | AudioResume
  | Interim
  | TurnMeasured
  | Ack
  | Notice
  | Problem
  | Pong;

/** What steers the loudspeaker. */
export type AudioMessage = AudioBegin | AudioEnd | AudioClear | AudioPause | AudioResume;

// --- the payloads of events that these pages show; every other is passed over ---

export interface TurnClosed {
  type: "turn.closed";
  text: string;
  finals: number[];
}

export interface ReplyHeard {
  type: "reply.heard";
  reply_id: string;
  text: string;
  interrupted: boolean;
  heard: number;
}

export interface Quote {
  text: string;
}

export interface ScoreGiven {
  type: "score.given";
  question_id: string;
  competency: string;
  level: number | null;
  null_reason: string | null;
  anchor: string;
  evidence: Quote[];
  suggestion: string | null;
}

export interface InterviewEnded {
  type: "interview.ended";
  reason: "completed" | "stopped" | "declined" | "time" | "abandoned" | "expired" | "operator";
}

/** What the room shows. */
export type Payload = TurnClosed | ReplyHeard | ScoreGiven | InterviewEnded;

interface OtherPayload {
  type: "";
}

export const CLOSE = {
  ended: 1000,
  malformed: 4400,
  not_found: 4404,
  taken_over: 4409,
  too_large: 4413,
  wrong_frame: 4415,
} as const;
