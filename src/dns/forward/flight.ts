import type { AskParts } from './attempt.ts';
import type { Place } from './line.ts';
import type { Question } from './question.ts';
import { type RaceEnd, race } from './race.ts';
import type { Upstream } from './upstream.ts';

/** What came of a question that went out, or did not. */
export type FlightEnd = RaceEnd | { readonly type: 'dropped' };

/** One question on its way to the upstreams, and all who wait for its answer. */
export class Flight implements Place {
  client: string;
  readonly #parts: AskParts;
  readonly #question: Question;
  readonly #upstreams: () => readonly Upstream[];
  readonly #landed: (end: FlightEnd, wasOut: boolean) => void;
  readonly #end = Promise.withResolvers<FlightEnd>();
  #cancelRace = () => {};
  #out = false;
  #over = false;

  /** `landed` is called once, before those who wait hear of it; `wasOut` says that it had its place. */
  constructor(
    parts: AskParts,
    question: Question,
    client: string,
    upstreams: () => readonly Upstream[],
    landed: (end: FlightEnd, wasOut: boolean) => void,
  ) {
    this.#parts = parts;
    this.#question = question;
    this.client = client;
    this.#upstreams = upstreams;
    this.#landed = landed;
  }

  /** Never rejects. */
  get end(): Promise<FlightEnd> {
    return this.#end.promise;
  }

  start(): void {
    this.#out = true;
    this.#cancelRace = race(this.#parts, this.#question, this.#upstreams(), (end) => this.#land(end));
  }

  drop(): void {
    this.#land({ type: 'dropped' });
  }

  /** Ends it wherever it is. */
  cancel(): void {
    this.#cancelRace();
    this.drop();
  }

  #land(end: FlightEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#landed(end, this.#out);
    this.#end.resolve(end);
  }
}
