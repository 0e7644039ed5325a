import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Address, Network } from '../record.ts';
import type { Surroundings } from './addresses.ts';
import { Backoff } from './backoff.ts';
import type { Engine } from './engine.ts';
import { Lives } from './lives.ts';
import { namesOf } from './names.ts';
import { describeNetworks, type NetworkTable, networkTable } from './networks.ts';
import type { WatchOptions } from './options.ts';
import { Session } from './session.ts';
import type { WatchSink } from './sink.ts';
import { type EngineStatus, Standing } from './status.ts';

/** Follows one container engine and tells the sink, as soon as it is known, what runs on this host. */
export class Watch {
  readonly #engine: Engine;
  readonly #sink: WatchSink;
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #standing: Standing;
  readonly #lives: Lives;
  readonly #backoff: Backoff;
  #table: NetworkTable = networkTable([]);
  #hostAddress: Address | undefined;
  #networks: readonly Network[] = [];
  #session: Session | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  #cancelAbsence: () => void = () => {};
  #unwatched = false;
  /** The first listing is through: from then on the sink is told everything at once. */
  #listed = false;

  constructor(parts: { engine: Engine; sink: WatchSink; options: WatchOptions; clock: Clock; log: Log }) {
    const { options, clock } = parts;
    this.#engine = parts.engine;
    this.#sink = parts.sink;
    this.#options = options;
    this.#clock = clock;
    this.#log = parts.log;
    this.#standing = new Standing(clock);
    this.#backoff = new Backoff(clock, options);
    this.#hostAddress = options.hostAddress;
    this.#lives = new Lives({
      clock,
      options,
      surroundings: this.#surroundings(),
      namesOf: (inspection) => namesOf(inspection, options.domains, options.hostnames),
      output: {
        put: (record) => this.#tell(() => this.#sink.putContainer(record)),
        remove: (id) => this.#tell(() => this.#sink.removeContainer(id)),
        inspect: (id) => this.#session?.inspect(id),
        count: (what) => this.#standing.count(what),
      },
    });
  }

  /** Begins to look for the engine and never gives up; a second call does nothing. */
  start(): void {
    if (this.#running !== undefined) return;
    this.#awaitReturn();
    this.#running = this.#keepConnected();
  }

  /** Resolves when nothing is open any more; the sink hears nothing after the call. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelAbsence();
    this.#session?.end(new Error('Weft stops'));
    this.#backoff.stop();
    this.#lives.close();
    await this.#running;
    this.#engine.close();
  }

  /** The host has another address now, or none: that of containers on its network. */
  setHostAddress(address: Address | undefined): void {
    if (address === this.#hostAddress) return;
    this.#hostAddress = address;
    this.#lives.setSurroundings(this.#surroundings());
  }

  status(): EngineStatus {
    return this.#standing.status(this.#engine.address, this.#lives.records().length);
  }

  async #keepConnected(): Promise<void> {
    while (!this.#stopped) {
      const problem = await this.#connectOnce();
      if (this.#stopped) return;
      if (problem !== this.#standing.problem || this.#standing.connected)
        this.#log.warn({ engine: this.#engine.address }, `${problem}; trying again`);
      if (this.#standing.connected) this.#awaitReturn();
      this.#standing.connected = false;
      this.#standing.problem = problem;
      await this.#backoff.wait();
    }
  }

  /** Resolves with what ended the connection, in a clause. */
  async #connectOnce(): Promise<string> {
    this.#session = new Session({
      engine: this.#engine,
      lives: this.#lives,
      owner: { networksRead: (networks) => this.#networksRead(networks), listed: () => this.#onListed() },
      options: this.#options,
      clock: this.#clock,
      log: this.#log,
      standing: this.#standing,
    });
    try {
      return await this.#session.run();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #onListed(): void {
    if (this.#stopped) return;
    this.#standing.connected = true;
    this.#backoff.reset();
    this.#listed = true;
    this.#sink.setNetworks(this.#networks);
    this.#sink.replaceContainers(this.#lives.records());
    this.#setUnwatched(false);
    const { type = 'engine', version = 'unknown' } = this.#standing.version ?? {};
    this.#log.info({ engine: this.#engine.address, type, version }, 'follows the container engine');
  }

  /** The engine is away: its containers may run on, but not for ever. */
  #awaitReturn(): void {
    this.#cancelAbsence = this.#clock.after(this.#options.unwatchedMs, () => this.#setUnwatched(true));
  }

  #setUnwatched(unwatched: boolean): void {
    this.#cancelAbsence();
    if (unwatched === this.#unwatched) return;
    this.#unwatched = unwatched;
    this.#sink.setUnwatched(unwatched);
  }

  #networksRead(networks: NetworkTable): void {
    if (isDeepStrictEqual(networks, this.#table)) return;
    this.#table = networks;
    this.#networks = describeNetworks(this.#options.hostId, networks.values());
    this.#tell(() => this.#sink.setNetworks(this.#networks));
    this.#lives.setSurroundings(this.#surroundings());
  }

  #surroundings(): Surroundings {
    const hostAddress = this.#hostAddress;
    return { hostId: this.#options.hostId, networks: this.#table, ...(hostAddress && { hostAddress }) };
  }

  #tell(what: () => void): void {
    if (this.#listed && !this.#stopped) what();
  }
}

export type { EngineStatus };
