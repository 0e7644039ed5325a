import { crdtDefaults } from '../../src/config.ts';
import type { ReplicaOptions } from '../../src/crdt/options.ts';
import {
  type ClaimedContainer,
  containerFromJson,
  containerToJson,
  type ToldContainer,
} from '../../src/crdt/record-json.ts';
import { Replica } from '../../src/crdt/replica.ts';
import type { Signer } from '../../src/crdt/signer.ts';
import type { Storage } from '../../src/crdt/storage.ts';
import { silentLog } from '../../src/log.ts';
import {
  type Address,
  type ContainerRecord,
  type HostId,
  type HostRecord,
  localNetworkKey,
  type Name,
  type NetworkKey,
  parseAddress,
  parseName,
  type StaticRecord,
} from '../../src/record.ts';
import { ManualClock } from './manual-clock.ts';
import { type MemoryMesh, MemoryNet, type MemoryNetOptions } from './memory-mesh.ts';
import { testSigner } from './signer.ts';

/** A data directory in memory. */
export class MemoryDisk implements Storage {
  readonly files = new Map<string, Uint8Array>();
  /** Files kept under another name, with what was found in them. */
  readonly aside = new Map<string, { readonly bytes: Uint8Array | undefined; readonly found: string }>();
  broken = false;

  async read(file: string): Promise<Uint8Array | undefined> {
    return this.files.get(file)?.slice();
  }

  async write(file: string, bytes: Uint8Array): Promise<void> {
    if (this.broken) throw new Error('read-only file system');
    this.files.set(file, bytes.slice());
  }

  async setAside(file: string, found: string): Promise<void> {
    this.aside.set(file, { bytes: this.files.get(file), found });
    this.files.delete(file);
  }
}

export interface LabOptions extends MemoryNetOptions {
  readonly seed?: number;
  readonly replica?: Partial<ReplicaOptions>;
}

/** Hosts in one process, each a replica with a disk, on one network and one clock that the test moves. */
export class CrdtLab {
  readonly clock: ManualClock;
  readonly net: MemoryNet;
  readonly hosts: LabReplica[] = [];
  readonly options: ReplicaOptions;

  constructor({ seed = 1, replica = {}, ...net }: LabOptions = {}) {
    this.clock = new ManualClock({ seed });
    this.net = new MemoryNet(this.clock, net);
    this.options = { ...crdtDefaults, ...replica };
  }

  /** Starts so many hosts, each with an empty listing of its engine. */
  async start(count: number): Promise<LabReplica[]> {
    const hosts = Array.from({ length: count }, () => this.add());
    for (const host of hosts) await host.start();
    await this.run(1_000);
    return hosts;
  }

  add(number = this.hosts.length + 1): LabReplica {
    const host = new LabReplica(this, testSigner(number), `host${number}`);
    this.hosts.push(host);
    return host;
  }

  async run(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  /** Moves time in small steps until the condition holds; returns how long that took, or fails after `withinMs`. */
  async until(condition: () => boolean, withinMs = 60_000): Promise<number> {
    const from = this.clock.now();
    while (!condition()) {
      if (this.clock.now() - from > withinMs) throw new Error(`not so within ${withinMs} ms`);
      await this.run(stepMs);
    }
    return this.clock.now() - from;
  }

  /** The hosts that run show the same directory: names, owners, states of hosts. */
  agree(hosts: readonly LabReplica[] = this.hosts.filter(({ running }) => running)): boolean {
    return new Set(hosts.map((host) => host.show())).size <= 1;
  }

  async stop(): Promise<void> {
    for (const host of this.hosts) await host.stop('restart');
  }
}

const stepMs = 50;

export class LabReplica {
  readonly lab: CrdtLab;
  readonly signer: Signer;
  readonly name: string;
  disk = new MemoryDisk();
  mesh: MemoryMesh;
  replica: Replica;
  running = false;
  /** What the engine of this host runs. */
  readonly truth = new Map<string, ContainerRecord>();

  /** `linkedAs`: the id under which neighbours know it, if it is not its own. */
  constructor(lab: CrdtLab, signer: Signer, name: string, linkedAs = signer.hostId) {
    this.lab = lab;
    this.signer = signer;
    this.name = name;
    this.mesh = lab.net.join(linkedAs);
    this.replica = this.#create();
  }

  get id(): HostId {
    return this.signer.hostId;
  }

  get directory() {
    return this.replica.directory;
  }

  async start({ listing = true } = {}): Promise<void> {
    this.running = true;
    this.mesh.start();
    await this.replica.start();
    this.replica.setHost(hostRecord(this.name));
    if (listing) this.list();
  }

  list(): void {
    this.replica.replaceContainers([...this.truth.values()]);
  }

  async stop(how: 'restart' | 'leave'): Promise<void> {
    if (!this.running) return;
    this.running = false;
    await this.replica.stop(how);
    await this.lab.run(lastWordsMs);
    this.mesh.stop();
    this.replica = this.#create();
  }

  /** Ends at once and says nothing; with `power` the whole host does, and no link is seen to close. */
  async crash({ power = true } = {}): Promise<void> {
    this.running = false;
    this.mesh.stop(!power);
    // A process that is gone writes nothing more; this one's last writes go nowhere.
    const disk = this.disk;
    this.disk = new MemoryDisk();
    for (const [file, bytes] of disk.files) this.disk.files.set(file, bytes);
    disk.broken = true;
    await this.replica.stop('restart');
    this.replica = this.#create();
  }

  put(container: ContainerRecord): void {
    this.truth.set(container.id, container);
    if (this.running) this.replica.putContainer(container);
  }

  remove(id: string): void {
    this.truth.delete(id);
    if (this.running) this.replica.removeContainer(id);
  }

  container(id: string, names: readonly string[], address = '10.0.0.1', more: Partial<ContainerRecord> = {}) {
    return containerRecord(this.id, id, names, address, more);
  }

  /** Addresses that this host would answer for a name. */
  answers(text: string): string[] {
    const { owners, statics } = this.directory.entry(name(text));
    const heard = owners.filter(({ hostStatus }) => hostStatus !== 'quiet');
    const dynamic = heard.flatMap(({ container }) => container.addresses.map(({ address }) => address));
    return [...dynamic, ...statics.flatMap(({ data }) => (data.type === 'address' ? [data.address] : []))].sort();
  }

  status(host: LabReplica) {
    return this.directory.hosts().find(({ id }) => id === host.id)?.status;
  }

  /** The whole directory as text, less what is different on each host by its nature. */
  show(): string {
    const status = (text: string) => (text === 'self' || text === 'alive' ? 'heard' : text);
    const names = [...this.directory.names()].sort().map((each) => {
      const { owners, statics } = this.directory.entry(each);
      return [each, owners.map((owner) => ({ ...owner, hostStatus: status(owner.hostStatus) })), statics];
    });
    const hosts = this.directory
      .hosts()
      .map(({ id, record, records, ...rest }) => [id, status(rest.status), record, records]);
    return JSON.stringify([names, hosts.sort()]);
  }

  #create(): Replica {
    const replica = new Replica({
      signer: this.signer,
      storage: this.disk,
      clock: this.lab.clock,
      log: silentLog,
      options: this.lab.options,
    });
    replica.attach(this.mesh);
    this.mesh.attach(replica);
    return replica;
  }
}

const lastWordsMs = 10;

export function hostRecord(text: string, more: Partial<HostRecord> = {}): HostRecord {
  return { name: text, version: '0.1.0', meshAddresses: ['192.0.2.1:6783'], networks: [], startedAt: 0, ...more };
}

export function containerRecord(
  host: HostId,
  id: string,
  names: readonly string[],
  addressText = '10.0.0.1',
  more: Partial<ContainerRecord> = {},
): ContainerRecord {
  const network: NetworkKey = localNetworkKey(host, 'bridge');
  return {
    id,
    name: id,
    image: 'example/app:1',
    names: names.map(name),
    addresses: [{ address: address(addressText), network, networkName: 'bridge' }],
    state: 'running',
    health: 'none',
    startedAt: 0,
    ...more,
  };
}

/** The record as its host sends it. */
export function sent(host: HostId, record: ContainerRecord): { readonly addresses: readonly object[] } {
  return JSON.parse(containerToJson({ record, claim: 0 }, host));
}

/** The record as another host reads it, once it crossed. */
export function told(host: HostId, record: ContainerRecord, claim: ClaimedContainer['claim'] = 0): ToldContainer {
  const read = containerFromJson(containerToJson({ record, claim }, host), record.id, host);
  if (!read.ok) throw new Error(read.problem);
  return read.value;
}

export function staticRecord(text: string, addressText: string, more: Partial<StaticRecord> = {}): StaticRecord {
  const data = { type: 'address', address: address(addressText) } as const;
  return { name: name(text), data, madeOn: 'host1', madeAt: 0, ...more };
}

export function name(text: string): Name {
  return value(parseName(text, []));
}

export function address(text: string): Address {
  return value(parseAddress(text));
}

function value<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string },
): T {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}
