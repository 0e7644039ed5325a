import type {
  AgentControl,
  DnsView,
  EngineView,
  Explanation,
  HostLink,
  HostView,
  LinkView,
  MeshView,
  Problem,
  Readiness,
} from '../../src/api/control.ts';
import type { Measurements } from '../../src/api/measurements.ts';
import { Histogram } from '../../src/histogram.ts';
import type {
  Address,
  ContainerAddress,
  ContainerRecord,
  Domain,
  HostId,
  Name,
  NameEntry,
  NetworkKey,
  Owner,
  StaticData,
  StaticRecord,
} from '../../src/record.ts';
import { accepted, type Result, refused } from '../../src/result.ts';

/** Noon of 1 January 2026: the wall time of all twins. */
export const noon = Date.UTC(2026, 0, 1, 12);
export const host1 = 'TESTHOST1' as HostId;
export const host2 = 'TESTHOST2' as HostId;
export const host3 = 'TESTHOST3' as HostId;

const nothing = new Histogram([0.01, 0.1]).distribution();

/** Of an agent that answers and forwards, and to which everything happened once. */
const measurements: Measurements = {
  dns: {
    questions: { A: 3, AAAA: 1 },
    replies: { NOERROR: 3, NXDOMAIN: 1 },
    counts: {
      udpQuestions: 4,
      tcpQuestions: 1,
      dropped: 1,
      malformed: 1,
      truncated: 1,
      rateDropped: 1,
      rateTruncated: 1,
      compiled: 1,
      tcpConnections: 1,
      tcpRefused: 1,
      tcpTimedOut: 1,
      errors: 1,
    },
    promptLatency: { bounds: [0.01, 0.1], counts: [2, 1, 1], sum: 1.25 },
    awaitedLatency: nothing,
    threads: 1,
    threadRestarts: 1,
    busyMs: [1500],
  },
  forward: {
    counts: {
      questions: 1,
      cached: 1,
      missed: 1,
      stale: 1,
      joined: 1,
      failed: 1,
      failedAgain: 1,
      refused: 1,
      droppedPerClient: 1,
      droppedOverload: 1,
      droppedLate: 1,
      mismatched: 1,
      malformed: 1,
      loops: 1,
    },
    upstreams: [
      { address: '2001:db8::53', port: 53, state: 'up', asked: 1, inFlight: 0, failures: 1, latency: nothing },
      { address: '192.0.2.53', port: 53, state: 'down', asked: 1, inFlight: 0, failures: 1, latency: nothing },
    ],
    cacheEntries: 1,
    cacheOctets: 100,
    inFlight: 1,
    waiting: 1,
  },
  replication: {
    envelopes: { 'update merged': 2, 'heartbeat new': 1, 'wrong signature': 1, 'update spoiled': 1 },
    delays: nothing,
    exchanges: 3,
    exchangesFailed: 1,
    storedBytes: 100,
    preserving: false,
    duplicateIdentity: false,
  },
  mesh: {
    bytesIn: 1,
    bytesOut: 1,
    broadcastsIn: 1,
    broadcastsOut: 1,
    requestsIn: 1,
    requestsOut: 1,
    refused: { 'secrets differ': 1 },
    dropped: { 'bad broadcast': 1 },
  },
  engine: { connected: true, containers: 1, eventLagMs: 5, comparedMsAgo: 1000, counts: { events: 1, missedEnds: 1 } },
};

/** An agent in memory: a directory that a test fills, and verbs that write down what was asked. */
export class ControlTwin implements AgentControl {
  readonly agent = { hostId: host1, hostName: 'host1', version: '0.1.0', startedAt: noon - 3_600_000 };
  readonly asked: string[] = [];
  readonly statics: StaticRecord[] = [];
  owners = new Map<string, Owner[]>();
  hostViews: HostView[] = [hostView(host1, 'host1', { status: 'self' })];
  linkViews: LinkView[] = [];
  linksOfOthers: HostLink[] = [];
  isEncrypted = true;
  meshView: MeshView = { refused: {}, dropped: {}, envelopes: {}, offences: [], storedBytes: 0 };
  engineView: EngineView | undefined = { connected: true, type: 'docker', version: '20.10.24', containers: 0 };
  dnsView: DnsView | undefined = { listen: ['172.17.0.1:53'], ttlSeconds: 1, upstreams: ['192.0.2.53:53'], queries: 0 };
  readinessView: Readiness = { ready: true, reasons: [] };
  problemViews: Problem[] = [];
  unkeptView: string | undefined;
  /** The mesh takes no more records made by hand. */
  isFull = false;
  explanation: Explanation = { asker: 'this host', outcome: 'answers nothing', records: [] };
  measured: Measurements = measurements;
  tokenResult: Result<string> = accepted('weft-token-of-a-test');
  shadowed = new Map<string, string>();
  readonly #listeners = new Set<(changed: readonly NameEntry[]) => void>();

  domains(): readonly Domain[] {
    return ['weave.local' as Domain];
  }

  entries(): NameEntry[] {
    const names = new Set([...this.owners.keys(), ...this.statics.map(({ name }) => name as string)]);
    return [...names]
      .map((name) => this.entry(name as Name))
      .filter((entry) => entry.owners.length + entry.statics.length > 0);
  }

  entry(name: Name): NameEntry {
    return { name, owners: this.owners.get(name) ?? [], statics: this.statics.filter((each) => each.name === name) };
  }

  shadow(_owner: Owner, { address }: ContainerAddress): string | undefined {
    return this.shadowed.get(address);
  }

  hosts(): readonly HostView[] {
    return this.hostViews;
  }

  links(): readonly LinkView[] {
    return this.linkViews;
  }

  linksElsewhere(): readonly HostLink[] {
    return this.linksOfOthers;
  }

  mesh(): MeshView {
    return this.meshView;
  }

  engine(): EngineView | undefined {
    return this.engineView;
  }

  dns(): DnsView | undefined {
    return this.dnsView;
  }

  readiness(): Readiness {
    return this.readinessView;
  }

  problems(): readonly Problem[] {
    return this.problemViews;
  }

  async explain(name: Name, from?: Address): Promise<Explanation> {
    this.asked.push(`explain ${name} from ${from ?? 'this host'}`);
    return this.explanation;
  }

  addStatic(records: readonly StaticRecord[]): Result<readonly StaticRecord[]> {
    if (this.isFull) return refused('the static records of the mesh take all the room there is');
    for (const record of records) {
      const index = this.statics.findIndex((each) => same(each, record));
      this.statics.splice(index < 0 ? this.statics.length : index, index < 0 ? 0 : 1, record);
    }
    this.tell(...records.map(({ name }) => name));
    return accepted(records);
  }

  removeStatic(name: Name, data?: StaticData): Result<readonly StaticRecord[]> {
    const removed = this.statics.filter((each) => each.name === name && (!data || same(each, { ...each, data })));
    for (const record of removed) this.statics.splice(this.statics.indexOf(record), 1);
    if (removed.length > 0) this.tell(name);
    return accepted(removed);
  }

  unkept(): string | undefined {
    return this.unkeptView;
  }

  connect(peer: string): Result<string> {
    this.asked.push(`connect ${peer}`);
    return peer.includes(' ') ? refused(`invalid peer name "${peer}", should be host[:port]`) : accepted(peer);
  }

  forget(peer: string): Result<string> {
    this.asked.push(`forget ${peer}`);
    return peer === 'nobody' ? refused('no host or address "nobody" is known') : accepted(peer);
  }

  async leave(): Promise<void> {
    this.asked.push('leave');
  }

  encrypted(): boolean {
    return this.isEncrypted;
  }

  token(): Result<string> {
    return this.tokenResult;
  }

  onChange(listener: (changed: readonly NameEntry[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async measure(): Promise<Measurements> {
    return this.measured;
  }

  /** Gives a name these owners, and tells who listens. */
  own(name: string, ...owners: Owner[]): void {
    this.owners.set(name, owners);
    this.tell(name as Name);
  }

  /** Tells who listens that these names changed, all at once. */
  tell(...names: Name[]): void {
    const changed = [...new Set(names)].map((name) => this.entry(name));
    for (const listener of this.#listeners) listener(changed);
  }
}

export function hostView(id: HostId, name: string, more: Partial<HostView> = {}): HostView {
  const meshAddresses = ['192.0.2.1:6783'];
  const record = { name, version: '0.1.0', meshAddresses, networks: [], startedAt: noon - 3_600_000 };
  return { id, record, status: 'alive', records: 0, badRecords: 0, ...more };
}

/** A container called `name` with this address on the bridge of `host`. */
export function owner(
  name: string,
  address: string,
  {
    host = host1,
    hostName = 'host1',
    hostStatus = 'self',
    unwatched,
    ...container
  }: Partial<Omit<Owner, 'container'> & ContainerRecord> = {},
): Owner {
  const addresses = [{ address: address as Address, network: 'local:bridge' as NetworkKey, networkName: 'bridge' }];
  return {
    host,
    hostName,
    hostStatus,
    ...(unwatched && { unwatched }),
    container: {
      id: `${name}-${address.replaceAll('.', '')}`.padEnd(64, '0'),
      name,
      image: 'busybox:1',
      names: [name as Name],
      addresses: address === '' ? [] : addresses,
      state: 'running',
      health: 'none',
      startedAt: noon - 90_000,
      ...container,
    },
  };
}

function same(one: StaticRecord, other: StaticRecord): boolean {
  return one.name === other.name && JSON.stringify(one.data) === JSON.stringify(other.data);
}
