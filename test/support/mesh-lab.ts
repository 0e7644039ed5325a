import { systemClock } from '../../src/clock.ts';
import { meshDefaults } from '../../src/config.ts';
import { createIdentity, type Identity } from '../../src/identity.ts';
import { type Log, silentLog } from '../../src/log.ts';
import type { MeshOptions } from '../../src/mesh/contract.ts';
import type { HolderOf } from '../../src/mesh/listening.ts';
import { Mesh } from '../../src/mesh/mesh.ts';
import type { Transport } from '../../src/mesh/node.ts';
import type { Hearsay } from '../../src/mesh/parts.ts';
import { parseSecret, type Secret } from '../../src/mesh/secret.ts';
import type { HostId } from '../../src/record.ts';
import { Recorder, type SuiteMesh, type SuiteNet } from './mesh-suite.ts';

export interface LabMeshOptions {
  readonly identity?: Identity;
  readonly secrets?: readonly Secret[];
  readonly options?: Partial<MeshOptions>;
  readonly storage?: MemoryStorage;
  readonly transport?: Transport;
  readonly holderOf?: HolderOf;
  readonly log?: Log;
  readonly hearsay?: Hearsay;
  readonly lookUp?: (name: string) => Promise<readonly string[]>;
}

/** One real mesh on loopback, and what it handed over. */
export interface LabHost {
  readonly hostId: HostId;
  readonly identity: Identity;
  readonly mesh: Mesh;
  readonly seen: Recorder;
}

/** Real meshes in this process; `stop` ends them all. */
export class MeshLab {
  readonly hosts: LabHost[] = [];

  /** A mesh that is not started. */
  add({ identity = createIdentity(), secrets = [secretOf('first')], ...given }: LabMeshOptions = {}): LabHost {
    const mesh = new Mesh({
      identity,
      secrets,
      options: { ...meshDefaults, listen: ['127.0.0.1:0'], ...given.options },
      clock: systemClock,
      log: given.log ?? silentLog,
      storage: given.storage ?? new MemoryStorage(),
      ...(given.transport === undefined ? {} : { transport: given.transport }),
      ...(given.lookUp === undefined ? {} : { lookUp: given.lookUp }),
      ...(given.hearsay === undefined ? {} : { hearsay: given.hearsay }),
      ...(given.holderOf === undefined ? {} : { holderOf: given.holderOf }),
    });
    const seen = new Recorder(withHostId(mesh, identity.hostId));
    const host = { hostId: identity.hostId, identity, mesh, seen };
    this.hosts.push(host);
    return host;
  }

  async start(given: LabMeshOptions = {}): Promise<LabHost> {
    const host = this.add(given);
    await host.mesh.start();
    return host;
  }

  /** So many meshes of which all but the first know the first alone. */
  async startAll(count: number, given: LabMeshOptions = {}): Promise<LabHost[]> {
    const seed = await this.start(given);
    const others = await Promise.all(Array.from({ length: count - 1 }, () => this.start(given)));
    for (const { mesh } of others) mesh.connect(dialAddress(seed));
    return [seed, ...others];
  }

  async stop(): Promise<void> {
    await Promise.all(this.hosts.map(({ mesh }) => mesh.stop()));
  }
}

/** What replication does for the mesh: whoever is linked tells whom else it knows, and where. */
export function introduce(hosts: readonly LabHost[]): void {
  for (const { mesh } of hosts) for (const other of hosts) mesh.learn(other.hostId, other.mesh.listenAddresses());
}

/** So many real meshes, as the suite wants them. */
export async function suiteNet(count: number, given: () => LabMeshOptions): Promise<SuiteNet> {
  const lab = new MeshLab();
  const hosts = Array.from({ length: count }, () => lab.add(given()));
  return {
    meshes: hosts.map(({ seen }) => seen.mesh),
    start: async () => {
      await Promise.all(hosts.map(({ mesh }) => mesh.start()));
      introduce(hosts);
    },
    until: (condition) => until(condition),
    stop: () => lab.stop(),
  };
}

export function dialAddress(host: LabHost): string {
  const [address] = host.mesh.listenAddresses();
  if (address === undefined) throw new Error('the host does not listen');
  return address;
}

export function secretOf(word: string): Secret {
  const secret = parseSecret(`the ${word} secret of a test`);
  if (!secret.ok) throw new Error(secret.problem);
  return secret.value;
}

/** What `store.ts` is to an agent. */
export class MemoryStorage {
  readonly files = new Map<string, Uint8Array>();

  async read(file: string): Promise<Uint8Array | undefined> {
    return this.files.get(file);
  }

  async write(file: string, bytes: Uint8Array): Promise<void> {
    this.files.set(file, bytes);
  }

  async setAside(file: string, found: string): Promise<void> {
    this.files.set(`${file}, which ${found}`, this.files.get(file) ?? new Uint8Array());
    this.files.delete(file);
  }
}

/** Bounds a wait that only a failure makes long; `until` then says what it waited for, before the test's own limit. */
const longestWaitMs = 25_000;
export const testTimeoutMs = 30_000;
const lookMs = 10;

/** Resolves when the condition holds. */
export async function until(condition: () => boolean, what = 'the condition', withinMs = longestWaitMs): Promise<void> {
  const end = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

function withHostId(mesh: Mesh, hostId: HostId): SuiteMesh {
  return {
    hostId,
    attach: (handler) => mesh.attach(handler),
    broadcast: (bytes) => mesh.broadcast(bytes),
    neighbours: () => mesh.neighbours(),
    dialled: () => mesh.dialled(),
    request: (peer, bytes) => mesh.request(peer, bytes),
    blame: (peer, offence) => mesh.blame(peer, offence),
  };
}
