import { memory } from '@libp2p/memory';
import { systemClock } from '../../src/clock.ts';
import { crdtDefaults } from '../../src/config.ts';
import type { ReplicaOptions } from '../../src/crdt/options.ts';
import { Replica } from '../../src/crdt/replica.ts';
import { createIdentity, type Identity } from '../../src/identity.ts';
import { silentLog } from '../../src/log.ts';
import { containerRecord, hostRecord, MemoryDisk, name } from './crdt-lab.ts';
import { type LabHost, MemoryStorage, MeshLab, until } from './mesh-lab.ts';
import { Wires } from './wires.ts';

let addresses = 0;

/** Hosts of one mesh in this process: each a replica on a real mesh, wired as `src/agent.ts` wires them. */
export class RealNet {
  readonly wires = new Wires();
  readonly hosts: RealHost[] = [];
  readonly #lab = new MeshLab();
  readonly #options: ReplicaOptions;

  constructor(options: Partial<ReplicaOptions>) {
    this.#options = { ...crdtDefaults, ...options };
  }

  /** Starts a host that knows the address of another: the first, unless it is told. */
  async start(given: Partial<Pick<RealHost, 'identity' | 'disk' | 'storage'>> = {}, seed = this.hosts[0]) {
    const { identity = createIdentity(), disk = new MemoryDisk(), storage = new MemoryStorage() } = given;
    const address = `/memory/replica-${addresses++}`;
    const transport = this.wires.over(memory(), address);
    const replica = new Replica({
      signer: identity,
      storage: disk,
      clock: systemClock,
      log: silentLog,
      options: this.#options,
    });
    const { hearsay } = replica;
    const { mesh } = this.#lab.add({ identity, storage, transport, hearsay, options: { listen: [address] } });
    const host = new RealHost(this, { identity, mesh, replica, disk, storage, address });
    this.hosts.push(host);
    await host.begin(seed);
    return host;
  }

  async stop(): Promise<void> {
    for (const { replica } of this.hosts) await replica.stop('restart');
    await this.#lab.stop();
  }
}

type RealHostParts = Pick<RealHost, 'identity' | 'mesh' | 'replica' | 'disk' | 'storage' | 'address'>;

export class RealHost {
  readonly identity: Identity;
  readonly mesh: LabHost['mesh'];
  readonly replica: Replica;
  readonly disk: MemoryDisk;
  readonly storage: MemoryStorage;
  readonly address: string;
  readonly #net: RealNet;

  constructor(net: RealNet, parts: RealHostParts) {
    this.#net = net;
    this.identity = parts.identity;
    this.mesh = parts.mesh;
    this.replica = parts.replica;
    this.disk = parts.disk;
    this.storage = parts.storage;
    this.address = parts.address;
  }

  async begin(seed: RealHost | undefined): Promise<void> {
    this.replica.attach(this.mesh);
    this.mesh.attach(this.replica);
    this.replica.directory.onHosts((changes) => {
      for (const change of changes)
        if (change.type === 'seen' && change.host.record)
          this.mesh.learn(change.host.id, change.host.record.meshAddresses);
    });
    await this.replica.start();
    await this.mesh.start();
    if (seed !== undefined) this.mesh.connect(seed.address);
    this.replica.setHost(hostRecord(this.address, { meshAddresses: [this.address] }));
    this.replica.replaceContainers([]);
  }

  put(id: string, text: string, address: string, more: object = {}): void {
    this.replica.putContainer(containerRecord(this.identity.hostId, id, [text], address, more));
  }

  answers(text: string): string[] {
    const { owners, statics } = this.replica.directory.entry(name(text));
    const dynamic = owners.flatMap(({ container }) => container.addresses.map(({ address }) => address));
    return [...dynamic, ...statics.flatMap(({ data }) => (data.type === 'address' ? [data.address] : []))].sort();
  }

  status(host: RealHost) {
    return this.replica.directory.hosts().find(({ id }) => id === host.identity.hostId)?.status;
  }

  /** Loses every link and gets none, until `rejoin`. */
  async part(): Promise<void> {
    this.#net.wires.cut(this.address);
    await until(() => this.mesh.neighbours().length === 0);
  }

  async rejoin(): Promise<void> {
    this.#net.wires.mend();
  }

  /** Ends without a word. */
  async crash(): Promise<void> {
    await this.mesh.stop();
    await this.replica.stop('restart');
  }
}
