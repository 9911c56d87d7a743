// The payloads of events that are shown to somebody who watches; every other is passed over. The originals are in
// `agents/events.py`.

import type { InterviewEnded, Language, ReplyHeard, Request, ScoreGiven, TurnClosed } from "./protocol";

export interface CandidateJoined {
  type: "candidate.joined";
  first: boolean;
}

export interface CandidateLeft {
  type: "candidate.left";
}

export interface ConsentGiven {
  type: "consent.given";
}

export interface SpeechFinal {
  type: "speech.final";
  text: string;
}

export interface RequestMade {
  type: "request.made";
  request: Request;
}

export interface LanguageChanged {
  type: "language.changed";
  language: Language;
}

export interface InterviewPaused {
  type: "interview.paused";
  by: "candidate" | "silence";
}

export interface InterviewResumed {
  type: "interview.resumed";
}

export interface ReplyDecided {
  type: "reply.decided";
  reply_id: string;
  kind: ReplyKind;
  question_id: string | null;
  probe_id: string | null;
}

export type ReplyKind =
  | "greeting"
  | "consent"
  | "warm_up"
  | "next"
  | "probe"
  | "repeat"
  | "hint"
  | "wait"
  | "nudge"
  | "move_on"
  | "addition"
  | "welcome_back"
  | "your_questions"
  | "answer"
  | "closing"
  | "declined"
  | "operator";

export interface ProbeAsked {
  type: "probe.asked";
  probe_id: string;
}

export interface QuestionSkipped {
  type: "question.skipped";
  question_id: string;
  by: "candidate" | "silence";
}

export interface ProviderChanged {
  type: "provider.changed";
  service: "llm" | "stt" | "tts";
  provider: string;
  reason: "start" | "fallback" | "budget" | "recovered" | "lost";
}

export interface InterviewHeld {
  type: "interview.held";
  for_ms: number;
}

export interface InterviewFlagged {
  type: "interview.flagged";
  reason: string;
  about: number | null;
}

export interface NoteLeft {
  type: "note.left";
  text: string;
}

export interface ControlTaken {
  type: "control.taken";
}

export interface OperatorSaid {
  type: "operator.said";
  text: string;
}

export interface ControlReturned {
  type: "control.returned";
}

export interface EndOrdered {
  type: "end.ordered";
}

export interface ReportReady {
  type: "report.ready";
}

/** What is shown to somebody who watches. */
export type Witnessed =
  | TurnClosed
  | ReplyHeard
  | ScoreGiven
  | InterviewEnded
  | CandidateJoined
  | CandidateLeft
  | ConsentGiven
  | SpeechFinal
  | RequestMade
  | LanguageChanged
  | InterviewPaused
  | InterviewResumed
  | ReplyDecided
  | ProbeAsked
  | QuestionSkipped
  | ProviderChanged
  | InterviewHeld
  | InterviewFlagged
  | NoteLeft
  | ControlTaken
  | OperatorSaid
  | ControlReturned
  | EndOrdered
  | ReportReady;
