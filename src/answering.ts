import { networkInterfaces } from 'node:os';
import type { Problem } from './api/control.ts';
import type { Clock } from './clock.ts';
import type { Explanation } from './dns/explanation.ts';
import type { DnsOptions, ListenAddress } from './dns/options.ts';
import { DnsService, type ServiceStats } from './dns/service.ts';
import { Totals } from './dns/totals.ts';
import type { Log } from './log.ts';
import { type NameEntry, type Network, parseAddress } from './record.ts';

/** Networks whose gateway is the address that containers are given to ask, and the interface that has it. */
const defaultBridges = [
  { network: 'bridge', device: 'docker0' },
  { network: 'podman', device: 'podman0' },
];

export interface AnsweringParts {
  /** All that the name server is told, but where it listens. */
  readonly options: Omit<DnsOptions, 'listen' | 'forward'> & {
    readonly forward: Omit<DnsOptions['forward'], 'listen'>;
  };
  readonly threads: number;
  /** Undefined: wherever the engine's default bridge is, as soon as there is one. */
  readonly listen: readonly ListenAddress[] | undefined;
  readonly defaultPort: number;
  readonly retryMs: number;
  /** Whether another agent may answer there for now: the one that this one takes over from, in this process or another. */
  readonly shares: boolean;
  readonly entries: () => readonly NameEntry[];
  readonly clock: Clock;
  readonly log: Log;
}

/** The name server of this host at the address it should have now, which may appear late and change. */
export class Answering {
  readonly #parts: AnsweringParts;
  /** Outlives a move to another address. */
  readonly #totals = new Totals();
  #service: DnsService | undefined;
  /** Its threads begin beside all else that starts; it answers nothing yet. */
  #prepared: { readonly listen: readonly ListenAddress[]; readonly service: DnsService } | undefined;
  #networks: readonly Network[] = [];
  #problem: Problem | undefined;
  #turn: Promise<void> = Promise.resolve();
  #cancelRetry = () => {};
  #started = false;
  #stopped = false;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /** Has the threads begin for the address there is by now, so that `start` need not wait for them; may be left out. */
  prepare(): void {
    const listen = this.#parts.listen ?? this.#bridge();
    if (listen.length === 0) return;
    this.#prepared = { listen, service: this.#make(listen) };
    this.#prepared.service.prepare();
  }

  /** Begins to answer, or to wait for an address; throws where the address was given and cannot be had. */
  async start(): Promise<void> {
    this.#started = true;
    if (this.#parts.listen !== undefined) await this.#open(this.#parts.listen);
    else await this.#follow();
  }

  /** Answers what is owed and ends; may be called twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry();
    await this.#turn;
    await Promise.all([this.#service?.stop(), this.#prepared?.service.stop()]);
    this.#service = undefined;
    this.#prepared = undefined;
  }

  update(entries: readonly NameEntry[]): void {
    this.#service?.update(entries);
    this.#prepared?.service.update(entries);
  }

  /** Takes over this host's networks, and moves where the default bridge moved. */
  setNetworks(networks: readonly Network[]): void {
    this.#networks = networks;
    this.#service?.setNetworks(networks);
    this.#prepared?.service.setNetworks(networks);
    if (this.#started && this.#parts.listen === undefined) void this.#follow();
  }

  /** Why no questions are answered, once they should be; undefined while they are. */
  problem(): Problem | undefined {
    return this.#problem;
  }

  boundAddresses(): readonly ListenAddress[] {
    return this.#service?.boundAddresses() ?? [];
  }

  async explain(name: string, from?: string): Promise<Explanation | undefined> {
    return this.#service?.explain(name, from);
  }

  async stats(): Promise<ServiceStats | undefined> {
    return this.#service?.stats();
  }

  /** One move after the other; a failed one is tried again, since another program may hold the port for a while. */
  #follow(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      const wanted = this.#bridge();
      const isThere = wanted.length > 0 && sameEndpoints(wanted, this.boundAddresses());
      if (this.#stopped || isThere) return;
      if (wanted.length === 0) return this.#lookAgain();
      await this.#open(wanted).catch((error: unknown) => {
        this.#parts.log.error({ err: error }, 'questions are not answered');
        this.#lookAgain();
      });
    });
    return this.#turn;
  }

  /** Follows anew in a while, as long as no questions are answered. */
  #lookAgain(): void {
    this.#cancelRetry();
    if (this.#stopped || this.#service !== undefined) return;
    this.#problem ??= noBridge;
    this.#cancelRetry = this.#parts.clock.after(this.#parts.retryMs, () => void this.#follow());
  }

  /** The default bridge's address, if there is one. */
  #bridge(): ListenAddress[] {
    const [address] = bridgeAddresses(this.#networks);
    return address === undefined ? [] : [{ address, port: this.#parts.defaultPort }];
  }

  #make(listen: readonly ListenAddress[]): DnsService {
    const { options, threads, shares, clock, log, entries } = this.#parts;
    const forward = { ...options.forward, listen };
    const service = new DnsService({
      options: { ...options, listen, forward },
      threads,
      shares,
      known: entries,
      clock,
      log,
      totals: this.#totals,
    });
    service.setNetworks(this.#networks);
    return service;
  }

  async #open(listen: readonly ListenAddress[]): Promise<void> {
    const { log } = this.#parts;
    await this.#service?.stop();
    this.#service = undefined;
    const prepared = this.#prepared;
    const isFit = prepared !== undefined && sameEndpoints(prepared.listen, listen);
    if (!isFit) await prepared?.service.stop();
    const service = isFit ? prepared.service : this.#make(listen);
    // Known from here on, so that what changes while its threads start reaches them.
    this.#service = service;
    this.#prepared = undefined;
    try {
      await service.start();
    } catch (error) {
      this.#service = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#problem = { problem: `No questions are answered: ${reason}`, remedy: 'It is tried again until it works.' };
      throw error;
    }
    this.#problem = undefined;
    log.info({ listen: service.boundAddresses() }, 'answering questions');
  }
}

const noBridge: Problem = {
  problem: 'No questions are answered: the container bridge has no address yet',
  remedy: 'It is taken up when the engine makes its bridge; where there is none, give an address with --dns-listen.',
};

/** Addresses of the default bridge: as the engine tells, else as the interface has it, whether the engine runs or not. */
function bridgeAddresses(networks: readonly Network[]) {
  const told = defaultBridges.flatMap(({ network }) => networks.find(({ name }) => name === network)?.gateways ?? []);
  if (told.length > 0) return told;
  const devices = networkInterfaces();
  return defaultBridges
    .flatMap(({ device }) => devices[device] ?? [])
    .flatMap(({ address }) => {
      const parsed = parseAddress(address);
      return parsed.ok ? [parsed.value] : [];
    });
}

function sameEndpoints(ones: readonly ListenAddress[], others: readonly ListenAddress[]): boolean {
  return (
    ones.length === others.length &&
    ones.every(({ address, port }, index) => others[index]?.address === address && others[index]?.port === port)
  );
}
