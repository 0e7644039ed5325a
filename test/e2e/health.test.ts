import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answered, answeredOnAll, listedStates } from './answered.ts';

/** What containers go through while they live, and what is answered meanwhile, on their own host and on another. */

/** Waits for the file /tmp/leave once it is told to stop, so that a test decides how long it drains. */
const drainsUntilTold = (signal: string) => [
  ...['sh', '-c', `trap 'until test -e /tmp/leave; do sleep 0.1; done; exit 0' ${signal}; sleep 1000000 & wait`],
];
/** Healthy while the file /tmp/well is there. */
const checked = [
  ...['--health-cmd', 'test -e /tmp/well', '--health-interval', '500ms', '--health-retries', '1'],
  ...['--health-timeout', '10s'],
];

let lab: Lab;
let one: LabHost;
let two: LabHost;

beforeAll(async () => {
  lab = await Lab.create(2);
  [one, two] = [lab.host(1), lab.host(2)];
  await one.startAgent();
  await two.startAgent([one.address]);
  await Promise.all(lab.hosts.map((host) => host.runContainer({ name: 'asker' })));
  await one.runContainer({ name: 'steady', labels: { 'weft.name': 'web' } });
});

/** Each test has a container named `other` on host 1, the second one called `web`. */
afterEach(async () => {
  await one.machine.attempt(['docker', 'rm', '--force', 'other', 'third']);
  await everywhere('other', []);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a container with a health check', () => {
  it('is answered when it is healthy, and left out while it starts or is not well', async () => {
    const address = await start({ options: checked });
    await until('it is known', async () => (await listedStates(two, 'other')).includes('starting'));
    await everywhere('web', [await steady()]);
    await one.docker('exec', 'other', 'touch', '/tmp/well');
    await everywhere('web', [await steady(), address]);
    await one.docker('exec', 'other', 'rm', '/tmp/well');
    await everywhere('web', [await steady()]);
    expect(await listedStates(two, 'other')).toEqual(['unhealthy']);
    await one.docker('exec', 'other', 'touch', '/tmp/well');
    await everywhere('web', [await steady(), address]);
  });

  it('is answered all the same where nobody else has the name, and always to itself', async () => {
    const address = await start({ options: checked });
    await everywhere('other', [address]);
    await until('it is unhealthy', async () => (await listedStates(one, 'other')).includes('unhealthy'));
    await everywhere('other', [address]);
    await answered(one, 'other', 'web', [await steady(), address]);
    await answered(one, 'asker', 'web', [await steady()]);
    await answered(two, 'asker', '_all.web.weave.local', [await steady(), address]);
  });
});

describe('a container that is asked to stop', () => {
  it.each([
    ['SIGTERM', 'TERM'],
    ['its own stop signal', 'USR1'],
  ])('by %s drains: others are answered from then on, and it goes on working', async (_, signal) => {
    const address = await start({ options: ['--stop-signal', `SIG${signal}`], command: drainsUntilTold(signal) });
    await everywhere('web', [await steady(), address]);
    const stopped = one.docker('stop', '--time', '120', 'other');
    await everywhere('web', [await steady()]);
    expect(await listedStates(two, 'other')).toEqual(['draining']);
    expect(await one.docker('inspect', '--format', '{{.State.Running}}', 'other')).toBe('true');
    // Nobody else has this name: it is answered to its end.
    await everywhere('other', [address]);
    await one.docker('exec', 'other', 'touch', '/tmp/leave');
    await stopped;
    await everywhere('other', []);
  });

  it('by another signal does not drain', async () => {
    const address = await start({ command: ['sh', '-c', 'trap : HUP; while :; do sleep 1000000 & wait; done'] });
    await everywhere('web', [await steady(), address]);
    await one.docker('kill', '--signal', 'HUP', 'other');
    // What the engine tells later is heard later: whoever knows the new name has heard of the signal.
    await one.docker('rename', 'other', 'third');
    await everywhere('third', [address]);
    expect(await listedStates(two, 'third')).toEqual(['running']);
    await everywhere('web', [await steady(), address]);
  });
});

describe('a container that is paused', () => {
  it('is left out until it goes on', async () => {
    const address = await start({});
    await everywhere('web', [await steady(), address]);
    await one.docker('pause', 'other');
    await everywhere('web', [await steady()]);
    expect(await listedStates(two, 'other')).toEqual(['paused']);
    await one.docker('unpause', 'other');
    await everywhere('web', [await steady(), address]);
  });
});

describe('a container that the engine starts again', () => {
  it('is answered at the address of its new run', async () => {
    const options = ['--restart', 'on-failure'];
    await start({ options, command: ['sh', '-c', 'trap "exit 1" USR2; sleep 1000000 & wait'] });
    const runs = () => one.docker('inspect', '--format', '{{.RestartCount}} {{.State.Status}}', 'other');
    // What runs in a container ends with it, and this may be told so before it is done.
    await one.machine.attempt(['docker', 'exec', 'other', 'kill', '-USR2', '1']);
    await until('it runs again', async () => (await runs()) === '1 running' && (await one.addressOf('other')) !== '');
    await everywhere('other', [await one.addressOf('other')]);
    await everywhere('web', [await steady(), await one.addressOf('other')]);
  });

  it('is left out while it dies again and again, and costs the others nothing', async () => {
    await start({ options: ['--restart', 'always'], command: ['sh', '-c', 'exit 1'] });
    const restarts = () => one.docker('inspect', '--format', '{{.RestartCount}}', 'other');
    await until('it died often', async () => Number(await restarts()) > 4);
    const answers = await two.askTimes('asker', 'web', 20);
    expect(new Set(answers.map((answer) => answer.join()))).toEqual(new Set([await steady()]));
  });

  it('comes back with the engine, as its policy says', async () => {
    await start({ options: ['--restart', 'always'] });
    await one.createContainer({ name: 'third', options: ['--restart', 'no'] });
    await one.startContainer('third');
    await everywhere('third', [await one.addressOf('third')]);
    await one.restartEngine();
    for (const name of ['asker', 'steady']) await one.startContainer(name);
    await everywhere('third', []);
    await everywhere('web', [await steady(), await one.addressOf('other')]);
  });
});

async function start(spec: { options?: readonly string[]; command?: readonly string[] }): Promise<string> {
  await one.runContainer({ name: 'other', labels: { 'weft.name': 'web' }, ...spec });
  return one.addressOf('other');
}

function steady(): Promise<string> {
  return one.addressOf('steady');
}

function everywhere(name: string, wanted: readonly string[]): Promise<void> {
  return answeredOnAll(lab.hosts, name, wanted);
}
