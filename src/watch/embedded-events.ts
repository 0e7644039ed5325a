import type { Clock } from '../clock.ts';

/** As many of the latest events as an engine keeps for those who ask for them later. */
const eventsKept = 256;
const microsPerSecond = 1_000_000;
const nanosPerSecond = 1e9;

/** What happened, as `GET /events` tells it. */
export interface EmbeddedEvent {
  readonly Type: 'container' | 'network';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly time: number;
  readonly timeNano: number;
}

/** The events of the embedded engine, and its clock. */
export class EmbeddedEvents {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: EmbeddedEvent) => void>();
  #kept: readonly EmbeddedEvent[] = [];
  #lastMicros = 0;
  #losing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  emit(Type: EmbeddedEvent['Type'], Action: string, ID: string, Attributes: Readonly<Record<string, string>>): void {
    const micros = this.#nowMicros();
    if (this.#losing) return;
    const time = Math.floor(micros / microsPerSecond);
    const event = { Type, Action, Actor: { ID, Attributes }, time, timeNano: micros * 1000 };
    this.#kept = [...this.#kept, event].slice(-eventsKept);
    for (const listener of this.#listeners) listener(event);
  }

  /** Tells what was kept since then, and from now on what happens, until the returned function is called. */
  subscribe(sinceSeconds: number, listener: (event: EmbeddedEvent) => void): () => void {
    for (const event of this.#kept) if (event.timeNano / nanosPerSecond >= sinceSeconds) listener(event);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Does `act` and tells nobody of it. */
  lose(act: () => void): void {
    this.#losing = true;
    try {
      act();
    } finally {
      this.#losing = false;
    }
  }

  /** The time in RFC 3339, with nanoseconds as the engine writes it. */
  now(): string {
    const micros = this.#nowMicros();
    const fraction = String(micros % microsPerSecond).padStart(6, '0');
    return `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)}.${fraction}000Z`;
  }

  /** Never twice the same, so that what came first can be told. */
  #nowMicros(): number {
    this.#lastMicros = Math.max(this.#lastMicros + 1, this.#clock.wallNow() * 1000);
    return this.#lastMicros;
  }
}
