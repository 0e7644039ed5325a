import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../../src/clock.ts';
import { crdtDefaults, meshDefaults } from '../../../src/config.ts';
import { decodeEnvelope } from '../../../src/crdt/envelope.ts';
import { ItemReader } from '../../../src/crdt/item.ts';
import { encodeRequest } from '../../../src/crdt/request.ts';
import type { Identity } from '../../../src/identity.ts';
import { silentLog } from '../../../src/log.ts';
import type { MeshHandler } from '../../../src/mesh/contract.ts';
import { Mesh } from '../../../src/mesh/mesh.ts';
import type { Secret } from '../../../src/mesh/secret.ts';
import type { HostId } from '../../../src/record.ts';
import { until } from './until.ts';

/** A request for all that a neighbour knows. */
export const pullAll: Uint8Array = encodeRequest({ type: 'pull', whole: true, have: [] });
/** Longer than anything that a host of Weft takes, so that it is theirs to refuse. */
const maxSentBytes = 16 * 1024 * 1024;

/** A member of the mesh that hears everything, believes nothing and says what it likes. */
export class Mallory implements MeshHandler {
  readonly identity: Identity;
  readonly mesh: Mesh;
  /** What it answers to whatever it is asked; nothing unless set. */
  answers: readonly Uint8Array[] = [];
  readonly #heard: Uint8Array[] = [];

  constructor(identity: Identity, secret: Secret) {
    this.identity = identity;
    this.mesh = new Mesh({
      identity,
      secrets: [secret],
      clock: systemClock,
      log: silentLog,
      storage: { read: async () => undefined, write: async () => {}, setAside: async () => {} },
      options: { ...meshDefaults, listen: [], maxBroadcastBytes: maxSentBytes, maxRequestBytes: maxSentBytes },
    });
    this.mesh.attach(this);
  }

  /** Links with these hosts, and asks them for all they know; gives up at the end of its time. */
  async start(hosts: readonly string[], isOver: () => boolean): Promise<void> {
    await this.mesh.start();
    for (const host of hosts) this.mesh.connect(host);
    await until('the links', () => this.mesh.neighbours().length === hosts.length || isOver());
    await Promise.all(this.mesh.neighbours().map((peer) => this.pull(peer)));
  }

  /** Does some of the deed for as long as anybody is linked; returns how much in all. */
  async whileLinked(isOver: () => boolean, some: () => number | Promise<number>): Promise<number> {
    let sum = 0;
    while (!isOver() && this.mesh.neighbours().length > 0) {
      sum += await some();
      await pause(1);
    }
    return sum;
  }

  owners(): HostId[] {
    return [...new Set(this.#envelopes().map(({ owner }) => owner))];
  }

  /** Everything that a host said in an epoch before its present one; undefined while none has begun a new one. */
  saidBefore(): Uint8Array[] | undefined {
    const envelopes = this.#envelopes();
    const latest = new Map<HostId, number>();
    for (const { owner, epoch } of envelopes) latest.set(owner, Math.max(epoch, latest.get(owner) ?? 0));
    const old = envelopes.filter(({ owner, epoch }) => epoch < (latest.get(owner) ?? 0));
    return old.length > 0 ? old.map(({ bytes }) => bytes) : undefined;
  }

  /** Asks a neighbour for all that it knows, and keeps it. */
  async pull(peer: HostId): Promise<void> {
    const reader = new ItemReader(crdtDefaults.maxHostBytes);
    try {
      for await (const chunk of this.mesh.request(peer, pullAll)) {
        const items = reader.push(chunk);
        for (const item of items.ok ? items.value : []) if (item.type === 'envelope') this.#heard.push(item.bytes);
      }
    } catch {
      // It was one request too many.
    }
  }

  /** Sends a request and takes whatever comes. */
  async ask(peer: HostId, bytes: Uint8Array): Promise<void> {
    try {
      for await (const _chunk of this.mesh.request(peer, bytes));
    } catch {
      // As it should be.
    }
  }

  received(_from: HostId, bytes: Uint8Array): 'known' {
    this.#heard.push(bytes);
    return 'known';
  }

  async *answer(): AsyncIterable<Uint8Array> {
    yield* this.answers;
  }

  linkUp(): void {}

  linkDown(): void {}

  #envelopes() {
    return this.#heard.flatMap((bytes) => {
      const envelope = decodeEnvelope(bytes);
      return envelope.ok && envelope.value.owner !== this.identity.hostId ? [envelope.value] : [];
    });
  }
}
