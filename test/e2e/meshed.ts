import type { LabHost } from '../support/lab/host.ts';
import { untilTrue } from '../support/lab/truth.ts';

/** A name that a container on every host has. */
export const shared = 'web';

/** Starts agents that know only the first host, and on each host a container of its own and one called `web`. */
export async function startMesh(hosts: readonly LabHost[], args: readonly string[] = []): Promise<void> {
  const [seed, ...others] = hosts;
  await seed?.startAgent(args);
  await Promise.all(others.map((host) => host.startAgent([...args, ...(seed === undefined ? [] : [seed.address])])));
  // Those that shall come back with their host's power.
  const options = ['--restart', 'always'];
  await Promise.all(
    hosts.flatMap((host) => [
      host.runContainer({ name: shared, options }),
      host.runContainer({ name: `only${host.number}`, options }),
    ]),
  );
  await untilTrue(hosts);
}

/** The addresses with which the agent of a host answers a name of ours. */
export async function answersOf(host: LabHost, name: string): Promise<string[]> {
  const { answer } = await host.query(host.gateway, `${name}.weave.local`);
  return answer.map(({ data }) => data).toSorted();
}
