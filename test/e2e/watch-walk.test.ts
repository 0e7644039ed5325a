import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { LabHost } from '../support/lab/host.ts';
import { imageTag } from '../support/lab/images.ts';
import { Lab } from '../support/lab/lab.ts';
import { getFromSocket, requestFromSocket } from '../support/lab/socket-request.ts';
import { type Asker, expectedAnswer, expectedReverse, givenAnswers, givenNames, readEngines } from './engine-truth.ts';

/**
 * A random walk: three hosts do with their containers, networks, engines and agents whatever comes to mind, all at once
 * and some of it while they are cut off or stopped. After each quiet moment every host, and containers on each of its
 * networks, are answered what the engines say. `WEFT_WALK_SEED` walks the same way again, as far as chance outside of
 * the test allows; `WEFT_WALK_SECONDS` walks for longer.
 */

const seed = Number(process.env.WEFT_WALK_SEED ?? Date.now() % 1_000_000);
const walkMs = Number(process.env.WEFT_WALK_SECONDS ?? 45) * 1_000;
const stepsARound = 8;
/**
 * How long after a round's last step all must be told: a container that crashed again and again is held back, the
 * longer the more often it did; here not more than `crashesOfOne` times in a row.
 */
const quietMs = 30_000;
const crashesOfOne = 3;
/** Names of containers; each may be on every host. */
const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
const labelled = ['web', 'db'];
const networks = ['bridge', 'backend', 'twin'];
/** What is asked about: all of those, names of networks' aliases and of hosts, and one that is nobody's. */
const asked = [...names, ...labelled, 'alias', 'hostname', 'nobody'];

/** Has what every step needs: ends at SIGTERM, crashes at SIGUSR2, and is healthy while it has a file. */
const behaviour = 'trap "exit 0" TERM; trap "exit 1" USR2; touch /tmp/well; sleep 1000000 & wait';

let lab: Lab;
let askers: readonly Asker[];

beforeAll(async () => {
  lab = await Lab.create(3, { engineSettings: { 'shutdown-timeout': 2 } });
  const [first, ...others] = lab.hosts;
  await first?.startAgent();
  await Promise.all(others.map((host) => host.startAgent([lab.host(1).address])));
  await Promise.all(lab.hosts.map((host) => host.image('busybox')));
  for (const host of lab.hosts) await host.createNetwork('backend');
  await Promise.all(lab.hosts.map((host) => host.createNetwork('twin', { subnet: '10.99.0.0/24', routed: false })));
  askers = lab.hosts.flatMap((host) => [
    { host, container: undefined, network: undefined },
    ...networks.map((network) => ({ host, container: `asker-${network}`, network })),
  ]);
  for (const { host, container, network } of askers)
    if (container !== undefined && network !== undefined)
      await host.runContainer({ name: container, image: 'glibc', network, options: ['--restart', 'always'] });
});

afterAll(() => lab?.[Symbol.asyncDispose]());

it('ends each time with answers that are the engines’ truth', { timeout: walkMs + 240_000 }, async () => {
  console.log(`random walk: seed ${seed}, ${walkMs / 1000} s`);
  const walkers = lab.hosts.map((host) => new Walker(host, new Dice(seed + host.number)));
  const until = performance.now() + walkMs;
  const settled: number[] = [];
  let steps = 0;
  while (performance.now() < until) {
    for (const walker of walkers) walker.steps.length = 0;
    await Promise.all(walkers.map((walker) => walker.round()));
    const done = walkers.map(({ host, steps }) => `${host.name}: ${steps.join(', ')}`);
    steps += walkers.reduce((sum, walker) => sum + walker.steps.length, 0);
    settled.push(await truthIsTold(`seed ${seed}, round ${settled.length + 1}:\n${done.join('\n')}`));
  }
  const longest = Math.round(Math.max(...settled));
  console.log(
    `${steps} steps in ${settled.length} rounds; all was told ${longest} ms after the last step at the latest`,
  );
  expect(settled.length).toBeGreaterThan(0);
});

/** Chance that is the same for the same seed (mulberry32). */
class Dice {
  #state: number;

  constructor(state: number) {
    this.#state = state;
  }

  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  }

  one<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  }

  /** True once in so many times. */
  rarely(times: number): boolean {
    return this.below(times) === 0;
  }
}

/** What one host does; what its engine refuses is no step. */
class Walker {
  readonly host: LabHost;
  readonly steps: string[] = [];
  readonly #dice: Dice;
  #crashes = 0;

  constructor(host: LabHost, dice: Dice) {
    this.host = host;
    this.#dice = dice;
  }

  async round(): Promise<void> {
    const around = this.#dice.one([this.#plainly, this.#plainly, this.#plainly, this.#cutOff, this.#stopped]);
    this.#crashes = 0;
    await around.call(this, async () => {
      for (let step = 0; step < stepsARound; step += 1) await this.#step();
    });
    if (this.#dice.rarely(6)) await this.#restartAgent(this.#dice.one(['SIGTERM', 'SIGKILL']));
    if (this.#dice.rarely(8)) await this.#restartEngine();
  }

  #plainly(walk: () => Promise<void>): Promise<void> {
    return walk();
  }

  async #cutOff(walk: () => Promise<void>): Promise<void> {
    this.steps.push('cut');
    await this.host.cut();
    await walk();
    this.steps.push('heal');
    await this.host.heal();
  }

  async #stopped(walk: () => Promise<void>): Promise<void> {
    this.steps.push('SIGSTOP');
    await this.host.agent.signal('SIGSTOP');
    await walk();
    this.steps.push('SIGCONT');
    await this.host.agent.signal('SIGCONT');
  }

  async #restartAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.steps.push(`agent ${signal}`);
    await this.host.stopAgent(signal);
    await this.host.startAgent();
  }

  /** With a little chance that it crashes, and its containers live until it is back. */
  async #restartEngine(): Promise<void> {
    const signal = this.#dice.one(['SIGTERM', 'SIGKILL'] as const);
    this.steps.push(`engine ${signal}`);
    await this.host.stopEngine(signal);
    if (this.#dice.rarely(2)) await pause(300);
    await this.host.startEngine();
  }

  async #step(): Promise<void> {
    const dice = this.#dice;
    const containers = await this.#containers();
    const running = containers.filter(({ State }) => State === 'running');
    const paused = containers.filter(({ State }) => State === 'paused');
    const free = names.filter((name) => !containers.some(({ Names }) => Names.includes(`/${name}`)));
    const newName = dice.one(free.length > 0 ? free : names);
    const any = nameOf(dice, containers);
    const up = nameOf(dice, running);
    const network = dice.one(networks);
    switch (containers.length === 0 ? 0 : dice.below(17)) {
      case 0:
      case 1:
      case 2:
        return this.#run(newName);
      case 3:
        return this.#ask('POST', `/containers/${up}/stop?t=1`);
      case 4:
        return this.#ask('POST', `/containers/${up}/kill?signal=KILL`);
      case 5:
        return this.#ask('POST', `/containers/${any}/start`);
      case 6:
        return this.#ask('POST', `/containers/${any}/restart?t=1`);
      case 7:
        return this.#ask('POST', `/containers/${up}/pause`);
      case 8:
      case 9:
        return this.#ask('POST', `/containers/${nameOf(dice, paused)}/unpause`);
      case 10:
        return this.#ask('POST', `/containers/${any}/rename?name=${newName}`);
      case 11:
        return this.#ask('POST', `/networks/${network}/connect`, {
          Container: any,
          EndpointConfig: { Aliases: network === 'bridge' ? [] : ['alias'] },
        });
      case 12:
        return this.#ask('POST', `/networks/${network}/disconnect`, { Container: any });
      case 13:
        return this.#ask('DELETE', `/containers/${any}?force=1`);
      case 14:
        return this.#inside(up, dice.one(['touch', 'rm']), '/tmp/well');
      case 15:
        return this.#crash(up);
      default:
        return this.#storm();
    }
  }

  /** Dies by itself; its restart policy says what follows. */
  async #crash(name: string): Promise<void> {
    this.#crashes += 1;
    if (this.#crashes <= crashesOfOne) await this.#inside(name, 'kill', '-USR2', '1');
  }

  /** All at once. */
  async #storm(): Promise<void> {
    const kill = (name: string) => this.#ask('POST', `/containers/${name}/kill?signal=KILL`);
    const remove = (name: string) => this.#ask('DELETE', `/containers/${name}?force=1`);
    const choices = names.map((name) => this.#dice.one([this.#run, this.#run, kill, remove]).bind(this, name));
    await Promise.all(choices.map((choice) => choice()));
  }

  async #containers(): Promise<Listed> {
    const { body } = await getFromSocket(this.host.engineSocket, '/containers/json?all=1');
    return listing.parse(JSON.parse(body)).filter(({ Names }) => !Names.some((name) => name.startsWith('/asker')));
  }

  async #run(name: string): Promise<void> {
    const dice = this.#dice;
    const mode = dice.one([...networks, ...networks, 'host', 'none', `container:${dice.one(names)}`]);
    const own = networks.includes(mode);
    const aliases = own && mode !== 'bridge' && dice.rarely(3) ? ['alias'] : [];
    const hostname = own && dice.rarely(4) ? { Hostname: 'hostname' } : {};
    const ports = own && dice.rarely(4) ? { '80/tcp': [{ HostPort: `${8000 + dice.below(1000)}` }] } : {};
    const check = { Test: ['CMD-SHELL', 'test -e /tmp/well'], Interval: 500_000_000, Retries: 1 };
    await this.#ask('POST', `/containers/create?name=${name}`, {
      Image: imageTag('busybox'),
      Cmd: ['sh', '-c', behaviour],
      StopTimeout: 1,
      ...hostname,
      Labels: dice.rarely(2) ? { 'weft.name': dice.one(labelled) } : {},
      ...(dice.rarely(3) && { Healthcheck: check }),
      HostConfig: {
        NetworkMode: mode,
        PortBindings: ports,
        RestartPolicy: { Name: dice.one(['no', 'always', 'on-failure', 'unless-stopped']) },
      },
      NetworkingConfig: { EndpointsConfig: aliases.length > 0 ? { [mode]: { Aliases: aliases } } : {} },
    });
    await this.#ask('POST', `/containers/${name}/start`);
  }

  async #inside(name: string, ...command: string[]): Promise<void> {
    const made = await requestFromSocket(this.host.engineSocket, 'POST', `/containers/${name}/exec`, { Cmd: command });
    if (made.status !== 201) return;
    const { Id } = z.object({ Id: z.string() }).parse(JSON.parse(made.body));
    this.steps.push(`${command.join(' ')} in ${name}`);
    await requestFromSocket(this.host.engineSocket, 'POST', `/exec/${Id}/start`, { Detach: true });
  }

  async #ask(method: string, path: string, body?: unknown): Promise<void> {
    const { status } = await requestFromSocket(this.host.engineSocket, method, path, body);
    if (status < 300) this.steps.push(`${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
  }
}

const listing = z.array(z.object({ Names: z.array(z.string()), State: z.string() }));
type Listed = z.infer<typeof listing>;

function nameOf(dice: Dice, containers: Listed): string {
  return containers.length === 0 ? dice.one(names) : (dice.one(containers).Names[0] ?? '').slice(1);
}

/** Waits until all are answered the truth; returns how many milliseconds that took. */
async function truthIsTold(after: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const wrong = await differences();
    if (wrong.length === 0) return performance.now() - began;
    if (performance.now() - began > quietMs) throw new Error(`${wrong.join('\n')}\nafter ${after}`);
    await pause(100);
  }
}

async function differences(): Promise<string[]> {
  const truth = await readEngines(lab.hosts);
  const answers = await Promise.all(
    askers.map(async (asker) => {
      const given = await givenAnswers(asker, asked);
      return asked.flatMap((name, index) => {
        const [right, said] = [expectedAnswer(truth, asker, name), given[index]];
        return said === right
          ? []
          : `${asker.container ?? 'itself'} on ${asker.host.name}: ${name} is ${said}, not ${right}`;
      });
    }),
  );
  const reverse = await Promise.all(lab.hosts.map((host) => reverseDifferences(host, expectedReverse(truth, host))));
  return [...answers, ...reverse].flat();
}

/** An address is called after those who have it, and nobody else. */
async function reverseDifferences(host: LabHost, right: ReturnType<typeof expectedReverse>): Promise<string[]> {
  const given = await givenNames(host, [...right.keys()]);
  return Array.from(right).flatMap(([address, owners], index) => {
    const names = given[index] ?? [];
    const good = names.length > 0 && names.every((name) => owners.includes(name));
    return good ? [] : `${address} on ${host.name} is called ${names}, not one of ${owners}`;
  });
}
