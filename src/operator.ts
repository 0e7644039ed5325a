import type { Answering } from './answering.ts';
import type {
  AgentControl,
  AgentIdentity,
  DnsView,
  EngineView,
  ExplainedRecord,
  Explanation,
  HostLink,
  LinkView,
  MeshView,
  Problem,
  Readiness,
} from './api/control.ts';
import type { Measurements } from './api/measurements.ts';
import { zoneWords } from './api/record-view.ts';
import type { Clock } from './clock.ts';
import { agentDefaults } from './config.ts';
import type { HostView } from './crdt/directory.ts';
import type { Replica } from './crdt/replica.ts';
import type { Explanation as DnsExplanation, ExplainedRecord as DnsRecord } from './dns/explanation.ts';
import type { ServiceStats } from './dns/service.ts';
import type { Mesh } from './mesh/mesh.ts';
import { countedView, endpointText } from './name-server-view.ts';
import { diagnose, type Symptoms } from './problems.ts';
import {
  type Address,
  type ContainerAddress,
  type Domain,
  fullName,
  type HostId,
  type HostRecord,
  type Name,
  type NameEntry,
  type Network,
  type Owner,
  parseHostId,
  type StaticData,
  type StaticRecord,
} from './record.ts';
import { accepted, type Result } from './result.ts';
import { contains } from './subnet.ts';
import type { EngineStatus } from './watch/watch.ts';

/** The running agent's parts, as its operators' view is made of them. */
export interface OperatorParts {
  readonly agent: AgentIdentity;
  readonly domains: readonly Domain[];
  readonly ttlSeconds: number;
  readonly replica: Replica;
  readonly mesh: Mesh;
  readonly dns: Answering | undefined;
  readonly clock: Clock;
  readonly engine: () => EngineStatus | undefined;
  readonly networks: () => readonly Network[];
  /** What this host says of itself; undefined until its mesh listens. */
  readonly ownRecord: () => HostRecord | undefined;
  readonly symptoms: () => Pick<Symptoms, 'dns' | 'storage' | 'loopbackOnly'>;
  readonly readiness: () => Readiness;
  /** Whether the mesh has a secret. */
  readonly encrypted: () => boolean;
  readonly token: () => Result<string>;
  readonly leave: () => Promise<void>;
  /** Milliseconds on the agent's own clock. */
  readonly now: () => number;
}

/** What operators can see and do, made of the rooms' own words. */
export class Operator implements AgentControl {
  readonly agent: AgentIdentity;
  readonly #parts: OperatorParts;
  #stats: ServiceStats | undefined;
  #countedAt = 0;

  constructor(parts: OperatorParts) {
    this.agent = parts.agent;
    this.#parts = parts;
  }

  domains(): readonly Domain[] {
    return this.#parts.domains;
  }

  *entries(): Iterable<NameEntry> {
    const { directory } = this.#parts.replica;
    for (const name of directory.names()) yield directory.entry(name);
  }

  entry(name: Name): NameEntry {
    return this.#parts.replica.directory.entry(name);
  }

  shadow(owner: Owner, { address, network }: ContainerAddress): string | undefined {
    if (owner.host === this.agent.hostId) return undefined;
    const networks = this.#parts.networks();
    if (networks.some((each) => each.key === network)) return undefined;
    const owning = networks.find((each) => each.subnets.some((subnet) => contains(subnet, address)));
    return owning && `its subnet belongs to network ${owning.name} of this host, where it is somebody else's address`;
  }

  hosts(): readonly HostView[] {
    const record = this.#parts.ownRecord();
    // A host's own record is told only with its first listing; its name is known before.
    return this.#parts.replica.directory
      .hosts()
      .map((host) => (host.status === 'self' && record !== undefined ? { ...host, record } : host));
  }

  linksElsewhere(): readonly HostLink[] {
    return this.#parts.replica.linksElsewhere();
  }

  links(): readonly LinkView[] {
    return this.#parts.mesh.links().map(({ problem, nextTryMs, ...link }) => ({
      ...link,
      ...(problem !== undefined && { error: problem }),
      ...(nextTryMs !== undefined && { nextRetryMs: nextTryMs }),
    }));
  }

  mesh(): MeshView {
    const { refused, dropped } = this.#parts.mesh.stats();
    const { envelopes, offences, storedBytes } = this.#parts.replica.stats();
    return { refused, dropped, envelopes, offences, storedBytes };
  }

  engine(): EngineView | undefined {
    return this.#parts.engine();
  }

  dns(): DnsView | undefined {
    const { dns, ttlSeconds } = this.#parts;
    if (dns === undefined) return undefined;
    return {
      listen: dns.boundAddresses().map(({ address, port }) => endpointText(address, port)),
      ttlSeconds,
      ...countedView(this.#stats, this.#parts.now() - this.#countedAt),
    };
  }

  /** Brings what the answering threads counted; `dns()` tells what was last brought. */
  async refresh(): Promise<void> {
    this.#stats = await this.#parts.dns?.stats();
    this.#countedAt = this.#parts.now();
  }

  readiness(): Readiness {
    return this.#parts.readiness();
  }

  problems(): readonly Problem[] {
    const { replica, symptoms } = this.#parts;
    const { preserving, duplicateIdentity } = replica.stats();
    return diagnose({
      ...symptoms(),
      now: this.hosts(),
      links: this.links(),
      engine: this.engine(),
      quarantine: replica.directory.quarantine(),
      preserving,
      duplicateIdentity,
    });
  }

  async explain(name: Name, from?: Address): Promise<Explanation> {
    const { dns, domains, replica } = this.#parts;
    const [domain] = domains;
    if (dns === undefined || domain === undefined)
      return { asker: from ?? 'this host', outcome: 'this agent answers no questions (--no-dns)', records: [] };
    // It may be between two threads, or on its way to another address.
    const explanation = await dns.explain(fullName(name, domain), from).catch(() => undefined);
    if (explanation === undefined) {
      const outcome = dns.problem()?.problem ?? 'No questions are answered: the name server is starting';
      return { asker: from ?? 'this host', outcome, records: [] };
    }
    const notes = skippedAs(name, replica);
    return {
      ...retold(explanation, containerName(explanation.asker.container, replica)),
      ...(notes.length > 0 && { notes }),
    };
  }

  async addStatic(records: readonly StaticRecord[]): Promise<Result<readonly StaticRecord[]>> {
    const added = this.#parts.replica.addStatic(records);
    await this.#parts.replica.kept();
    return added;
  }

  async removeStatic(name: Name, data?: StaticData): Promise<Result<readonly StaticRecord[]>> {
    const removed = this.#parts.replica.removeStatic(name, data);
    await this.#parts.replica.kept();
    return removed;
  }

  unkept(): string | undefined {
    return this.#parts.symptoms().storage;
  }

  connect(peer: string): Result<string> {
    return this.#parts.mesh.connect(peer);
  }

  forget(peer: string): Result<string> {
    const host = this.#hostCalled(peer);
    if (host === undefined) return this.#parts.mesh.forget(peer);
    const forgotten = this.#parts.replica.forgetHost(host);
    if (forgotten.ok) this.#parts.mesh.forgetHost(host);
    return forgotten.ok ? accepted(peer) : forgotten;
  }

  leave(): Promise<void> {
    return this.#parts.leave();
  }

  encrypted(): boolean {
    return this.#parts.encrypted();
  }

  token(): Result<string> {
    return this.#parts.token();
  }

  onChange(listener: (changed: readonly NameEntry[]) => void): () => void {
    return this.#parts.replica.directory.onNames(listener);
  }

  async measure(): Promise<Measurements> {
    const { clock, replica, mesh, engine } = this.#parts;
    // A thread that hangs must not hide what the others counted.
    const patience = Promise.withResolvers<void>();
    const cancel = clock.after(agentDefaults.statsPatienceMs, patience.resolve);
    await Promise.race([this.refresh(), patience.promise]);
    cancel();
    const dns = this.#stats;
    return { dns, forward: dns?.forward, replication: replica.stats(), mesh: mesh.stats(), engine: engine() };
  }

  #hostCalled(peer: string): HostId | undefined {
    const id = parseHostId(peer);
    if (id.ok) return id.value;
    return this.hosts().find(({ record }) => record?.name === peer)?.id;
  }
}

function retold(explanation: DnsExplanation, container: string | undefined): Explanation {
  const { address, networks } = explanation.asker;
  const place = networks.length > 0 ? `, on ${networks.length} network${networks.length > 1 ? 's' : ''}` : '';
  return {
    asker: `${address}${container === undefined ? '' : `, container ${container}`}${place}`,
    outcome: explanation.summary,
    records: explanation.records.map(retoldRecord),
  };
}

function retoldRecord({ source, data, verdict, reason }: DnsRecord): ExplainedRecord {
  const told = { ...zoneWords(data), answered: verdict === 'answered', reason };
  if (source.type === 'container')
    return { ...told, source: source.hostName, container: source.container, since: source.startedAt };
  return { ...told, source: `static record made on ${source.madeOn}`, since: source.madeAt };
}

/** What people call a container that has names; else the short form of its id. */
function containerName(id: string | undefined, { directory }: Replica): string | undefined {
  if (id === undefined) return undefined;
  for (const name of directory.names())
    for (const { container } of directory.entry(name).owners) if (container.id === id) return container.name;
  return id.slice(0, 12);
}

/** Why containers that were meant to have this name, as far as anybody can tell, do not. */
function skippedAs(name: Name, { directory }: Replica): string[] {
  const notes = new Set<string>();
  for (const other of directory.names())
    for (const { container, hostName } of directory.entry(other).owners)
      for (const { text, reason } of container.skipped ?? [])
        if (`${text.toLowerCase()}.`.startsWith(`${name}.`))
          notes.add(`${container.name} on ${hostName} is not called ${text}: ${reason}`);
  return [...notes];
}
