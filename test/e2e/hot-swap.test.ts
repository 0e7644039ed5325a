import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { requestFromSocket } from '../support/lab/socket-request.ts';
import { until } from '../support/lab/until.ts';
import { answeredOnAll } from './answered.ts';

/**
 * A new version of a container takes the place of the old one, while containers of its host and of another ask for it
 * all the time. A program may keep an answer for its TTL, so the old address must be out of all answers that long
 * before its end: containers here take `graceSeconds` to stop, as those with connections do.
 */

const questionsPerSecond = 200;
const ttlMs = 1000;
/** Longer than the TTL by what a busy machine may be late. */
const graceSeconds = 4;
/** As often as it takes to meet the moment, which is as long as the engine takes to tell about a container. */
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
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host)));
    // The new one is started and the old one told to stop without waiting for anything.
    const young = await start(one, 'v2');
    await one.docker('stop', '--time', '60', 'v1');
    await everywhere([young]);
    await judge(askers, { old, young, end: await endOf(one, 'v1') });
  });

  it('by one on another host, too', async () => {
    const old = await one.addressOf('v2');
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host)));
    const young = await start(two, 'v3');
    await everywhere([old, young]);
    await one.docker('stop', '--time', '60', 'v2');
    await everywhere([young]);
    await judge(askers, { old, young, end: await endOf(one, 'v2') });
  });

  it('by one that has to become healthy first, is answered until then', async () => {
    const old = await two.addressOf('v3');
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host)));
    const check = ['--health-cmd', 'test -e /tmp/well', '--health-interval', '500ms', '--health-timeout', '10s'];
    const young = await start(two, 'v4', check);
    await everywhere([old]);
    await two.docker('exec', 'v4', 'touch', '/tmp/well');
    await everywhere([old, young]);
    await two.docker('stop', '--time', '60', 'v3');
    await everywhere([young]);
    await judge(askers, { old, young, end: await endOf(two, 'v3') });
  });

  it('is never missing when it is killed in the moment in which its successor started', async () => {
    await two.machine.attempt(['docker', 'rm', '--force', 'v4']);
    let old = 'w0';
    await two.runContainer({ name: old, labels: { 'weft.name': 'web' } });
    await everywhere([await two.addressOf(old)]);
    const askers = await Promise.all(lab.hosts.map((host) => startAsking(host, 1000)));
    for (let swap = 1; swap <= swaps; swap += 1) {
      const young = `w${swap}`;
      await two.createContainer({ name: young, labels: { 'weft.name': 'web' } });
      const start = await requestFromSocket(two.engineSocket, 'POST', `/containers/${young}/start`);
      const kill = await requestFromSocket(two.engineSocket, 'POST', `/containers/${old}/kill?signal=KILL`);
      expect([start.status, kill.status]).toEqual([204, 204]);
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

interface Answer {
  readonly at: number;
  readonly code: string;
  readonly addresses: readonly string[];
}

interface Swap {
  readonly old: string;
  readonly young: string;
  /** When the old one's process ended, in milliseconds since 1970. */
  readonly end: number;
}

/** Asks from the network of the host's asker, as a program in that container would. */
async function startAsking(host: LabHost, perSecond = questionsPerSecond): Promise<Daemon> {
  const pid = await host.docker('inspect', '--format', '{{.State.Pid}}', 'asker');
  const program = fileURLToPath(import.meta.resolve('./steady-asker.ts'));
  const asking = [process.execPath, program, host.gateway, 'web.weave.local', `${perSecond}`];
  const daemon = await host.machine.start('asker', ['nsenter', `--target=${pid}`, '--net', ...asking]);
  await until('it is answered', () => daemon.log() !== '');
  return daemon;
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

function answersOf(asker: Daemon): Answer[] {
  return asker.log().trimEnd().split('\n').map(parseAnswer);
}

function isMissing({ code, addresses }: Answer): boolean {
  return code !== '0' || addresses.length === 0;
}

function parseAnswer(line: string): Answer {
  const [at = '', code = '', ...addresses] = line.split(' ');
  return { at: Number(at), code, addresses };
}

/** When a container's process ended, as the engine says, in milliseconds since 1970. */
async function endOf(host: LabHost, container: string): Promise<number> {
  return Date.parse(await host.docker('inspect', '--format', '{{.State.FinishedAt}}', container));
}

async function start(host: LabHost, name: string, options: readonly string[] = []): Promise<string> {
  await host.runContainer({ name, labels: { 'weft.name': 'web' }, options, command: stopsSlowly });
  return host.addressOf(name);
}

function everywhere(wanted: readonly string[]): Promise<void> {
  return answeredOnAll(lab.hosts, 'web', wanted);
}
