import { type Clock, every } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Result } from '../result.ts';
import { coalesced } from './coalesced.ts';
import { withDeadline } from './deadline.ts';
import { decodeContainers, decodeInspection, decodeMembers, decodeNetworks, decodeVersion } from './decode.ts';
import { type Engine, EngineError } from './engine.ts';
import { decodeEvent } from './event.ts';
import type { Inspection } from './inspection.ts';
import { Inspections } from './inspections.ts';
import { instantToMs } from './instant.ts';
import { linesOf } from './lines.ts';
import type { Lives } from './lives.ts';
import { exitOf, isKnown, isOnOverlay, type NetworkTable, networkTable } from './networks.ts';
import type { WatchOptions } from './options.ts';
import type { Standing } from './status.ts';

/** Whoever a session works for. */
export interface SessionOwner {
  /** The networks as the engine has them now. */
  networksRead(networks: NetworkTable): void;
  /** All lives were compared with the engine's listing. */
  listed(): void;
}

/** How often it is looked whether the agent stood still, in milliseconds. */
const pulseMs = 1_000;
/** An engine that fails so often on one container is left alone with it until the next comparison. */
const maxRetries = 5;

/** One connection to the engine, from the first question to the end of its events. */
export class Session {
  readonly #engine: Engine;
  readonly #lives: Lives;
  readonly #owner: SessionOwner;
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #standing: Standing;
  readonly #over = new AbortController();
  readonly #inspections: Inspections;
  readonly #refreshNetworks = coalesced(() => this.#readNetworks());
  readonly #refreshExit = coalesced(() => this.#readExit());
  readonly #compareAll = coalesced(() => this.#compare('all'));
  readonly #compareChanged = coalesced(() => this.#compare('different'));
  readonly #retries = new Map<string, number>();
  /** What runs until the session is over. */
  readonly #cancels = new Set<() => void>();
  #networks: NetworkTable = networkTable([]);
  /** The addresses of containers on the exit of overlays, by their ids, as it was read last. */
  #exitAddresses: ReadonlyMap<string, readonly string[]> = new Map();
  /** Ids of networks that containers are on and the engine does not list. */
  readonly #unlisted = new Set<string>();

  constructor(parts: {
    engine: Engine;
    lives: Lives;
    owner: SessionOwner;
    options: WatchOptions;
    clock: Clock;
    log: Log;
    standing: Standing;
  }) {
    this.#engine = parts.engine;
    this.#lives = parts.lives;
    this.#owner = parts.owner;
    this.#options = parts.options;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#standing = parts.standing;
    this.#inspections = new Inspections((id) => this.#inspect(id), parts.options.inspectionsAtOnce);
  }

  /** Listens first and compares then, so that nothing falls between; rejects with what ended it. */
  async run(): Promise<never> {
    try {
      await this.#identify();
      const ended = this.#follow(await this.#listen());
      const over = Promise.race([ended, rejectionOf(this.#over.signal)]);
      await Promise.race([this.#compareAll(), over]);
      this.#owner.listed();
      this.#keepComparing();
      return await over;
    } finally {
      this.end(new Error('the session is over'));
    }
  }

  /** The engine has to be asked about this container before the others. */
  inspect(id: string): void {
    void this.#inspections.request(id, 'urgent');
  }

  /** Ends it for the reason given; what was asked is answered no more. */
  end(reason: unknown): void {
    this.#over.abort(reason);
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#inspections.clear();
  }

  /** A proxy may forbid this question; what it tells is for people only. */
  async #identify(): Promise<void> {
    try {
      const version = decodeVersion(await this.#ask((signal) => this.#engine.version(signal)));
      this.#standing.version = version.ok ? version.value : undefined;
    } catch (error) {
      if (!(error instanceof EngineError) || error.status === undefined) throw error;
    }
  }

  /** From a little before now, since an engine may accept the question before it begins to listen itself. */
  #listen(): Promise<AsyncIterable<Uint8Array>> {
    const sinceSeconds = Math.floor(this.#clock.wallNow() / 1000) - this.#options.replaySeconds;
    return this.#ask(() => this.#engine.events(sinceSeconds, this.#over.signal));
  }

  async #follow(stream: AsyncIterable<Uint8Array>): Promise<never> {
    for await (const line of linesOf(stream)) this.#handle(line);
    throw new EngineError(`the engine at ${this.#engine.address} ended its stream of events`);
  }

  #handle(line: string): void {
    const event = this.#accept('event', decodeEvent(line));
    if (event === undefined || this.#over.signal.aborted) return;
    if (this.#standing.connected) this.#standing.eventLagMs = this.#clock.wallNow() - instantToMs(event.at);
    this.#standing.count('events');
    switch (event.type) {
      case 'networks':
        this.#run(this.#refreshNetworks);
        break;
      case 'probing':
        this.#later(this.#options.settleMs, () => this.inspect(event.id));
        break;
      case 'other':
        break;
      default:
        this.#lives.event(event);
    }
  }

  #keepComparing(): void {
    const { reconcileMs, settleMs, stallMs } = this.#options;
    this.#later(settleMs, () => this.#run(this.#compareChanged));
    this.#cancels.add(every(this.#clock, reconcileMs, () => this.#run(this.#compareChanged)));
    let pulse = this.#clock.now();
    const beat = () => {
      const stoodStillMs = this.#clock.now() - pulse - pulseMs;
      pulse = this.#clock.now();
      if (stoodStillMs < stallMs) return;
      this.#standing.count('stalls');
      this.#run(this.#compareAll);
    };
    this.#cancels.add(every(this.#clock, pulseMs, beat));
  }

  async #compare(which: 'all' | 'different'): Promise<void> {
    await this.#refreshNetworks();
    const askedAt = this.#lives.now;
    const listing = decodeContainers(await this.#ask((signal) => this.#engine.containers(signal)));
    if (!listing.ok) throw new EngineError(listing.problem);
    const ids = this.#lives.listed(askedAt, listing.value, which);
    await Promise.all(ids.map((id) => this.#inspections.request(id, 'patient')));
    this.#standing.compared();
  }

  async #readNetworks(): Promise<void> {
    const networks = decodeNetworks(await this.#ask((signal) => this.#engine.networks(signal)));
    if (!networks.ok) throw new EngineError(networks.problem);
    this.#networks = networkTable(networks.value);
    this.#unlisted.clear();
    this.#owner.networksRead(this.#networks);
  }

  async #inspect(id: string): Promise<void> {
    const askedAt = this.#lives.now;
    try {
      const json = await this.#ask((signal) => this.#engine.inspect(id, signal));
      const inspection = json === undefined ? undefined : this.#accept('inspection', decodeInspection(json));
      if (json !== undefined && inspection === undefined) return;
      if (inspection !== undefined) await this.#knowNetworksOf(inspection);
      const exitAddresses = inspection && (await this.#exitAddressesOf(inspection));
      this.#retries.delete(id);
      this.#lives.inspected(id, askedAt, inspection && { ...inspection, ...(exitAddresses && { exitAddresses }) });
    } catch (error) {
      this.#retry(id, error);
    }
  }

  /** A container may be on a network that was made after they were last read. */
  async #knowNetworksOf(inspection: Inspection): Promise<void> {
    const strange = inspection.endpoints.filter((endpoint) => !isKnown(this.#networks, endpoint));
    if (strange.every(({ networkId }) => this.#unlisted.has(networkId))) return;
    await this.#refreshNetworks();
    for (const endpoint of strange) if (!isKnown(this.#networks, endpoint)) this.#unlisted.add(endpoint.networkId);
  }

  async #exitAddressesOf(inspection: Inspection): Promise<readonly string[] | undefined> {
    if (!isOnOverlay(this.#networks, inspection)) return undefined;
    await this.#refreshExit();
    return this.#exitAddresses.get(inspection.id);
  }

  /** Many containers that start together need one answer. A proxy may forbid the question; then askers are told apart less well. */
  async #readExit(): Promise<void> {
    const exit = exitOf(this.#networks);
    if (exit === undefined) return;
    try {
      this.#exitAddresses = decodeMembers(await this.#ask((signal) => this.#engine.network(exit.id, signal)));
    } catch (error) {
      if (!(error instanceof EngineError) || error.status === undefined) throw error;
    }
  }

  #retry(id: string, error: unknown): void {
    if (this.#over.signal.aborted) return;
    const failures = (this.#retries.get(id) ?? 0) + 1;
    this.#standing.count('failedInspections');
    this.#log.debug({ container: id, err: error }, 'could not inspect a container');
    if (failures > maxRetries) return;
    this.#retries.set(id, failures);
    this.#later(this.#options.retryMinMs * 2 ** failures, () => this.inspect(id));
  }

  #later(delayMs: number, run: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }

  #ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(this.#clock, this.#options.requestTimeoutMs, this.#over.signal, question);
  }

  /** Does what nobody waits for; if it fails the connection is no good. */
  #run(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.end(error));
  }

  #accept<T>(what: string, decoded: Result<T>): T | undefined {
    if (decoded.ok) return decoded.value;
    this.#standing.count(`refused ${what}s`);
    this.#log.warn({ problem: decoded.problem }, `the engine sent an ${what} that makes no sense`);
    return undefined;
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  if (signal.aborted) reject(signal.reason);
  return promise;
}
