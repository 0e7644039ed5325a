import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { imageTag } from '../support/lab/images.ts';
import { Lab } from '../support/lab/lab.ts';
import { describeEngine } from '../watch/engine-suite.ts';
import { WatchedHost } from '../watch/host.ts';
import { commandVerbs } from '../watch/verbs.ts';

const certificates = join(import.meta.dirname, '../watch/tls');
const tlsAddress = 'tcp://127.0.0.1:2376';

let lab: Lab;
let host: LabHost;

beforeAll(async () => {
  const tls = { tlscacert: 'ca.pem', tlscert: 'server-cert.pem', tlskey: 'server-key.pem' };
  const files = Object.entries(tls).map(([key, file]) => [key, join(certificates, file)]);
  const hosts = ['unix:///run/docker.sock', tlsAddress];
  lab = await Lab.create(1, { engineSettings: { hosts, tlsverify: true, ...Object.fromEntries(files) } });
  host = lab.host(1);
  await host.image('busybox');
});
afterAll(() => lab[Symbol.asyncDispose]());

describeEngine('a real Docker Engine', async () =>
  commandVerbs({
    url: `unix://${host.engineSocket}`,
    image: imageTag('busybox'),
    defaultNetwork: 'bridge',
    command: (...words) => host.docker(...words),
    removeAll: async () => {
      const ids = (await host.docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);
      if (ids.length > 0) await host.docker('rm', '--force', ...ids);
    },
    restartEngine: () => host.restartEngine(),
  }),
);

describe('a real Docker Engine that starts a container again and again', () => {
  it('waits longer each time, and so does the record', async () => {
    await using watched = new WatchedHost(`unix://${host.engineSocket}`);
    await vi.waitFor(() => expect(watched.watch.status().connected).toBe(true));
    const loop = ['--restart', 'always', imageTag('busybox'), 'sh', '-c', 'sleep 0.2; exit 1'];
    const id = await host.docker('run', '--detach', '--name', 'loop', ...loop);
    await vi.waitFor(() => expect(watched.watch.status().counts.heldBack).toBeGreaterThan(1), { timeout: 30_000 });
    expect(watched.sink.records.has(id)).toBe(false);
    await host.docker('rm', '--force', 'loop');
  });

  it('does not have its containers waiting to be started counted as running', async () => {
    const loop = ['--restart', 'always', imageTag('busybox'), 'sh', '-c', 'exit 1'];
    await host.docker('run', '--detach', '--name', 'loop', ...loop);
    // Docker waits 0.1 s before the first new start and twice as long before each further one: after six, it waits long
    // enough for a watch to come and to list what there is before the next one, which would be a container that runs.
    const state = () =>
      host.docker('inspect', '--format', '{{.RestartCount}} {{.State.Status}} {{.State.Running}}', 'loop');
    await vi.waitFor(async () => expect(await state()).toBe('6 restarting true'), { timeout: 60_000, interval: 50 });
    await using watched = new WatchedHost(`unix://${host.engineSocket}`);
    await vi.waitFor(() => expect(watched.sink.listings).toBe(1), { timeout: 10_000 });
    expect(watched.sink.records.size).toBe(0);
    await host.docker('rm', '--force', 'loop');
  });
});

describe('a real Docker Engine behind TLS', () => {
  const up = ['--docker-host', tlsAddress];

  it('is followed by an agent that has the certificates', async () => {
    await host.startAgent(up, { env: { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates } });
    await host.runContainer({ name: 'web' });
    const address = await host.addressOf('web');
    await vi.waitFor(async () => {
      const { answer } = await host.query(host.gateway, 'web.weave.local');
      expect(answer.map(({ data }) => data)).toEqual([address]);
    });
    await host.stopAgent();
  });

  it('is not by one that has none, which says so', async () => {
    await host.startAgent(up);
    const { stdout } = await host.weft(['status']);
    expect(stdout).toMatch(/The container engine is not reached: .*certificate/);
    await host.stopAgent();
  });
});
