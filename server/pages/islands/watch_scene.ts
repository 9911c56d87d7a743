// Who is there, who speaks and what is being asked, as the events of an interview tell it to somebody who watches.

import type { Fact } from "./protocol";
import type { ReplyKind, Witnessed } from "./witnessed";

export interface Speaking {
  id: string;
  kind: ReplyKind;
  questionId: string | null;
}

/** Events that are written beside the conversation: its clock is not theirs. */
const ASIDE: ReadonlySet<string> = new Set([
  "score.given",
  "report.ready",
  "provider.changed",
  "interview.held",
  "interview.flagged",
  "note.left",
  "control.taken",
  "operator.said",
  "control.returned",
  "end.ordered",
]);

export class Scene {
  /** Who speaks in the interviewer's place, where somebody does. */
  control: string | null = null;
  /** The reply that is being said. */
  reply: Speaking | null = null;
  /** The reply that was said last. */
  before: Speaking | null = null;
  hasEnded = false;
  isEndOrdered = false;
  /** When the interview's clock last was where an event says, ms since 1970 by the server. */
  movedAt = 0;
  readonly #loose = new Map<number, string>();

  /** Finished pieces of a turn that goes on. */
  get heard(): string {
    return [...this.#loose.values()].join(" ");
  }

  take(fact: Fact): void {
    const event = fact.event as Witnessed;
    switch (event.type) {
      case "reply.decided":
        this.reply = { id: event.reply_id, kind: event.kind, questionId: event.question_id };
        break;
      case "reply.heard":
        if (this.reply?.id === event.reply_id) {
          this.before = this.reply;
          this.reply = null;
        }
        break;
      case "speech.final":
        this.#loose.set(fact.seq, event.text);
        break;
      case "turn.closed":
        for (const seq of event.finals) this.#loose.delete(seq);
        break;
      case "candidate.joined":
        // What was decided and never heard is decided again.
        this.reply = null;
        break;
      case "control.taken":
        this.control = fact.actor;
        break;
      case "control.returned":
        if (fact.actor === this.control || fact.actor === "director") this.control = null;
        break;
      case "end.ordered":
        this.isEndOrdered = true;
        break;
      case "interview.ended":
        this.hasEnded = true;
        this.reply = null;
        this.control = null;
        this.#loose.clear();
        break;
    }
    if (!ASIDE.has(event.type)) this.movedAt = Date.parse(fact.at);
  }
}
