import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answered, answeredOnAll, listedStates } from './answered.ts';
import { answersOf, endOf, startAsking } from './asking.ts';

/** Ways in which containers end: a whole project in its order, one whose address somebody else takes, an engine's. */

let lab: Lab;
let one: LabHost;
let two: LabHost;

beforeAll(async () => {
  lab = await Lab.create(2, { engineSettings: { 'live-restore': true } });
  [one, two] = [lab.host(1), lab.host(2)];
  await one.startAgent();
  await two.startAgent([one.address]);
  await Promise.all(lab.hosts.map((host) => host.runContainer({ name: 'asker' })));
  // How long an engine has to be away is a matter of half a minute: it goes first, and the rest happens meanwhile.
  await one.runContainer({ name: 'watched', labels: { 'weft.name': 'both' } });
  await two.runContainer({ name: 'unwatched', labels: { 'weft.name': 'both' } });
  await answeredOnAll([one, two], 'both', [await one.addressOf('watched'), await two.addressOf('unwatched')]);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('an engine that does not come back', () => {
  let address: string;

  it('costs nobody a name at first', async () => {
    address = await two.addressOf('unwatched');
    await two.stopEngine('SIGKILL');
    await until('its agent knows', async () => (await two.weft(['status'])).stdout.includes('engine is not reached'));
    await answered(one, 'asker', 'both', [address, await one.addressOf('watched')]);
  });
});

describe('a Compose project', () => {
  /** As `docker compose up` starts them: each service with its own stop signal, and a second to stop. */
  const services = [
    { service: 'db', replicas: 1, signal: 'INT' },
    { service: 'cache', replicas: 1, signal: 'USR1' },
    { service: 'web', replicas: 3, signal: 'TERM' },
  ] as const;
  const containersOf = ({ service, replicas }: (typeof services)[number]) =>
    Array.from({ length: replicas }, (_, index) => `shop_${service}_${index + 1}`);

  it('that goes down in its order is answered to the end of each service, and then by nobody', async () => {
    for (const each of services) {
      for (const name of containersOf(each)) await startService(name, each.service, each.signal);
      const addresses = await Promise.all(containersOf(each).map((name) => one.addressOf(name)));
      for (const name of [each.service, `${each.service}.shop`])
        await answered(one, 'asker', `${name}.weave.local.`, addresses);
    }
    const askers = await Promise.all(services.map((each) => startAsking(one, `${each.service}.shop.weave.local`, 100)));
    // Those that depend on others stop before them.
    for (const each of services.toReversed())
      await Promise.all(containersOf(each).map((name) => one.docker('stop', '--time', '60', name)));
    for (const { service } of services) await answered(one, 'asker', `${service}.shop.weave.local.`, []);
    await Promise.all(askers.map((asker) => asker.stop()));
    for (const [index, each] of services.entries()) await judge(askers[index], containersOf(each));
  });

  async function startService(name: string, service: string, signal: string): Promise<void> {
    const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': service };
    const command = ['sh', '-c', `trap "sleep 1; exit 0" ${signal}; sleep 1000000 & wait`];
    await one.runContainer({ name, labels, options: ['--stop-signal', `SIG${signal}`], command });
  }

  /** Answered without a gap until the last one ended, then never again; nothing else was ever said. */
  async function judge(asker: Daemon | undefined, containers: readonly string[]): Promise<void> {
    const answers = asker === undefined ? [] : answersOf(asker);
    const addressed = answers.findLastIndex(({ code, addresses }) => code === '0' && addresses.length > 0);
    expect(answers.slice(0, addressed + 1).filter(({ code }) => code !== '0')).toEqual([]);
    expect(new Set(answers.slice(addressed + 1).map(({ code }) => code))).toEqual(new Set(['3']));
    const ends = await Promise.all(containers.map((name) => endOf(one, name)));
    expect(answers[addressed + 1]?.at).toBeGreaterThanOrEqual(Math.max(...ends) - 1);
  }
});

describe('an address that a container loses while it is started again and again', () => {
  /** Dies by itself so often, and then lives. */
  const crashes = 4;
  const dies = `n=$(cat /n || echo 0); echo $((n + 1)) > /n; test $n -ge ${crashes} || { sleep 0.3; exit 1; }`;
  const lives = 'trap "exit 0" TERM; sleep 1000000 & wait';

  it('is the one’s who has it now, and never again the other’s', async () => {
    await one.createNetwork('backend');
    await one.runContainer({ name: 'flaky', network: 'backend', ip: '10.78.1.50', command: ['sh', '-c', lives] });
    await answered(one, 'asker', 'flaky', ['10.78.1.50']);
    await one.removeContainer('flaky');
    const command = ['sh', '-c', `${dies}; ${lives}`];
    await one.runContainer({ name: 'flaky', network: 'backend', options: ['--restart', 'on-failure'], command });
    const lost = await until('it has an address', () => one.addressOf('flaky', 'backend'));
    const squat = ['--detach', '--name', 'squatter', '--network', 'backend', '--ip', lost];
    await until('its address is free and taken', async () => {
      const taken = await one.machine.attempt(['docker', 'run', ...squat, 'weft-lab/busybox', 'sleep', '1000000']);
      if (taken.code !== 0) await one.machine.attempt(['docker', 'rm', '--force', 'squatter']);
      return taken.code === 0;
    });
    await answered(one, 'asker', 'squatter', [lost]);
    let lived = false;
    while (!lived) {
      lived = (await one.docker('inspect', '--format', '{{.RestartCount}}', 'flaky')) === `${crashes}`;
      expect(await one.ask('asker', 'flaky.weave.local.')).not.toContain(lost);
      expect(await one.ask('asker', 'squatter.weave.local.')).toEqual([lost]);
      const reverse = `${lost.split('.').reverse().join('.')}.in-addr.arpa`;
      const { answer } = await one.query(one.gateway, reverse, 'PTR');
      const called = answer.map(({ data }) => data.replace('.weave.local.', ''));
      expect(called).toContain('squatter');
      expect(called).not.toContain('flaky');
    }
    await answered(one, 'asker', 'flaky', [await one.addressOf('flaky', 'backend')]);
    expect(await one.addressOf('flaky', 'backend')).not.toBe(lost);
  });
});

describe('an engine that did not come back', () => {
  it('after a while has its containers left out where others have the name, and said on every host', async () => {
    for (const host of lab.hosts)
      await until(
        `${host.name} says so`,
        async () => (await host.weft(['status'])).stdout.includes('engine of host host2 has been away for long'),
        60_000,
      );
    await answered(one, 'asker', 'both', [await one.addressOf('watched')]);
    // Nobody else has this one, and it runs.
    const [address = ''] = await one.ask('asker', 'unwatched');
    expect(await listedStates(one, 'unwatched')).toEqual(['unwatched']);
    await one.docker('exec', 'asker', 'ping', '-c', '1', '-W', '5', address);
  });

  it('is followed again when it is there after all, with what lived on', async () => {
    await two.startEngine();
    await answered(one, 'asker', 'both', [await one.addressOf('watched'), await two.addressOf('unwatched')]);
    expect((await one.weft(['status'])).stdout).not.toContain('has been away');
  });
});
