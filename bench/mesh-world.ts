import { every, systemClock, until } from '../src/clock.ts';
import { crdtDefaults, meshDefaults } from '../src/config.ts';
import { envelopeItem } from '../src/crdt/answers.ts';
import { type Envelope, sealEnvelope } from '../src/crdt/envelope.ts';
import { nextEpoch } from '../src/crdt/epoch.ts';
import { HostLog } from '../src/crdt/host-log.ts';
import { type Item, toChunks } from '../src/crdt/item.ts';
import { Publisher } from '../src/crdt/publisher.ts';
import { containerToJson, hostToJson } from '../src/crdt/record-json.ts';
import { decodeRequest, encodeRequest, type Request } from '../src/crdt/request.ts';
import { encodeSignOfLife } from '../src/crdt/sign-of-life.ts';
import { createIdentity, type Identity } from '../src/identity.ts';
import { silentLog } from '../src/log.ts';
import type { MeshHandler } from '../src/mesh/contract.ts';
import { Mesh } from '../src/mesh/mesh.ts';
import type { Secret } from '../src/mesh/secret.ts';
import type { HostId } from '../src/record.ts';
import { MemoryStorage } from '../test/support/mesh-lab.ts';
import { realisticContainer, realisticHost } from './mesh-records.ts';

/** Neighbours that a host of a large mesh has, on average: the links it makes, and as many that others make to it. */
const linksWhenLarge = 2 * meshDefaults.linksWhenLarge;
/** Hosts that joined before the one under test: neighbours that run for days have answered many, and do it in less time. */
const guests = 3;
/** Milliseconds for a guest to have all its links. */
const guestPatienceMs = 30_000;

interface WorldHost {
  readonly number: number;
  readonly identity: Identity;
  readonly publisher: Publisher;
  readonly log: HostLog;
  beat: number;
  sign: Envelope | undefined;
  heardAtMs: number;
}

/**
 * A mesh of any size as one host of it sees it: as many neighbours as that host would have are real meshes over TCP on
 * loopback; all other hosts are signed logs and beats that reach it through those neighbours. It makes and signs
 * everything and verifies nothing, so that what one host under test costs can be measured beside it.
 *
 * The neighbours have no links with each other, but every host says that it has those of such a mesh: in a full one with
 * all others, in a large one with a few, spread evenly. A broadcast of a neighbour comes from itself, of any other from
 * one of them, to the host under test once; and what that hands on, it hands to all neighbours that gossip with it but
 * one. Among hosts like it as many copies come as go, and it is about as many in all, since a host hands a broadcast to
 * no one that it had it from.
 */
export class World {
  readonly #hosts: WorldHost[] = [];
  readonly #byId = new Map<HostId, WorldHost>();
  readonly #neighbours: Mesh[] = [];
  readonly #containers: number;
  readonly #isFull: boolean;
  readonly #undo: (() => void)[] = [];
  readonly #linked = Promise.withResolvers<void>();
  #changes = 0;
  #isAwaited = false;

  constructor(hosts: number, containers: number) {
    this.#containers = containers;
    for (let number = 0; number < hosts; number += 1) {
      const host = createWorldHost(number, containers);
      this.#hosts.push(host);
      this.#byId.set(host.identity.hostId, host);
    }
    this.#isFull = hosts < meshDefaults.fullMeshHosts;
  }

  /** Starts the neighbours and lets every host beat; returns where they can be dialled. */
  async start(secret: Secret): Promise<readonly string[]> {
    const count = this.#isFull ? this.#hosts.length : linksWhenLarge;
    for (const { identity } of this.#hosts.slice(0, count)) {
      const mesh = meshOf(identity, secret, ['127.0.0.1:0']);
      mesh.attach(this.#handler(identity.hostId));
      await mesh.start();
      this.#neighbours.push(mesh);
    }
    const intervalMs = Math.max(crdtDefaults.heartbeatMs, this.#hosts.length * crdtDefaults.heartbeatPerHostMs);
    for (const host of this.#hosts) {
      this.#beat(host, intervalMs);
      const first = systemClock.after(Math.random() * intervalMs, () => {
        this.#undo.push(every(systemClock, intervalMs * 0.95, () => this.#beat(host, intervalMs)));
      });
      this.#undo.push(first);
    }
    for (let guest = 0; guest < guests; guest += 1) await this.#receiveGuest(secret);
    return this.#addresses();
  }

  /** Links every neighbour with the host under test. */
  connect(address: string): void {
    this.#isAwaited = true;
    for (const mesh of this.#neighbours) mesh.connect(address);
  }

  /** Resolves when the first neighbour is linked with the host under test. */
  get linked(): Promise<void> {
    return this.#linked.promise;
  }

  /** The host that neighbours tell of last. */
  get lastHost(): HostId {
    const last = this.#hosts.at(-1);
    if (last === undefined) throw new Error('the world is empty');
    return last.identity.hostId;
  }

  get neighbours(): number {
    return this.#neighbours.length;
  }

  /** Changes one container of some host from now on, so many times a second; returns how to end that. */
  churn(perSecond: number): () => void {
    const stop = every(systemClock, 1000 / perSecond, () => this.#change());
    this.#undo.push(stop);
    return stop;
  }

  async stop(): Promise<void> {
    for (const undo of this.#undo) undo();
    await Promise.all(this.#neighbours.map((mesh) => mesh.stop()));
  }

  #addresses(): readonly string[] {
    return this.#neighbours.flatMap((mesh) => mesh.listenAddresses().slice(0, 1));
  }

  /** Lets a host join that links with all neighbours, takes everything from one, and leaves. */
  async #receiveGuest(secret: Secret): Promise<void> {
    const guest = meshOf(createIdentity(), secret, []);
    guest.attach({ received: () => 'known', answer: nothing, linkUp: () => {}, linkDown: () => {} });
    await guest.start();
    for (const address of this.#addresses()) guest.connect(address);
    const isLinked = () => guest.neighbours().length === this.#neighbours.length;
    await until(systemClock, isLinked, { pollMs: 10, patienceMs: guestPatienceMs });
    const [host] = guest.neighbours();
    if (!isLinked() || host === undefined) throw new Error('the neighbours did not take a guest in');
    const everything = encodeRequest({ type: 'pull', whole: true, have: [], takesPacked: true });
    for await (const _ of guest.request(host, everything));
    await guest.stop();
  }

  #change(): void {
    const host = pick(this.#hosts);
    const index = this.#changes++ % this.#containers;
    const record = realisticContainer(host.identity.hostId, host.number, index);
    const changed = { ...record, health: this.#changes % 2 === 0 ? 'healthy' : 'unhealthy' } as const;
    const entry = [
      `container/${record.id}`,
      containerToJson({ record: changed, claim: 0 }, host.identity.hostId),
    ] as const;
    for (const envelope of host.publisher.change(new Map([entry]))) {
      host.log.take(envelope);
      this.#broadcast(host, envelope);
    }
  }

  #beat(host: WorldHost, intervalMs: number): void {
    host.beat += 1;
    host.heardAtMs = systemClock.now();
    const dialled = this.#dialledBy(host);
    const sign = encodeSignOfLife({ beat: host.beat, restarting: false, intervalMs, edited: 0, dialled });
    const { epoch, sequence } = host.publisher;
    host.sign = sealEnvelope(host.identity, 'heartbeat', epoch, sequence, sign);
    this.#broadcast(host, host.sign);
  }

  /** Half of a host's links are of its own making: those with the hosts after it, in steps that spread them evenly. */
  #dialledBy({ number }: WorldHost): readonly HostId[] {
    const count = this.#hosts.length;
    const made = this.#isFull ? Math.ceil((count - 1) / 2) : meshDefaults.linksWhenLarge;
    const step = Math.floor(count / (2 * made + 1)) || 1;
    const others = Array.from({ length: made }, (_, index) => this.#hosts[(number + step * (index + 1)) % count]);
    const withTested = this.#neighbours[number]?.dialled() ?? [];
    return [...withTested, ...others.flatMap((other) => other?.identity.hostId ?? [])];
  }

  #broadcast({ number }: WorldHost, { bytes }: Envelope): void {
    const way = this.#neighbours[number] ?? pick(this.#neighbours);
    if (bytes.length <= crdtDefaults.maxBroadcastBytes) way.broadcast(bytes);
  }

  #handler(self: HostId): MeshHandler {
    return {
      received: () => 'new',
      answer: (_from, bytes) => this.#answer(bytes, self),
      linkUp: () => {
        if (this.#isAwaited) this.#linked.resolve();
      },
      linkDown: () => {},
    };
  }

  async *#answer(bytes: Uint8Array, self: HostId): AsyncGenerator<Uint8Array> {
    const request = decodeRequest(bytes);
    if (request.ok) yield* toChunks(this.#items(request.value, self));
  }

  *#items(request: Request, self: HostId): Generator<Item> {
    if (request.type === 'unknown') return;
    if (request.type === 'compare') return yield { type: 'verdict', same: true };
    const asked = new Map((request.type === 'pull' ? request.have : request.about).map((each) => [each.host, each]));
    const whole = request.type === 'pull' && request.whole;
    for (const id of whole ? new Set([self, ...this.#byId.keys()]) : asked.keys()) {
      const host = this.#byId.get(id);
      if (host === undefined) continue;
      const { epoch = 0, sequence = 0, beatEpoch = 0, beat = 0 } = asked.get(id) ?? {};
      const ageMs = systemClock.now() - host.heardAtMs;
      const news = beatEpoch < host.publisher.epoch || beat < host.beat;
      if (host.sign !== undefined && news) yield { type: 'heard', ageMs, bytes: host.sign.bytes };
      if (request.type !== 'pull') continue;
      for (const kept of host.log.keptAfter(epoch, sequence)) yield envelopeItem(kept, request.takesPacked === true);
    }
  }
}

function meshOf(identity: Identity, secret: Secret, listen: readonly string[]): Mesh {
  return new Mesh({
    identity,
    secrets: [secret],
    clock: systemClock,
    log: silentLog,
    storage: new MemoryStorage(),
    options: { ...meshDefaults, listen },
  });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** What one host of this world says of itself: all its records in one snapshot. */
function createWorldHost(number: number, containers: number): WorldHost {
  const identity = createIdentity();
  let epoch = 0;
  const publisher = new Publisher(identity, () => {
    epoch = nextEpoch(epoch, Math.random());
    return epoch;
  });
  publisher.jump();
  const records = Array.from({ length: containers }, (_, index) => {
    const record = realisticContainer(identity.hostId, number, index);
    return [`container/${record.id}`, containerToJson({ record, claim: 0 }, identity.hostId)] as const;
  });
  const log = new HostLog(crdtDefaults.maxHostBytes);
  log.take(
    publisher.begin([['host', hostToJson(realisticHost(identity.hostId, number), identity.hostId)], ...records]),
  );
  return { number, identity, publisher, log, beat: 0, sign: undefined, heardAtMs: 0 };
}

function pick<T>(from: readonly T[]): T {
  const picked = from[Math.floor(Math.random() * from.length)];
  if (picked === undefined) throw new Error('there is nothing to pick from');
  return picked;
}
