import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { ContainerAddress, ContainerRecord } from '../record.ts';
import { addressesOf, type Surroundings } from './addresses.ts';
import { containerRecord } from './container.ts';
import type { HoldOptions } from './crashes.ts';
import type { ContainerSummary } from './decode.ts';
import type { ContainerEvent } from './event.ts';
import { Farewells } from './farewells.ts';
import { Holders } from './holders.ts';
import { type Inspection, joinedContainer } from './inspection.ts';
import { isIgnored } from './labels.ts';
import { Life } from './life.ts';
import type { ContainerNames } from './names.ts';
import { hostNetworkKey } from './networks.ts';

/** What follows from what the engine said. */
export interface LivesOutput {
  put(record: ContainerRecord): void;
  remove(id: string): void;
  /** The engine has to be asked about this container, soon. */
  inspect(id: string): void;
  count(what: string): void;
}

/** An engine that tells of containers joined in a circle tells nonsense; nobody joins one by way of so many others. */
const maxJoins = 8;

/** The numbers are explained in `config.ts`. */
export interface LivesOptions extends HoldOptions {
  readonly farewellMs: number;
}

/**
 * What runs here, worked out from events, inspections and listings, which all come late and in any order between
 * containers. Everything that arrives is counted on; `now` is read before the engine is asked, so that an answer which
 * an event overtook is known as such. It asks nobody itself.
 */
export class Lives {
  readonly #clock: Clock;
  readonly #options: LivesOptions;
  readonly #namesOf: (inspection: Inspection) => ContainerNames;
  readonly #output: LivesOutput;
  readonly #lives = new Map<string, Life>();
  readonly #holders: Holders;
  readonly #farewells: Farewells;
  /** Those that run in the network of another container. */
  readonly #joined = new Set<Life>();
  #surroundings: Surroundings;
  #arrived = 0;
  #forgotten = 0;

  constructor(parts: {
    clock: Clock;
    options: LivesOptions;
    surroundings: Surroundings;
    namesOf: (inspection: Inspection) => ContainerNames;
    output: LivesOutput;
  }) {
    this.#clock = parts.clock;
    this.#options = parts.options;
    this.#surroundings = parts.surroundings;
    this.#namesOf = parts.namesOf;
    this.#output = parts.output;
    this.#holders = new Holders(parts.surroundings.hostId);
    this.#farewells = new Farewells(parts.clock, parts.options.farewellMs, (life) => this.#withdraw(life));
  }

  /** Where we are on the count of all that arrived. */
  get now(): number {
    return this.#arrived;
  }

  records(): ContainerRecord[] {
    const lives = new Set([...this.#lives.values(), ...this.#farewells.lives()]);
    return [...lives].flatMap(({ record }) => record ?? []);
  }

  /** The networks are others now: every address may be on another one. */
  setSurroundings(surroundings: Surroundings): void {
    this.#surroundings = surroundings;
    for (const life of this.#lives.values()) this.#publish(life);
  }

  event(event: ContainerEvent): void {
    this.#arrived += 1;
    const life = this.#lifeOf(event.id);
    life.touched = this.#arrived;
    switch (event.type) {
      case 'started':
        this.#farewells.started(life);
        this.#ask(life);
        break;
      case 'changed':
      case 'moved':
        // Networks are connected before a start and disconnected after an end; both have events of their own. But an
        // answer that is under way may be older than this event.
        if (life.inspection !== undefined || life.isAwaited) this.#ask(life);
        break;
      case 'signalled':
        life.signal(event.signal, event.at);
        this.#publish(life);
        break;
      case 'ended':
        this.#ended(life, event.at);
        break;
      case 'removed':
        this.#end(life);
        this.#forget(life);
    }
  }

  /** Takes in an inspection that was asked for at `askedAt`; undefined for a container that is gone. */
  inspected(id: string, askedAt: number, inspection: Inspection | undefined): void {
    const life = this.#lifeOf(id);
    life.answered = askedAt;
    if (askedAt < life.ended) {
      this.#output.count('overtakenInspections');
      this.#ask(life);
    } else if (inspection?.running) {
      life.goOn(inspection);
      if (joinedContainer(inspection) !== undefined) this.#joined.add(life);
      this.#publish(life);
      this.#republishJoined(id);
    } else {
      this.#end(life);
      if (inspection === undefined) this.#forget(life);
    }
    if (!life.isAwaited) this.#farewells.settled(life);
  }

  /**
   * Takes in a listing of all that runs, asked for at `askedAt`. Ends what is missing there and returns what must be
   * looked at: all of it, or what the listing shows to be different.
   */
  listed(askedAt: number, summaries: readonly ContainerSummary[], which: 'all' | 'different'): string[] {
    const listed = new Set(summaries.map(({ id }) => id));
    for (const life of [...this.#lives.values()]) {
      if (listed.has(life.id) || life.touched > askedAt) continue;
      if (life.inspection !== undefined) this.#output.count('missedEnds');
      this.#farewells.settled(life);
      this.#end(life);
      if (life.crashes.forgotten) this.#forget(life);
    }
    const ids = summaries.filter((each) => which === 'all' || this.#differs(each)).map(({ id }) => id);
    this.#arrived += 1;
    for (const id of ids) this.#lifeOf(id).asked = this.#arrived;
    return ids;
  }

  /** Gives back all timers. */
  close(): void {
    for (const life of this.#lives.values()) life.close();
    this.#farewells.close();
  }

  #lifeOf(id: string): Life {
    const known = this.#lives.get(id);
    if (known !== undefined) return known;
    const life = new Life(id, this.#clock, this.#options);
    life.ended = this.#forgotten;
    this.#lives.set(id, life);
    return life;
  }

  /** Of a container that is forgotten an inspection may still be under way: nothing asked for until now counts. */
  #forget(life: Life): void {
    this.#arrived += 1;
    this.#forgotten = this.#arrived;
    this.#lives.delete(life.id);
    this.#farewells.settled(life);
  }

  /** The end of an earlier run may be told after the start of the next one; the engine knows whether it is. */
  #ended(life: Life, at: number): void {
    if (life.inspection !== undefined && at < life.inspection.startedAt) {
      this.#output.count('lateEnds');
      this.#ask(life);
    } else {
      if (life.inLoop) life.crashes.add();
      life.ended = this.#arrived;
      this.#farewells.settled(life);
      this.#end(life);
    }
  }

  #ask(life: Life): void {
    life.asked = this.#arrived;
    this.#output.inspect(life.id);
  }

  #end(life: Life): void {
    life.end();
    this.#joined.delete(life);
    if (life.record !== undefined && this.#farewells.hold(life)) this.#tellLast(life, life.record);
    else this.#withdraw(life);
    this.#republishJoined(life.id);
  }

  /** The record of a container that is dead: answered where nobody else has the name, until it is withdrawn. */
  #tellLast(life: Life, record: ContainerRecord): void {
    if (record.state === 'draining') return;
    this.#output.count('farewells');
    life.record = { ...record, state: 'draining' };
    this.#output.put(life.record);
  }

  #withdraw(life: Life): void {
    this.#farewells.forget(life);
    if (life.record === undefined) return;
    this.#holders.release(life);
    life.record = undefined;
    this.#output.remove(life.id);
  }

  #publish(life: Life): void {
    const { inspection } = life;
    if (inspection === undefined) return;
    if (isIgnored(inspection.labels)) {
      this.#withdraw(life);
      return;
    }
    if (life.holdBack(() => this.#publish(life))) {
      this.#output.count('heldBack');
      return;
    }
    const offered = this.#addressesOf(inspection);
    const addresses = offered.filter((address) => this.#holders.mayHold(life, address));
    // All its addresses belong to runs that began later: it is gone, and the engine has yet to say so.
    if (offered.length > 0 && addresses.length === 0) {
      this.#withdraw(life);
      return;
    }
    const record = containerRecord(inspection, this.#namesOf(inspection), addresses, life.draining);
    this.#farewells.forget(life);
    if (!isDeepStrictEqual(record, life.record)) this.#tell(life, record);
  }

  #tell(life: Life, record: ContainerRecord): void {
    life.record = record;
    for (const loser of this.#holders.hold(life, record.addresses)) this.#evict(loser);
    this.#output.put(record);
  }

  /** Its addresses are somebody else's, who began later: it is dead, or has lost them otherwise. */
  #evict(loser: Life): void {
    this.#output.count('evictions');
    if (loser.inspection === undefined) {
      this.#withdraw(loser);
    } else {
      this.#publish(loser);
      this.#ask(loser);
    }
  }

  /**
   * A container in the network of another one has the addresses of that run of it which it joined, and so on. A network
   * ends with the run that it was made for, but the host's never does.
   */
  #addressesOf(inspection: Inspection, joins = 0): readonly ContainerAddress[] {
    const target = joinedContainer(inspection);
    if (target === undefined) return addressesOf(inspection, this.#surroundings);
    const joined = this.#lives.get(target)?.inspection;
    if (joined === undefined || joins === maxJoins) return [];
    const addresses = this.#addressesOf(joined, joins + 1);
    if (joined.startedAt <= inspection.startedAt) return addresses;
    return addresses.filter(({ network }) => network === hostNetworkKey(this.#surroundings.hostId));
  }

  /** Those in its network, also by way of others: one in between may have no record that changes. */
  #republishJoined(target: string, joins = 1): void {
    for (const life of this.#joined) {
      if (life.inspection === undefined || joinedContainer(life.inspection) !== target) continue;
      this.#publish(life);
      if (joins < maxJoins) this.#republishJoined(life.id, joins + 1);
    }
  }

  #differs(summary: ContainerSummary): boolean {
    const life = this.#lives.get(summary.id);
    const inspection = life?.inspection;
    // Of one that drains the end and the next start may have been lost, which no listing shows.
    if (inspection === undefined || life?.draining) return true;
    const { name, paused, health, addresses } = summary;
    const known = inspection.endpoints.flatMap((endpoint) => endpoint.addresses.map(({ text }) => text));
    return (
      (name !== undefined && name !== inspection.name) ||
      (paused !== undefined && paused !== inspection.paused) ||
      (health !== undefined && health !== inspection.health) ||
      (addresses !== undefined && !isDeepStrictEqual(addresses.toSorted(), known.toSorted()))
    );
  }
}
