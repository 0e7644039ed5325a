import { afterEach, describe, expect, it } from 'vitest';
import type { HostId } from '../../src/record.ts';

/** What both the mesh and its twin in memory offer to replication. */
export interface SuiteMesh {
  readonly hostId: HostId;
  attach(handler: SuiteHandler): void;
  broadcast(bytes: Uint8Array): void;
  neighbours(): readonly HostId[];
  dialled(): readonly HostId[];
  request(peer: HostId, bytes: Uint8Array): AsyncIterable<Uint8Array>;
  blame(peer: HostId, offence: string): void;
}

export interface SuiteHandler {
  received(from: HostId, bytes: Uint8Array): 'new' | 'later' | 'known' | 'bad';
  answer(from: HostId, request: Uint8Array): AsyncIterable<Uint8Array>;
  linkUp(peer: HostId): void;
  linkDown(peer: HostId): void;
}

/** Hosts that can all reach each other. */
export interface SuiteNet {
  readonly meshes: readonly SuiteMesh[];
  /** Links them all; handlers are attached by then. */
  start(): Promise<void>;
  /** Lets time pass until the condition holds; fails where it does not in good time. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** More than any mesh forgives within its window. */
const manyOffences = 100;

/** What replication relies on, whatever carries it. */
export function describeMesh(name: string, build: (count: number) => Promise<SuiteNet>): void {
  describe(name, () => {
    let net: SuiteNet | undefined;
    afterEach(async () => {
      await net?.stop();
    });

    /** Hosts linked with each other, each with the record of what it was handed. */
    async function linked(count: number): Promise<{ net: SuiteNet; hosts: Recorder[] }> {
      const built = await build(count);
      net = built;
      const hosts = built.meshes.map((mesh) => new Recorder(mesh));
      await built.start();
      await built.until(() => hosts.every(({ up }) => up.size === count - 1));
      return { net: built, hosts };
    }

    it('tells of each neighbour once and lists it', async () => {
      const { hosts } = await linked(4);
      for (const { mesh, up, ups } of hosts) {
        expect([...up].sort()).toEqual(mesh.neighbours().toSorted());
        expect(ups).toBeGreaterThanOrEqual(3);
      }
    });

    it('brings a broadcast to all others, and names the neighbour that handed it over', async () => {
      const { net, hosts } = await linked(4);
      const [sender, ...others] = hosts;
      sender?.mesh.broadcast(Buffer.from('hello'));
      await net.until(() => others.every(({ heard }) => heard.includes('hello')));
      expect(sender?.heard).toEqual([]);
      for (const { from, mesh } of others)
        expect([...from].every((peer) => mesh.neighbours().includes(peer))).toBe(true);
    });

    it('brings the same bytes again when they are broadcast again', async () => {
      const { net, hosts } = await linked(2);
      const [sender, other] = hosts;
      sender?.mesh.broadcast(Buffer.from('beat'));
      await net.until(() => other?.heard.length === 1);
      sender?.mesh.broadcast(Buffer.from('beat'));
      await net.until(() => other?.heard.length === 2);
    });

    it('brings the chunks of an answer whole and in order', async () => {
      const { net, hosts } = await linked(2);
      const [asker, answerer] = pair(hosts);
      const chunks = [Buffer.alloc(65_536, 1), Buffer.from('two'), Buffer.alloc(65_536, 3)];
      answerer.answerWith(async function* (_from, request) {
        yield request;
        yield* chunks;
      });
      const got = await within(net, collect(asker.mesh.request(answerer.mesh.hostId, Buffer.from('give'))));
      expect(got.map((chunk) => Buffer.from(chunk))).toEqual([Buffer.from('give'), ...chunks]);
    });

    it('ends an answer that has nothing to say', async () => {
      const { net, hosts } = await linked(2);
      const [asker, answerer] = pair(hosts);
      answerer.answerWith(async function* () {});
      expect(await within(net, collect(asker.mesh.request(answerer.mesh.hostId, Buffer.from('give'))))).toEqual([]);
    });

    it('throws for the asker when the answer breaks in its middle', async () => {
      const { net, hosts } = await linked(2);
      const [asker, answerer] = pair(hosts);
      answerer.answerWith(async function* () {
        yield Buffer.from('first');
        throw new Error('broken');
      });
      await expect(
        within(net, collect(asker.mesh.request(answerer.mesh.hostId, Buffer.from('give')))),
      ).rejects.toThrow();
    });

    it('throws when there is no link to the host that is asked', async () => {
      const { net, hosts } = await linked(2);
      const [asker] = pair(hosts);
      await expect(within(net, collect(asker.mesh.request(asker.mesh.hostId, Buffer.from('me'))))).rejects.toThrow();
    });

    it('parts with a neighbour that is blamed again and again', async () => {
      const { net, hosts } = await linked(2);
      const [judge, offender] = pair(hosts);
      for (let count = 0; count < manyOffences; count += 1) judge.mesh.blame(offender.mesh.hostId, 'forged');
      await net.until(() => judge.up.size === 0 && offender.up.size === 0);
      expect(judge.mesh.neighbours()).toEqual([]);
    });
  });
}

/** A handler that keeps what it was handed. */
export class Recorder implements SuiteHandler {
  readonly mesh: SuiteMesh;
  readonly up = new Set<HostId>();
  ups = 0;
  readonly heard: string[] = [];
  readonly from = new Set<HostId>();
  verdict: 'new' | 'later' | 'known' | 'bad' = 'new';
  #answer: SuiteHandler['answer'] = async function* () {};

  constructor(mesh: SuiteMesh) {
    this.mesh = mesh;
    mesh.attach(this);
  }

  answerWith(answer: SuiteHandler['answer']): void {
    this.#answer = answer;
  }

  received(from: HostId, bytes: Uint8Array): 'new' | 'later' | 'known' | 'bad' {
    this.heard.push(Buffer.from(bytes).toString());
    this.from.add(from);
    return this.verdict;
  }

  answer(from: HostId, request: Uint8Array): AsyncIterable<Uint8Array> {
    return this.#answer(from, request);
  }

  linkUp(peer: HostId): void {
    this.up.add(peer);
    this.ups += 1;
  }

  linkDown(peer: HostId): void {
    this.up.delete(peer);
  }
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

/** Waits for a promise while the net's time passes. */
async function within<T>(net: SuiteNet, promise: Promise<T>): Promise<T> {
  let settled = false;
  const mark = () => {
    settled = true;
  };
  promise.then(mark, mark);
  await net.until(() => settled);
  return await promise;
}

function pair(hosts: readonly Recorder[]): [Recorder, Recorder] {
  const [one, other] = hosts;
  if (one === undefined || other === undefined) throw new Error('two hosts are needed');
  return [one, other];
}
