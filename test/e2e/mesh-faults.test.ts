import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { keepBusy } from '../support/lab/busy.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';
import { answersOf, changeAll, hiddenDuring, isLinked, shared, startMesh, statusOf } from './meshed.ts';

/** What the mesh goes through on real engines; after each, every host lists the same, and that is what the engines run. */

/** Longer than a host may be silent before it is hidden. */
const silenceMs = 7_000;
/** How long packets get lost; `WEFT_LOSS_SECONDS` for longer. */
const lossMs = Number(process.env.WEFT_LOSS_SECONDS ?? 10) * 1_000;
/** On each of two links, so that one packet in ten is lost between two hosts, in either direction. */
const lossPercent = 5.13;
/** Milliseconds that a link is up and then down: shorter and longer than what a link takes to be given up. */
const flaps: readonly (readonly [number, number])[] = [
  [300, 200],
  [150, 1_500],
  [1_200, 3_500],
  [100, 100],
  [700, 5_000],
];

let lab: Lab;
let one: LabHost;
let two: LabHost;
let three: LabHost;

beforeAll(async () => {
  lab = await Lab.create(3);
  [one, two, three] = [lab.host(1), lab.host(2), lab.host(3)];
  await startMesh(lab.hosts);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a host that is switched off', () => {
  it('is hidden, and answered again when it is back', async () => {
    const lost = await three.addressOf(shared);
    const offAt = performance.now();
    await three.powerOff();
    await until('it is hidden', async () => !(await answersOf(one, shared)).includes(lost));
    say('hidden after it was switched off', offAt, 5_000);
    // A name that nobody else has is still answered: failure detection alone empties no answer.
    expect(await answersOf(one, 'only3')).toHaveLength(1);
    await untilTrue([one, two]);

    await three.powerOn();
    await until('its engine started what shall restart', async () => (await three.docker('ps', '-q')).includes('\n'));
    await three.startAgent([]);
    const backAt = performance.now();
    const back = await three.addressOf(shared);
    await until('it is answered', async () => (await answersOf(one, shared)).includes(back));
    say('answered after its agent was ready again', backAt, 1_000);
    await untilTrue(lab.hosts);
  });

  it('is back at once when only its network was gone', async () => {
    const lost = await three.addressOf(shared);
    await three.cut();
    await until('it is hidden', async () => !(await answersOf(one, shared)).includes(lost));
    await three.runContainer({ name: 'meanwhile' });
    await three.heal();
    const healedAt = performance.now();
    await until('it is answered', async () => (await answersOf(one, shared)).includes(lost));
    say('answered after its network was back', healedAt, 1_000);
    await untilTrue(lab.hosts);
  });
});

describe('hosts that cannot reach each other', () => {
  it('know each other through one that both reach, in both directions', async () => {
    await lab.cutBetween(one, three);
    await until('their link is gone', async () => !(await isLinked(one, three)) && !(await isLinked(three, one)));
    const hidden = await hiddenDuring(lab.hosts, async () => {
      await changeAll(lab.hosts, 'through');
      await untilTrue(lab.hosts);
      // Nobody is hidden meanwhile, for the beats of one come to the other through the middle.
      await pause(silenceMs);
    });
    expect(hidden).toEqual([]);
    await untilTrue(lab.hosts);
    // An operator sees from either end where the mesh hangs together.
    expect(await linksSeenFrom(one)).toEqual(['host1 host2', 'host2 host3']);
    expect(await linksSeenFrom(three)).toEqual(['host1 host2', 'host2 host3']);
    await lab.healBetween(one, three);
    await until('they are linked again', async () => (await isLinked(one, three)) && (await isLinked(three, one)));
    await untilTrue(lab.hosts);
  });
});

describe('a bad network', () => {
  it(`hides no living host for ${lossMs / 1000} s of 10 % loss with all cores busy, and loses no change`, async () => {
    await Promise.all(lab.hosts.map((host) => host.lose(lossPercent)));
    await using _busy = keepBusy(availableParallelism());
    const hidden = await hiddenDuring(lab.hosts, async () => {
      const endAt = performance.now() + lossMs;
      for (let round = 0; performance.now() < endAt; round += 1) await changeAll(lab.hosts, `lossy${round}`);
    });
    expect(hidden).toEqual([]);
    await untilTrue(lab.hosts);
    await Promise.all(lab.hosts.map((host) => host.heal()));
  });

  it('with 200 ms between any two hosts carries every change, and takes a joiner in', async () => {
    await Promise.all(lab.hosts.map((host) => host.slow(100)));
    const hidden = await hiddenDuring([one, three], async () => {
      await changeAll(lab.hosts, 'slow');
      await untilTrue(lab.hosts);
    });
    expect(hidden).toEqual([]);
    await two.stopAgent('SIGKILL');
    await two.startAgent();
    await untilTrue(lab.hosts);
    await Promise.all(lab.hosts.map((host) => host.heal()));
  });

  it('that flaps leaves nobody behind', async () => {
    for (const [upMs, downMs] of flaps) {
      await three.linkDown();
      await pause(downMs);
      await three.linkUp();
      await pause(upMs);
    }
    await three.linkDown();
    await changeAll(lab.hosts, 'flapping');
    await three.linkUp();
    const upAt = performance.now();
    await untilTrue(lab.hosts);
    say('all hosts tell the truth after the last flap', upAt, 5_000);
  });
});

describe('addresses', () => {
  it('of a host that change are told to all, who go on knowing it', async () => {
    await three.moveTo('10.77.0.103');
    await changeAll(lab.hosts, 'moved');
    await untilTrue(lab.hosts);
    await until('the others know the new address only', async () => {
      const told = await addressesTold(one, three);
      return told.includes('10.77.0.103:6783') && !told.includes(`${three.address}:6783`);
    });
    await three.stopAgent('SIGKILL');
    await changeAll([one, two], 'moved-again');
    await three.startAgent();
    await untilTrue(lab.hosts);
  });

  it('may all be of IPv6', async () => {
    await Promise.all(lab.hosts.map((host) => host.stopAgent()));
    const listen = (host: LabHost) => ['--mesh-listen', `[${host.address6}]:6783`];
    await one.startAgent(listen(one));
    for (const host of [two, three]) await host.startAgent([...listen(host), one.address6]);
    await changeAll(lab.hosts, 'six');
    await untilTrue(lab.hosts);
    for (const host of lab.hosts) {
      const established = (await statusOf(host)).links.filter(({ state }) => state === 'established');
      expect(established.map(({ address }) => address.startsWith('[fd77::'))).toEqual([true, true]);
    }
  });
});

/** Where a host can be dialled, as another one knows it. */
async function addressesTold(knower: LabHost, of: LabHost): Promise<readonly string[]> {
  const { hosts } = await statusOf(knower);
  return hosts.find(({ record }) => record?.name === of.name)?.record?.meshAddresses ?? [];
}

/** Prints a time beside its budget: a busy machine would break an assertion. */
function say(what: string, since: number, budgetMs: number): void {
  console.log(`${what}: ${Math.round(performance.now() - since)} ms (budget ${budgetMs} ms)`);
}

const peersReport = z.array(
  z.object({
    NickName: z.string(),
    Connections: z.array(z.object({ NickName: z.string(), Established: z.boolean() })),
  }),
);

/** The links of the whole mesh as a host's `weave report` has them, each as its two ends. */
async function linksSeenFrom(host: LabHost): Promise<string[]> {
  const { stdout } = await host.weft(['report', '-f', '{{json .Router.Peers}}']);
  const peers = peersReport.parse(JSON.parse(stdout));
  const links = peers.flatMap(({ NickName: near, Connections: connections }) =>
    connections.flatMap(({ NickName: far, Established }) => (Established ? [[near, far].sort().join(' ')] : [])),
  );
  return [...new Set(links)].sort();
}
