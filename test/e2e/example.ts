import { readExample } from '../support/examples.ts';
import type { Variables } from '../support/lab/compose.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';

/** What is started of a Compose file. */
export interface ExampleService {
  /** Below examples/. */
  readonly file: string;
  readonly service: string;
  /** Which of several containers of the service; 1 unless said. */
  readonly number?: number;
  readonly variables?: Variables;
}

/** Starts a container of an example on a host, with the agent there as its name server, and returns its name. */
export async function startExample(host: LabHost, example: ExampleService): Promise<string> {
  const { file, service, number, variables = {} } = example;
  const spec = readExample(file, { WEFT_DNS: host.gateway, ...variables }).container(service, number);
  await host.runContainer(spec);
  return spec.name;
}

/** Hosts with agents that know only the first; each has a container `asker`. */
export async function hostsWithAgents(count: number): Promise<Lab> {
  const lab = await Lab.create(count);
  const [first, ...others] = lab.hosts;
  await first?.startAgent();
  await Promise.all(others.map((host) => host.startAgent([lab.host(1).address])));
  await Promise.all(lab.hosts.map((host) => host.runContainer({ name: 'asker', image: 'glibc' })));
  return lab;
}
