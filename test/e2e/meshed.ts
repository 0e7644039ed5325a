import { z } from 'zod';
import type { AgentOptions } from '../support/lab/agent.ts';
import { weftCommand } from '../support/lab/bundle.ts';
import type { LabHost } from '../support/lab/host.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';

/** A name that a container on every host has. */
export const shared = 'web';

/** Starts agents that know only the first host, and on each host a container of its own and one called `web`. */
export async function startMesh(hosts: readonly LabHost[], options: AgentOptions = {}): Promise<void> {
  const [seed, ...others] = hosts;
  await seed?.startAgent([], options);
  await Promise.all(others.map((host) => host.startAgent(seed === undefined ? [] : [seed.address], options)));
  // They shall come back with their host's power.
  const restart = ['--restart', 'always'];
  await Promise.all(
    hosts.flatMap((host) => [
      host.runContainer({ name: shared, options: restart }),
      host.runContainer({ name: `only${host.number}`, options: restart }),
    ]),
  );
  await untilTrue(hosts);
}

/** The addresses with which the agent of a host answers a name of ours. */
export async function answersOf(host: LabHost, name: string): Promise<string[]> {
  const { answer } = await host.query(host.gateway, `${name}.weave.local`);
  return answer.map(({ data }) => data).toSorted();
}

/** On each of these hosts a container starts, another one ends, and a record is made by hand, or removed again. */
export async function changeAll(hosts: readonly LabHost[], round: string): Promise<void> {
  await Promise.all(
    hosts.map(async (host) => {
      const [removed = ''] = (await host.docker('ps', '-q', '--filter', 'label=passing')).split('\n');
      await host.runContainer({ name: `${round}-${host.number}`, labels: { passing: 'yes' } });
      if (removed !== '') await host.removeContainer(removed);
      const byHand = `/v1/static/hand${host.number}`;
      await host.agent.request('PUT', byHand, { addresses: [`192.0.2.${host.number}`] });
      if (host.number % 2 === 0) await host.agent.request('DELETE', byHand);
    }),
  );
}

/** Does some work and returns each line in which `weft watch` on these hosts told meanwhile that a record was hidden. */
export async function hiddenDuring(hosts: readonly LabHost[], work: () => Promise<void>): Promise<string[]> {
  const watchers = await Promise.all(hosts.map((host) => host.machine.start('watch', [...weftCommand, 'watch'])));
  try {
    for (const watcher of watchers) await until('the stream begins', () => watcher.log() !== '');
    await work();
    return watchers.flatMap((watcher, index) =>
      watcher
        .log()
        .split('\n')
        .filter((line) => / \+ .* quiet on /.test(line))
        .map((line) => `${hosts[index]?.name} said: ${line}`),
    );
  } finally {
    await Promise.all(watchers.map((watcher) => watcher.stop('SIGINT')));
  }
}

/** What `weft status --json` says on a host. */
export async function statusOf(host: LabHost): Promise<Status> {
  return status.parse(JSON.parse((await host.agent.request('GET', '/v1/status')).body));
}

/** Whether a host's agent has a link to another's. */
export async function isLinked(from: LabHost, to: LabHost): Promise<boolean> {
  const [{ links }, { agent }] = await Promise.all([statusOf(from), statusOf(to)]);
  return links.some(({ state, peer }) => state === 'established' && peer === agent.hostId);
}

const counts = z.record(z.string(), z.number());
const status = z.object({
  agent: z.object({ hostId: z.string() }),
  problems: z.array(z.object({ problem: z.string() })),
  hosts: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      record: z.object({ name: z.string(), meshAddresses: z.array(z.string()) }).optional(),
    }),
  ),
  links: z.array(z.object({ peer: z.string().optional(), address: z.string(), state: z.string() })),
  mesh: z.object({
    refused: counts,
    dropped: counts,
    envelopes: counts,
    offences: z.array(z.object({ peer: z.string(), reason: z.string(), count: z.number() })),
    storedBytes: z.number(),
  }),
});
export type Status = z.infer<typeof status>;
