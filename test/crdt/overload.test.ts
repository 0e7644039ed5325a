import { describe, expect, it } from 'vitest';
import { kindOf } from '../../src/crdt/envelope.ts';
import { CrdtLab, type LabReplica } from '../support/crdt-lab.ts';

const count = 36;
/** As of a mesh of 400 hosts, of which fewer are simulated. */
const heartbeatMs = 4_000;
/** All of them together: what each hears. */
const beatsPerSecond = (count * 1_000) / heartbeatMs;
const overloadSeconds = 40;

describe('a mesh whose hosts have no time for half of its beats', () => {
  it('says fewer doubts than beats, and comes to rest as soon as they have', async () => {
    const { lab, hosts, doubts } = await mesh();
    const inputs = hosts.map((host) => new SlowInput(lab, host));
    for (const input of inputs) input.perSecond = 0.4 * beatsPerSecond;
    await lab.run(overloadSeconds * 1_000);
    expect(doubts.length).toBeGreaterThan(0);
    expect(doubts.length).toBeLessThan(overloadSeconds * beatsPerSecond);
    for (const input of inputs) input.perSecond = 3 * beatsPerSecond;
    await lab.run(overloadSeconds * 1_000);
    doubts.length = 0;
    await lab.run(20_000);
    expect(doubts).toEqual([]);
    expect(Math.max(...inputs.map(({ waiting }) => waiting))).toBeLessThan(beatsPerSecond);
    for (const host of hosts) for (const other of hosts) expect(['alive', 'self']).toContain(host.status(other));
  });
});

async function mesh() {
  const lab = new CrdtLab({ replica: { heartbeatMs } });
  const hosts = await lab.start(count);
  await lab.run(10_000);
  const doubts: string[] = [];
  for (const { mesh, name } of hosts) {
    const broadcast = mesh.broadcast.bind(mesh);
    mesh.broadcast = (bytes) => {
      if (kindOf(bytes) === 'doubt') doubts.push(name);
      broadcast(bytes);
    };
  }
  return { lab, hosts, doubts };
}

/** The input of a host with a busy processor: broadcasts, questions and answers, each in its turn. Its timers are on time. */
class SlowInput {
  perSecond = Number.POSITIVE_INFINITY;
  readonly #lab: CrdtLab;
  readonly #waiting: Array<() => void> = [];

  constructor(lab: CrdtLab, { mesh, replica }: LabReplica) {
    this.#lab = lab;
    const turn = () => new Promise<void>((resolve) => this.#put(resolve));
    const take = mesh.take.bind(mesh);
    mesh.take = (...message) => this.#put(() => take(...message));
    const answer = replica.answer.bind(replica);
    replica.answer = async function* (from, bytes) {
      await turn();
      yield* answer(from, bytes);
    };
    const request = mesh.request.bind(mesh);
    mesh.request = async function* (peer, bytes) {
      for await (const chunk of request(peer, bytes)) {
        await turn();
        yield chunk;
      }
    };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  #put(run: () => void): void {
    this.#waiting.push(run);
    if (this.#waiting.length === 1) this.#serve();
  }

  #serve(): void {
    this.#lab.clock.after(1_000 / this.perSecond, () => {
      this.#waiting[0]?.();
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#serve();
    });
  }
}
