import { afterAll, beforeAll } from 'vitest';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { imageTar } from '../support/lab/images.ts';
import { Lab } from '../support/lab/lab.ts';
import { podmanSettings } from '../support/lab/podman.ts';
import { until } from '../support/lab/until.ts';
import { describeEngine } from '../watch/engine-suite.ts';
import { commandVerbs } from '../watch/verbs.ts';

/** Podman as root on a host of the lab, with everything it owns on that host's disk. */
const socket = '/run/podman.sock';
let lab: Lab;
let host: LabHost;
let service: Daemon;
let env: Record<string, string>;

beforeAll(async () => {
  lab = await Lab.create(1);
  host = lab.host(1);
  env = await podmanSettings(host.machine);
  await host.machine.run(['podman', 'import', '-', 'weft-lab'], { env, input: await imageTar('busybox') });
  await startService();
});
afterAll(async () => {
  await removeAll();
  await lab[Symbol.asyncDispose]();
});

describeEngine(
  'Podman',
  async () =>
    commandVerbs({
      url: `unix://${host.machine.path(socket)}`,
      image: 'weft-lab',
      defaultNetwork: 'bridge',
      command: (...words) => podman(...words),
      removeAll,
      // Podman leaves this to timers of systemd, which the lab has none of.
      probe: async (name) => void (await host.machine.attempt(['podman', 'healthcheck', 'run', name], { env })),
      restartEngine: async () => {
        await service.stop();
        await startService();
      },
    }),
  { namesSignals: false },
);

async function podman(...words: string[]): Promise<string> {
  return (await host.machine.run(['podman', ...words], { env })).trimEnd();
}

async function removeAll(): Promise<void> {
  // One that another depends on is refused before that one is gone.
  while ((await podman('ps', '--all', '--quiet')) !== '')
    await host.machine.attempt(['podman', 'rm', '--all', '--force', '--time', '0'], { env });
}

async function startService(): Promise<void> {
  service = await host.machine.start('podman', ['podman', 'system', 'service', '--time', '0', `unix://${socket}`], env);
  await until('podman answers', async () => (await podman('--url', `unix://${socket}`, 'version')) !== '');
}
