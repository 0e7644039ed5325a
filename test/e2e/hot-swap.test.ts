import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { answeredOnAll } from './answered.ts';
import { answersOf, endOf, isMissing, startAsking } from './asking.ts';

/**
 * A new version of a container takes the place of the old one, while containers of its host and of another ask for it
 * all the time. A program may keep an answer for its TTL, so the old address must be out of all answers that long
 * before its end: containers here take `graceSeconds` to stop, as those with connections do.
 */

const name = 'web.weave.local';
const questionsPerSecond = 200;
const ttlMs = 1000;
/** Longer than the TTL by what a busy machine may be late. */
const graceSeconds = 4;
/** The moment in question is as long as the engine takes to tell about a container: a few milliseconds each time. */
const swaps = 5;
const stopsSlowly = ['sh', '-c', `trap 'sleep ${graceSeconds}; exit 0' TERM; sleep 1000000 & wait`];

let lab: Lab;
let one: LabHost;
let two: LabHost;

beforeAll(async () => {
  lab = await Lab.create(2);
  [one, two] = [lab.host(1), lab.host(2)];
  await one.startAgent();
  await two.startAgent([one.address]);
  await Promise.all(lab.hosts.map((host) => host.runContainer({ name: 'asker' })));
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a container that is replaced under load', () => {
  it('on its own host is never missing, and never answered once it may be gone', async () => {
    const old = await start(one, 'v1');
    await everywhere([old]);
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host, name, questionsPerSecond)));
    // The new one is started and the old one told to stop without waiting for anything.
    const young = await start(one, 'v2');
    await one.docker('stop', '--time', '60', 'v1');
    await everywhere([young]);
    await judge(askers, { old, young, end: await endOf(one, 'v1') });
  });

  it('by one on another host, too', async () => {
    const old = await one.addressOf('v2');
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host, name, questionsPerSecond)));
    const young = await start(two, 'v3');
    await everywhere([old, young]);
    await one.docker('stop', '--time', '60', 'v2');
    await everywhere([young]);
    await judge(askers, { old, young, end: await endOf(one, 'v2') });
  });

  it('by one that has to become healthy first, is answered until then', async () => {
    const old = await two.addressOf('v3');
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host, name, questionsPerSecond)));
    const check = ['--health-cmd', 'test -e /tmp/well', '--health-interval', '500ms', '--health-timeout', '10s'];
    const young = await start(two, 'v4', check);
    await everywhere([old]);
    await two.docker('exec', 'v4', 'touch', '/tmp/well');
    await everywhere([old, young]);
    await two.docker('stop', '--time', '60', 'v3');
    await everywhere([young]);
    await judge(askers, { old, young, end: await endOf(two, 'v3') });
  });

  it('is never missing when it is killed before it is known what its successor is called', async () => {
    await two.machine.attempt(['docker', 'rm', '--force', 'v4']);
    let old = 'w0';
    await two.runContainer({ name: old, labels: { 'weft.name': 'web' } });
    await everywhere([await two.addressOf(old)]);
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host, name, 1000)));
    for (let swap = 1; swap <= swaps; swap += 1) {
      const young = `w${swap}`;
      await two.createContainer({ name: young, labels: { 'weft.name': 'web' } });
      // So that the agent hears of both at once, and has still to ask what the new one is called.
      await two.agent.signal('SIGSTOP');
      await two.startContainer(young);
      await two.docker('kill', old);
      await two.agent.signal('SIGCONT');
      await everywhere([await two.addressOf(young)]);
      await two.removeContainer(old);
      old = young;
    }
    await Promise.all(askers.map((asker) => asker.stop()));
    // So many questions come in bursts on a busy machine, and a burst may overflow a buffer: the others are judged.
    const heard = askers.flatMap(answersOf).filter(({ code }) => code !== 'LOST');
    expect(heard.filter(isMissing)).toEqual([]);
  });
});

interface Swap {
  readonly old: string;
  readonly young: string;
  /** When the old one's process ended, in milliseconds since 1970. */
  readonly end: number;
}

async function judge(askers: readonly Daemon[], { old, young, end }: Swap): Promise<void> {
  await Promise.all(askers.map((asker) => asker.stop()));
  for (const asker of askers) {
    const answers = answersOf(asker);
    expect(answers.filter(isMissing)).toEqual([]);
    expect(new Set(answers.flatMap(({ addresses }) => addresses))).toEqual(new Set([old, young]));
    const lastOld = Math.max(...answers.filter(({ addresses }) => addresses.includes(old)).map(({ at }) => at));
    expect(lastOld + ttlMs).toBeLessThan(end);
    expect(answers.some(({ at }) => at > end)).toBe(true);
    console.log(
      `${answers.length} answers; the last with the old address ${Math.round(end - lastOld)} ms before its end`,
    );
  }
}

async function start(host: LabHost, container: string, options: readonly string[] = []): Promise<string> {
  await host.runContainer({ name: container, labels: { 'weft.name': 'web' }, options, command: stopsSlowly });
  return host.addressOf(container);
}

function everywhere(wanted: readonly string[]): Promise<void> {
  return answeredOnAll(lab.hosts, 'web', wanted);
}
