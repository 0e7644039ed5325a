import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Dice } from '../support/dice.ts';
import type { LabHost } from '../support/lab/host.ts';
import { imageTag } from '../support/lab/images.ts';
import { getFromSocket, requestFromSocket } from '../support/lab/socket-request.ts';
import { shortIdLength } from './engine-truth.ts';

/** Enough to get in each other's way; the answers after each round cost as much as the steps. */
const stepsARound = 8;
/** More of them, and most of the walk would be waiting for containers that are held back. */
const crashesARound = 2;
/** Names of containers; each may be on every host. */
export const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
/** What their labels call some of them. */
export const labelled = ['web', 'db'];
/** Where they may be; `twin` has the same subnet on all hosts. */
export const networks = ['bridge', 'backend', 'twin'];
/** Has what every step needs: ends at SIGTERM, crashes at SIGUSR2, and is healthy while it has a file. */
const behaviour = 'trap "exit 0" TERM; trap "exit 1" USR2; touch /tmp/well; sleep 1000000 & wait';

/** What one host does; what its engine refuses is no step. */
export class Walker {
  readonly host: LabHost;
  readonly steps: string[] = [];
  readonly #dice: Dice;
  /** Short ids of containers that died by themselves in this round. */
  readonly crashed = new Set<string>();

  constructor(host: LabHost, dice: Dice) {
    this.host = host;
    this.#dice = dice;
  }

  async round(): Promise<void> {
    const around = this.#dice.one([this.#plainly, this.#plainly, this.#plainly, this.#cutOff, this.#stopped]);
    this.crashed.clear();
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
        return this.#connect(up, dice.one(networks));
      case 12:
        return this.#disconnect(running);
      case 13:
        return this.#ask('DELETE', `/containers/${any}?force=1`);
      case 14:
        return this.#inside(up, dice.one(['touch', 'rm']), '/tmp/well');
      case 15:
        return this.#crash(running);
      default:
        return this.#storm();
    }
  }

  #connect(name: string, network: string): Promise<void> {
    const aliases = network === 'bridge' ? [] : ['alias'];
    const settings = { Container: name, EndpointConfig: { Aliases: aliases } };
    return this.#ask('POST', `/networks/${network}/connect`, settings);
  }

  async #disconnect(running: Listed): Promise<void> {
    const ends = running.flatMap(({ Id, NetworkSettings }) =>
      Object.keys(NetworkSettings.Networks).flatMap((network) =>
        networks.includes(network) ? [{ id: Id, network }] : [],
      ),
    );
    if (ends.length === 0) return;
    const { id, network } = this.#dice.one(ends);
    await this.#ask('POST', `/networks/${network}/disconnect`, { Container: id });
  }

  /** One dies by itself; its restart policy says what follows. */
  async #crash(running: Listed): Promise<void> {
    if (running.length === 0 || this.crashed.size >= crashesARound) return;
    const { Id } = this.#dice.one(running);
    this.crashed.add(Id.slice(0, shortIdLength));
    await this.#inside(Id, 'kill', '-USR2', '1');
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

const listing = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    State: z.string(),
    NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()) }),
  }),
);
type Listed = z.infer<typeof listing>;

function nameOf(dice: Dice, containers: Listed): string {
  return containers.length === 0 ? dice.one(names) : (dice.one(containers).Names[0] ?? '').slice(1);
}
