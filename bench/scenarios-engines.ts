import { z } from 'zod';
import { containerWords } from '../test/support/lab/container.ts';
import { imageTag, imageTar } from '../test/support/lab/images.ts';
import type { Lab } from '../test/support/lab/lab.ts';
import { podmanSettings } from '../test/support/lab/podman.ts';
import { type Containers, type Inspected, type Running, type Wish, wellFile } from './scenarios-peer.ts';

/** The containers of the lab's Docker Engines. */
export async function dockerContainers(lab: Lab): Promise<Containers> {
  await Promise.all(lab.hosts.map((host) => host.image('busybox')));
  const run = (host: number, words: readonly string[]) => lab.host(host).docker(...words);
  // Its engine checks by itself, every half second.
  return { run, inspect: inspecting(run), check: async () => {} };
}

/** The containers of Podman, run as root on the lab's hosts. */
export async function podmanContainers(lab: Lab): Promise<Containers> {
  const settings = await Promise.all(lab.hosts.map(({ machine }) => podmanSettings(machine)));
  const run = async (host: number, words: readonly string[]) =>
    (await lab.host(host).machine.run(['podman', ...words], { env: settings[host - 1] ?? {} })).trimEnd();
  for (const { machine, number } of lab.hosts) {
    const env = settings[number - 1] ?? {};
    await machine.run(['podman', 'import', '-', imageTag('busybox')], { env, input: await imageTar('busybox') });
  }
  // Podman leaves this to timers of systemd, which the lab has none of; it fails with the check it ran.
  const check = async (host: number, container: string) => {
    const words = ['podman', 'healthcheck', 'run', container];
    await lab.host(host).machine.attempt(words, { env: settings[host - 1] ?? {} });
  };
  return { run, inspect: inspecting(run), check };
}

/** Runs the container of a wish with more words for its engine, and says what became of it. */
export async function startWish(containers: Containers, wish: Wish, more: readonly string[]): Promise<Running> {
  const { host, container: name, graceSeconds } = wish;
  const options = [...(wish.checked ? healthWords : []), ...more];
  const stopsSlowly = ['sh', '-c', `trap 'sleep ${graceSeconds}; exit 0' TERM; sleep 1000000 & wait`];
  const command = graceSeconds === undefined ? {} : { command: stopsSlowly };
  await containers.run(host, ['run', '--detach', ...containerWords({ name, dns: false, options, ...command }, '')]);
  const { address, startedAt } = await containers.inspect(host, name);
  return { host, container: name, name: wish.name, address, startedAt };
}

const healthWords = [
  ...['--health-cmd', `test -e ${wellFile}`, '--health-interval', '500ms', '--health-retries', '1'],
  ...['--health-timeout', '10s'],
];

/** Docker and Podman agree on these, but for what a container without a health check has. */
const inspection = z.object({
  State: z.object({
    Pid: z.number(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Health: z.object({ Status: z.string(), Log: z.array(z.object({ End: z.string() })).nullish() }).nullish(),
  }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string() })) }),
});

function inspecting(run: Containers['run']): Containers['inspect'] {
  return async (host, container): Promise<Inspected> => {
    const [said] = z.array(inspection).parse(JSON.parse(await run(host, ['inspect', container])));
    if (said === undefined) throw new Error(`nothing is known of ${container}`);
    const { Pid, StartedAt, FinishedAt, Health } = said.State;
    return {
      pid: `${Pid}`,
      address: Object.values(said.NetworkSettings.Networks)[0]?.IPAddress ?? '',
      startedAt: Date.parse(StartedAt),
      finishedAt: Date.parse(FinishedAt),
      health: Health?.Status,
      checkedAt: Date.parse(Health?.Log?.at(-1)?.End ?? ''),
    };
  };
}
