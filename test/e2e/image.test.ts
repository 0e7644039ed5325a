import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { repository } from '../support/lab/bundle.ts';
import { imageTag } from '../support/lab/images.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answersOf, isMissing, startAsking } from './asking.ts';

/** The image as a user builds it, on a base made from local files; see the Dockerfile. */
const image = 'weft:test';
const megabyte = 1_000_000;
const questionsPerSecond = 200;

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.create(2);
  await lab.host(1).buildWeft(image);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('the image', () => {
  it('adds little to its base, and no build tools', async () => {
    const [added, base] = [await size(image), await size(imageTag('node'))];
    console.log(`image: ${((added - base) / megabyte).toFixed(1)} MB on a base of ${(base / megabyte).toFixed(0)} MB`);
    expect(added - base).toBeLessThan(10 * megabyte);
    const tools = ['node_modules', 'esbuild', 'setcap', 'src'].flatMap((name) => ['-o', '-name', name]).slice(1);
    const found = await inside('find', '/', '-xdev', '-path', '/proc', '-prune', '-o', '(', ...tools, ')', '-print');
    expect(found).toBe('');
  });

  it('runs as a numeric user, who may do no more than bind port 53', async () => {
    expect(await lab.host(1).docker('inspect', '-f', '{{.Config.User}}', image)).toBe('10053:10053');
    const right = ['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service'];
    const status = await inside('/usr/local/lib/weft/with-port-53', ...right, 'busybox', 'cat', '/proc/self/status');
    // Bit 10 of capabilities(7).
    expect(status).toMatch(/^CapEff:\t0{13}400$/m);
  });

  it('brings along what was compiled, for the very settings that the agent runs with', async () => {
    const list = 'ls /usr/local/lib/weft/compiled';
    // As root, who may write there: with other settings Node would lay down what it compiles beside what is there.
    const again = [
      'run',
      '--rm',
      '--user',
      '0',
      '--entrypoint',
      'sh',
      image,
      '-c',
      `weft demo --once >/dev/null && ${list}`,
    ];
    const brought = await inside('sh', '-c', list);
    expect(brought).not.toBe('');
    expect(await lab.host(1).docker(...again)).toBe(brought);
  });

  it('says what it may not do, when it may not bind port 53', async () => {
    const refused = ['run', '--rm', '--network', 'host', '--cap-drop', 'ALL', image, 'up', '--no-docker'];
    const listen = ['--dns-listen', lab.host(1).gateway];
    const { code, stderr } = await lab
      .host(1)
      .machine.attempt(['docker', ...refused, ...listen], { timeoutMs: 20_000 });
    expect(code).toBe(1);
    expect(stderr).toContain('53');
  });
});

describe('an agent in a container', () => {
  it('answers on its host as any other, and is healthy', async () => {
    const [one, two] = [lab.host(1), lab.host(2)];
    await one.startAgent([], { image });
    await two.startAgent([one.address]);
    for (const host of [one, two]) await host.runContainer({ name: `web${host.number}`, image: 'glibc' });
    for (const host of [one, two])
      for (const other of [one, two]) {
        const wanted = [await other.addressOf(`web${other.number}`)];
        await until(`web${other.number} on ${host.name}`, async () => {
          const answer = await host.ask(`web${host.number}`, `web${other.number}`);
          return answer.join() === wanted.join();
        });
      }
    await until('it is healthy', async () => (await health()) === 'healthy');
  });

  it('ends at SIGTERM, and is the same host when it comes back', async () => {
    const one = lab.host(1);
    const before = await hostId();
    expect(await one.stopAgent()).toBe(0);
    await one.startAgent([], { image });
    expect(await hostId()).toBe(before);
  });
});

describe('deploy/compose.yaml', () => {
  it('starts an agent that answers, with nothing more than it lists', async () => {
    const [one, two] = [lab.host(1), lab.host(2)];
    await two.stopAgent();
    await lab.host(2).buildWeft(image);
    await two.docker('run', '--detach', '--name', 'weft', ...(await composed()));
    const wanted = await one.addressOf('web1');
    await until('it answers for the other host', async () => (await two.ask('web2', 'web1'))[0] === wanted);
    expect(await two.docker('inspect', '-f', '{{.HostConfig.ReadonlyRootfs}}', 'weft')).toBe('true');
  });

  it('is upgraded as the recipe says, without a lost question: host network and volume are all that it takes', async () => {
    const two = lab.host(2);
    const wanted = await lab.host(1).addressOf('web1');
    await two.runContainer({ name: 'asker' });
    const asker = await startAsking(two, 'web1.weave.local', questionsPerSecond);
    let old = 'weft';
    for (const young of ['weft-next', 'weft-after']) {
      await two.docker('update', '--restart', 'no', old);
      await two.docker('run', '--detach', '--name', young, ...(await composed()), 'up', '--takeover');
      await until(`${old} is gone`, async () => (await state(old)) === 'exited 0');
      await until(`${young} is healthy`, async () => (await state(young, '{{.State.Health.Status}}')) === 'healthy');
      await two.docker('rm', old);
      old = young;
    }
    await asker.stop();
    const answers = answersOf(asker);
    expect(answers.length).toBeGreaterThan(questionsPerSecond);
    expect(answers.filter((answer) => isMissing(answer) || answer.addresses.join() !== wanted)).toEqual([]);
    await two.docker('stop', old);
    expect(await state(old)).toBe('exited 0');
  });
});

/** What the Compose file of host 2 comes to. */
async function composed(): Promise<string[]> {
  const group = (await lab.host(2).machine.run(['stat', '-c', '%g', '/var/run/docker.sock'])).trim();
  const token = JSON.parse((await lab.host(1).agent.request('GET', '/v1/token')).body).token;
  return composeWords({ DOCKER_GROUP: group, WEFT_JOIN: token });
}

function state(container: string, format = '{{.State.Status}} {{.State.ExitCode}}'): Promise<string> {
  return lab.host(2).docker('inspect', '-f', format, container);
}

async function size(tag: string): Promise<number> {
  return Number(await lab.host(1).docker('inspect', '-f', '{{.Size}}', tag));
}

function inside(program: string, ...args: string[]): Promise<string> {
  const run = ['run', '--rm', '--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE', '--entrypoint', program];
  return lab.host(1).docker(...run, image, ...args);
}

function health(): Promise<string> {
  return lab.host(1).docker('inspect', '-f', '{{.State.Health.Status}}', 'weft');
}

async function hostId(): Promise<string> {
  const { body } = await lab.host(1).agent.request('GET', '/v1/status');
  return /"hostId":"([^"]+)"/.exec(body)?.[1] ?? body;
}

const composeShape = z.strictObject({
  name: z.literal('weft'),
  services: z.strictObject({
    weft: z.strictObject({
      image: z.literal('weft'),
      network_mode: z.string(),
      restart: z.string(),
      cap_drop: z.array(z.string()),
      cap_add: z.array(z.string()),
      group_add: z.array(z.string()),
      read_only: z.literal(true),
      tmpfs: z.array(z.string()),
      volumes: z.array(z.string()),
      environment: z.record(z.string(), z.string()),
      stop_grace_period: z.string(),
    }),
  }),
  volumes: z.strictObject({ data: z.null() }),
});

/** What `docker run` needs to start what the Compose file starts; no Compose is at hand here. */
function composeWords(variables: Readonly<Record<string, string>>): string[] {
  const text = readFileSync(join(repository, 'deploy/compose.yaml'), 'utf8');
  const filled = text.replace(/\$\{(\w+):[-?][^}]*\}/g, (_all, name) => variables[name] ?? '');
  const { weft } = composeShape.parse(parse(filled)).services;
  const many = (option: string, values: readonly string[]) => values.flatMap((value) => [option, value]);
  return [
    ...['--network', weft.network_mode, '--restart', weft.restart, '--read-only'],
    ...many('--cap-drop', weft.cap_drop),
    ...many('--cap-add', weft.cap_add),
    ...many('--group-add', weft.group_add),
    ...many('--tmpfs', weft.tmpfs),
    ...many('--volume', weft.volumes),
    ...many(
      '--env',
      Object.entries(weft.environment).map(([name, value]) => `${name}=${value}`),
    ),
    image,
  ];
}
