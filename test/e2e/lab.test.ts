import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outsideAddress } from '../support/lab/addresses.ts';
import { run as command } from '../support/lab/command.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { type Run, remnants, runWithId } from '../support/lab/run.ts';
import { until } from '../support/lab/until.ts';

let lab: Lab;
let one: LabHost;
let two: LabHost;
let three: LabHost;

beforeAll(async () => {
  const began = performance.now();
  lab = await Lab.create(3);
  console.log(`lab: three hosts up in ${Math.round(performance.now() - began)} ms`);
  [one, two, three] = [lab.host(1), lab.host(2), lab.host(3)];
  await lab.startOutside({ 'www.example.com': '192.0.2.1' });
  await Promise.all([
    one.runContainer({ name: 'busybox', dns: outsideAddress }),
    two.runContainer({ name: 'glibc', image: 'glibc', dns: outsideAddress }),
    three.runContainer({ name: 'musl', image: 'musl', dns: outsideAddress }),
  ]);
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  expect(remnants(lab.run)).toEqual([]);
});

describe('the hosts', () => {
  it('have an engine each, which knows its own containers only', async () => {
    expect(await one.docker('ps', '--format', '{{.Names}}')).toBe('busybox');
    expect(await two.docker('ps', '--format', '{{.Names}}')).toBe('glibc');
  });

  it('reach each other’s containers, on the default bridge and on user networks', async () => {
    await three.createNetwork('back');
    await three.runContainer({ name: 'behind', network: 'back' });
    expect(await reaches(one, 'busybox', await two.addressOf('glibc'))).toBe(true);
    expect(await reaches(two, 'glibc', await three.addressOf('behind', 'back'))).toBe(true);
  });

  it('give a network IPv6 when asked', async () => {
    await two.createNetwork('six', { ipv6: true });
    await two.runContainer({ name: 'sixth', network: 'six' });
    const address = await two.docker('inspect', '-f', '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}', 'sixth');
    await until('host 1 reaches it', async () => (await ping(one, address)).received === 1);
  });

  it('may have equal subnets when they are not routed', async () => {
    const specification = { subnet: '192.168.7.0/24', routed: false };
    for (const host of [one, two]) await host.createNetwork('same', specification);
    expect(await one.docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', 'same')).toBe(
      '192.168.7.0/24',
    );
  });
});

describe('questions', () => {
  it('are asked inside a container with its own resolver', async () => {
    for (const [host, container] of [
      [one, 'busybox'],
      [two, 'glibc'],
      [three, 'musl'],
    ] as const) {
      expect(await host.askTimes(container, 'www.example.com', 2), container).toEqual([['192.0.2.1'], ['192.0.2.1']]);
      expect(await host.ask(container, 'nobody.example.com'), container).toEqual([]);
      expect(await host.ask(container, '192.0.2.1', 'PTR'), container).toEqual(['www.example.com']);
    }
  });

  it('go through the engine’s resolver on a user network', async () => {
    await two.createNetwork('front');
    await two.runContainer({ name: 'user', image: 'glibc', network: 'front', dns: outsideAddress });
    expect(await two.ask('user', 'www.example.com')).toEqual(['192.0.2.1']);
    expect(await two.docker('exec', 'user', 'cat', '/etc/resolv.conf')).toContain('127.0.0.11');
  });

  it('are asked with dig, from a container and from a host', async () => {
    const expected = { rcode: 'NOERROR', answer: [{ name: 'www.example.com.', type: 'A', data: '192.0.2.1' }] };
    expect(await two.digInside('glibc', 'www.example.com')).toMatchObject(expected);
    expect(await one.query(outsideAddress, 'www.example.com', 'A', '+tcp')).toMatchObject(expected);
    expect((await one.query(outsideAddress, 'nobody.example.com')).rcode).toBe('NXDOMAIN');
    expect((await one.query('10.77.0.99', 'www.example.com')).rcode).toBe('TIMEOUT');
  });
});

describe('a link', () => {
  it('can be cut and healed, for one host or between two', async () => {
    await three.cut();
    expect(await ping(one, three.address)).toMatchObject({ received: 0 });
    expect(await ping(one, two.address)).toMatchObject({ received: 1 });
    await three.heal();
    await answered(one, three);

    await lab.cutBetween(one, three);
    expect(await ping(one, three.address)).toMatchObject({ received: 0 });
    expect(await ping(two, three.address)).toMatchObject({ received: 1 });
    await lab.healBetween(one, three);
    await answered(three, one);
  });

  it('can lose its carrier', async () => {
    await three.linkDown();
    expect(await three.machine.run(['ip', 'link', 'show', 'wire0'])).toContain('NO-CARRIER');
    await three.linkUp();
    await answered(one, three);
  });

  it('can be slow, and quick again', async () => {
    await three.slow(50);
    expect((await ping(one, three.address)).leastMs).toBeGreaterThanOrEqual(100);
    await three.heal();
    await until('it is quick again', async () => (await ping(one, three.address)).leastMs < 100);
  });

  it('can lose all, or some', async () => {
    await three.lose(100);
    expect(await ping(one, three.address)).toMatchObject({ received: 0 });
    await three.lose(50);
    await until('some pass and some do not', async () => {
      const { sent, received } = await ping(one, three.address, 4);
      return received > 0 && received < sent;
    });
    await three.heal();
  });
});

describe('an engine', () => {
  it('can be stopped and started, and its containers stop with it', async () => {
    await two.stopEngine();
    expect((await two.machine.attempt(['docker', 'ps'])).code).not.toBe(0);
    await two.startEngine();
    expect(await two.docker('ps', '--format', '{{.Names}}')).toBe('');
    await two.startContainer('glibc');
    expect(await two.ask('glibc', 'www.example.com')).toEqual(['192.0.2.1']);
  });
});

describe('a power cut', () => {
  it('ends everything on the host at once, and leaves its disk', async () => {
    await three.runContainer({ name: 'phoenix', options: ['--restart', 'always'] });
    const { init } = three.machine;
    await three.powerOff();
    expect(() => process.kill(init, 0)).toThrow('ESRCH');
    expect(await ping(one, three.address)).toMatchObject({ received: 0 });
    await three.powerOn();
    await until(
      'what shall restart is back',
      async () => (await three.docker('ps', '--format', '{{.Names}}')) === 'phoenix',
    );
    expect(await reaches(three, 'phoenix', await two.addressOf('glibc'))).toBe(true);
    expect(await reaches(two, 'glibc', await three.addressOf('phoenix'))).toBe(true);
  });
});

describe('a run that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('is cleared after %s to its process', async (signal) => {
    const { child, run } = await startOtherLab();
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    await until('nothing is left of it', () => remnants(run).length === 0);
  });

  it('is cleared when its process throws', async () => {
    const { child, run } = await startOtherLab();
    child.stdin?.end();
    expect((await once(child, 'exit'))[0]).toBe(1);
    await until('nothing is left of it', () => remnants(run).length === 0);
  });

  it('dies with its process and is left to the sweep when its janitor is killed too; a run that goes on is not touched', async () => {
    const { child, run } = await startOtherLab();
    process.kill(Number(readFileSync(join(run.directory, 'janitor'), 'utf8')), 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(remnants(run)).not.toEqual([]);
    const sweep = fileURLToPath(import.meta.resolve('../support/lab/sweep.ts'));
    // Where somebody else keeps temporary files is no reason to take a run for a dead one.
    const env = { PATH: process.env.PATH ?? '', TMPDIR: lab.host(1).machine.options.disk };
    expect(await command([process.execPath, sweep], { env })).toContain(run.id);
    expect(remnants(run)).toEqual([]);
    expect(await one.docker('ps', '--format', '{{.Names}}')).toContain('busybox');
  });
});

/** A lab in a process of its own, which has one host with a container and a paused one, and then waits; it throws when its input ends. */
async function startOtherLab(): Promise<{ child: ChildProcess; run: Run }> {
  const script = fileURLToPath(import.meta.resolve('../support/lab/doomed.ts'));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [said] = await once(child.stdout, 'data');
  return { child, run: runWithId(String(said).trim()) };
}

interface Pings {
  readonly sent: number;
  readonly received: number;
  readonly leastMs: number;
}

async function ping(from: LabHost, address: string, times = 1): Promise<Pings> {
  const applet = address.includes(':') ? 'ping6' : 'ping';
  const asked = ['busybox', applet, '-c', String(times), '-W', '1', '-i', '0.1', address];
  const { stdout } = await from.machine.attempt(asked);
  const [, sent, received] = /(\d+) packets transmitted, (\d+) packets received/.exec(stdout) ?? [];
  return { sent: Number(sent), received: Number(received), leastMs: Number(/= ([\d.]+)\//.exec(stdout)?.[1]) };
}

/** Waits until a host answers another: after a cut, its address must first be asked for again. */
async function answered(from: LabHost, to: LabHost): Promise<void> {
  await until(`${to.name} answers ${from.name}`, async () => (await ping(from, to.address)).received === 1);
}

async function reaches(host: LabHost, container: string, address: string): Promise<boolean> {
  const asked = ['docker', 'exec', container, 'ping', '-c', '1', '-w', '3', address];
  return (await host.machine.attempt(asked)).code === 0;
}
