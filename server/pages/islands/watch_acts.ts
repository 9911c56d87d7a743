// What somebody who watches has done and the server has not yet kept. It outlives a drop and a reload, is sent again
// with the same id, and is dropped where the log shows that it was kept after all.

import { element } from "./element";
import { newClientId, Outbox } from "./keeping";
import type { Act, Fact } from "./protocol";
import type { Texts } from "./texts";
import type { Witnessed } from "./witnessed";

interface KeptAct {
  client_id: string;
  act: Act;
  /** The last event that was there before it. */
  after: number;
}

type Deed<A = Act> = A extends Act ? Omit<A, "client_id"> : never;

export class WatchActs {
  readonly #outbox: Outbox<KeptAct>;
  readonly #place: HTMLElement;
  readonly #texts: Texts;
  readonly #send: (act: Act) => void;
  readonly #shown = new Map<string, HTMLElement>();

  constructor(interview: string, place: HTMLElement, texts: Texts, send: (act: Act) => void) {
    this.#outbox = new Outbox(`watch.${interview}`);
    this.#place = place;
    this.#texts = texts;
    this.#send = send;
    for (const kept of this.#outbox.messages) this.#show(kept.act);
  }

  /** Whether an act of this kind is under way. */
  has(type: Act["type"]): boolean {
    return this.#outbox.messages.some((kept) => kept.act.type === type);
  }

  do(deed: Deed, after: number): void {
    const act = { ...deed, client_id: newClientId() } as Act;
    this.#outbox.add({ client_id: act.client_id, act, after });
    this.#show(act);
    this.#send(act);
  }

  /** Everything that is not known to be kept. */
  sendAgain(): void {
    for (const kept of this.#outbox.messages) this.#send(kept.act);
  }

  /** It is kept, or never will be: given back. */
  settled(clientId: string): Act | undefined {
    this.#shown.get(clientId)?.remove();
    this.#shown.delete(clientId);
    return this.#outbox.take(clientId)?.act;
  }

  /** An event of one's own: the act that it keeps is no longer to be sent. */
  seen(fact: Fact): void {
    const event = fact.event as Witnessed;
    const kept = this.#outbox.messages.find(({ act, after }) => fact.seq > after && isKeptAs(act, event));
    if (kept) this.settled(kept.client_id);
  }

  clear(): void {
    for (const kept of this.#outbox.messages) this.settled(kept.client_id);
  }

  #show(act: Act): void {
    const words = act.type === "flag" ? act.reason : "text" in act ? act.text : "";
    const entry = element("div", "words words--person words--waiting");
    entry.append(element("p", "words__who", this.#texts(`watch.doing_${act.type}`)));
    if (words) entry.append(element("p", "words__text", words));
    entry.append(element("p", "words__state", this.#texts("live.waiting")));
    this.#shown.set(act.client_id, entry);
    this.#place.append(entry);
    entry.scrollIntoView({ block: "nearest" });
  }
}

function isKeptAs(act: Act, event: Witnessed): boolean {
  switch (act.type) {
    case "flag":
      return event.type === "interview.flagged" && event.reason === act.reason;
    case "note":
      return event.type === "note.left" && event.text === act.text;
    case "take":
      return event.type === "control.taken";
    case "speak":
      return event.type === "operator.said" && event.text === act.text;
    case "return":
      return event.type === "control.returned";
    case "finish":
      return event.type === "end.ordered";
  }
}
