import type { LabHost } from '../support/lab/host.ts';
import { until } from '../support/lab/until.ts';

/** Waits until a container on a host gets exactly these addresses for a name, in whatever order. */
export async function answered(host: LabHost, asker: string, name: string, wanted: readonly string[]): Promise<void> {
  const right = wanted.toSorted().join(' ');
  let got = '';
  await until(`${name} in ${asker} on ${host.name}`, async () => {
    got = (await host.ask(asker, name)).toSorted().join(' ');
    return got === right;
  }).catch((cause: unknown) => {
    const said = `${got || 'nothing'}, not ${right || 'nothing'}`;
    throw new Error(`${name} in ${asker} on ${host.name}: ${said}`, { cause });
  });
}

/** The states in which `weft ls` on a host shows the records of a name, one for each record. */
export async function listedStates(host: LabHost, name: string): Promise<string[]> {
  const { records } = JSON.parse((await host.weft(['ls', name, '--json'])).stdout);
  return records.map(({ state, shadowed }: { state: string; shadowed?: string }) => (shadowed ? 'shadowed' : state));
}

/** Waits until the containers called `asker` on all these hosts get exactly these addresses for a name. */
export async function answeredOnAll(hosts: readonly LabHost[], name: string, wanted: readonly string[]): Promise<void> {
  await Promise.all(hosts.map((host) => answered(host, 'asker', name, wanted)));
}
