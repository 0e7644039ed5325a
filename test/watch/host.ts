import { type Clock, systemClock } from '../../src/clock.ts';
import { watchDefaults } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import {
  type ContainerRecord,
  type Domain,
  type HostId,
  type Network,
  parseAddress,
  parseDomain,
  parseHostId,
} from '../../src/record.ts';
import type { Result } from '../../src/result.ts';
import { openDockerEngine } from '../../src/watch/docker-engine.ts';
import type { WatchOptions } from '../../src/watch/options.ts';
import type { WatchSink } from '../../src/watch/sink.ts';
import { Watch } from '../../src/watch/watch.ts';

export const hostId: HostId = taken(parseHostId(`12D3KooW${'A'.repeat(44)}`));
export const domain: Domain = taken(parseDomain('weave.local'));

export const watchOptions: WatchOptions = {
  ...watchDefaults,
  hostId,
  domains: [domain],
  hostnames: { fromLabel: '', match: /(.*)/, replacement: '$1' },
};

export function taken<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}

/** A sink that holds what it was told, and checks what it is promised. */
export class HeldRecords implements WatchSink {
  readonly records = new Map<string, ContainerRecord>();
  networks: readonly Network[] = [];
  unwatched = false;
  listings = 0;
  puts = 0;

  replaceContainers(records: readonly ContainerRecord[]): void {
    this.listings += 1;
    this.records.clear();
    for (const record of records) this.records.set(record.id, record);
  }

  putContainer(record: ContainerRecord): void {
    if (this.listings === 0) throw new Error('told of a container before the first listing');
    this.puts += 1;
    this.records.set(record.id, record);
  }

  removeContainer(id: string): void {
    if (!this.records.delete(id)) throw new Error('told of the end of a container that was not known');
  }

  setNetworks(networks: readonly Network[]): void {
    this.networks = networks;
  }

  setUnwatched(unwatched: boolean): void {
    this.unwatched = unwatched;
  }

  /** The record of the container with this name; undefined when there is none. */
  named(name: string): ContainerRecord | undefined {
    return [...this.records.values()].find((record) => record.name === name);
  }

  addressesOf(name: string): string[] {
    return this.named(name)?.addresses.map(({ address }) => address) ?? [];
  }
}

export interface WatchedHostParts {
  readonly environment?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
}

/** A watch of the engine at `url`, running until it is disposed of. */
export class WatchedHost implements AsyncDisposable {
  /** For a host that knows its own address. */
  readonly address = taken(parseAddress('192.0.2.1'));
  readonly sink = new HeldRecords();
  readonly watch: Watch;

  constructor(url: string, options: Partial<WatchOptions> = {}, parts: WatchedHostParts = {}) {
    const { environment = {}, clock = systemClock } = parts;
    this.watch = new Watch({
      engine: taken(openDockerEngine(url, environment)),
      sink: this.sink,
      options: { ...watchOptions, ...options },
      clock,
      log: silentLog,
    });
    this.watch.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.stop();
  }
}
