import type { Clock } from '../../clock.ts';
import type { ForwardLimits } from './options.ts';
import type { ForwardCounts } from './stats.ts';

/** Something that wants a place at the upstreams. */
export interface Place {
  /** Whose it is; whoever else wants it too may take it over while it waits. */
  client: string;
  /** It has its place; it must give it back with `leave`. */
  start(): void;
  /** It will not get one. */
  drop(): void;
}

interface Waiting {
  readonly place: Place;
  readonly since: number;
}

interface Client {
  out: number;
  /** Oldest first. */
  readonly waiting: Waiting[];
}

/**
 * Hands out places at the upstreams: so many in all, so many for each client. Under overload clients take turns and the
 * newest question of a client goes first, since the oldest one's asker is about to give up; what waited longer than
 * that is dropped.
 */
export class Line {
  readonly #clock: Clock;
  readonly #limits: ForwardLimits;
  readonly #patienceMs: number;
  readonly #counts: ForwardCounts;
  readonly #clients = new Map<string, Client>();
  /** Clients with questions that wait and room for more; the first one is served next. */
  readonly #turns = new Set<string>();
  /** All that wait, oldest first. */
  readonly #waiting = new Map<Place, Waiting>();
  #out = 0;
  #serving = false;

  constructor(clock: Clock, limits: ForwardLimits, patienceMs: number, counts: ForwardCounts) {
    this.#clock = clock;
    this.#limits = limits;
    this.#patienceMs = patienceMs;
    this.#counts = counts;
  }

  get out(): number {
    return this.#out;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Starts it, now or later, or drops it. */
  enter(place: Place): void {
    const client = this.#client(place.client);
    if (this.#out < this.#limits.inFlight && client.out < this.#limits.perClient) {
      this.#start(place);
      return;
    }
    const waiting = { place, since: this.#clock.now() };
    client.waiting.push(waiting);
    this.#waiting.set(place, waiting);
    this.#updateTurn(place.client, client);
    if (client.waiting.length > this.#limits.perClient) this.#drop(client.waiting[0], 'droppedPerClient');
    else if (this.#waiting.size > this.#limits.waiting) this.#drop(firstOf(this.#waiting.values()), 'droppedOverload');
  }

  /**
   * Another one asks for what waits: now it is the newest, and it is theirs where they have room for it, so that nobody
   * waits behind the other questions of a client that has too many.
   */
  join(place: Place, name: string): void {
    const waiting = this.#waiting.get(place);
    if (waiting === undefined) return;
    this.#remove(waiting);
    const { out, waiting: others } = this.#client(name);
    const { perClient } = this.#limits;
    if (out < perClient && others.length < perClient) place.client = name;
    this.#tidy(name);
    this.enter(place);
  }

  /** Gives back a place that was started. */
  leave(name: string): void {
    const client = this.#client(name);
    client.out--;
    this.#out--;
    this.#updateTurn(name, client);
    // Where nobody can be asked a place is given back before `start` returns: thousands would wait inside each other.
    if (this.#serving) return;
    this.#serving = true;
    try {
      this.#dropLate();
      this.#serve();
    } finally {
      this.#serving = false;
    }
  }

  /** Drops all that wait. */
  clear(): void {
    for (const waiting of [...this.#waiting.values()]) this.#remove(waiting)?.drop();
  }

  #serve(): void {
    const next = () => (this.#out < this.#limits.inFlight ? firstOf(this.#turns.values()) : undefined);
    for (let turn = next(); turn !== undefined; turn = next()) this.#startNewest(turn);
  }

  #startNewest(name: string): void {
    const newest = this.#client(name).waiting.at(-1);
    const place = newest && this.#remove(newest);
    // Behind the others: it has its turn now.
    this.#turns.delete(name);
    if (place) this.#start(place);
  }

  #start(place: Place): void {
    const client = this.#client(place.client);
    client.out++;
    this.#out++;
    this.#updateTurn(place.client, client);
    place.start();
  }

  #dropLate(): void {
    const deadline = this.#clock.now() - this.#patienceMs;
    const oldest = () => firstOf(this.#waiting.values());
    for (let late = oldest(); late && late.since <= deadline; late = oldest()) this.#drop(late, 'droppedLate');
  }

  #drop(waiting: Waiting | undefined, reason: 'droppedPerClient' | 'droppedOverload' | 'droppedLate'): void {
    const place = waiting && this.#remove(waiting);
    if (!place) return;
    this.#counts[reason]++;
    place.drop();
  }

  #remove(waiting: Waiting): Place | undefined {
    if (!this.#waiting.delete(waiting.place)) return undefined;
    const name = waiting.place.client;
    const client = this.#client(name);
    client.waiting.splice(client.waiting.indexOf(waiting), 1);
    this.#updateTurn(name, client);
    return waiting.place;
  }

  #client(name: string): Client {
    const client = this.#clients.get(name) ?? { out: 0, waiting: [] };
    this.#clients.set(name, client);
    return client;
  }

  #updateTurn(name: string, client: Client): void {
    if (client.waiting.length > 0 && client.out < this.#limits.perClient) this.#turns.add(name);
    else this.#turns.delete(name);
    this.#tidy(name);
  }

  /** Forgets a client that has nothing here. */
  #tidy(name: string): void {
    const client = this.#clients.get(name);
    if (client?.waiting.length === 0 && client.out === 0) this.#clients.delete(name);
  }
}

function firstOf<T>(values: IterableIterator<T>): T | undefined {
  return values.next().value;
}
