import { z } from 'zod';
import type { LabHost } from './host.ts';
import { getFromSocket } from './socket-request.ts';
import { until } from './until.ts';

/**
 * One row of what a mesh should know: `NAME ADDRESS HOST NETWORK CONTAINER STATE` of a container's record, where
 * CONTAINER is the short id; `NAME DATA` of a record made by hand.
 */
type Row = string;

export interface TruthOptions {
  /** The records made by hand, as `NAME DATA`; whatever all hosts agree on unless said. */
  readonly statics?: readonly Row[];
  readonly timeoutMs?: number;
}

/** More than the 5 s that the mesh promises, on a machine that does a dozen other things. */
const defaultTimeoutMs = 30_000;
/** The domain of the lab's agents, and the engine's short form of an id. */
const domain = 'weave.local';
const shortIdLength = 12;

/**
 * Waits until `weft ls --json` says the same on all of these hosts, and exactly what their engines run; what other
 * hosts ran may be listed too, as quiet. Returns how many milliseconds that took; throws with the rows that differ.
 */
export async function untilTrue(hosts: readonly LabHost[], options: TruthOptions = {}): Promise<number> {
  const { timeoutMs = defaultTimeoutMs, statics } = options;
  const began = performance.now();
  let differences: string[] = [];
  const holds = async (list: (host: LabHost) => Promise<string>) => {
    differences = await differencesOn(hosts, list, statics);
    return differences.length === 0;
  };
  // The command line takes a moment to start, so that it is asked only when the agents say yes.
  await until(
    'every host tells the truth',
    async () => (await holds(fromAgent)) && (await holds(fromLs)),
    timeoutMs,
  ).catch((cause: unknown) => {
    throw new Error(`not within ${timeoutMs} ms the truth:\n${differences.join('\n')}`, { cause });
  });
  return performance.now() - began;
}

/** Every row that a host's list has or lacks against the engines' own word; empty where all tell the truth. */
async function differencesOn(
  hosts: readonly LabHost[],
  list: (host: LabHost) => Promise<string>,
  statics: readonly Row[] | undefined,
): Promise<string[]> {
  const names = hosts.map(({ name }) => name);
  const runs = (await Promise.all(hosts.map(engineRows))).flat();
  const lists = await Promise.all(hosts.map(async (host) => ({ host, ...listedRows(await list(host), names) })));
  const wanted = new Set([...runs, ...(statics ?? lists[0]?.statics ?? [])]);
  return lists.flatMap(({ host, containers, statics: made }) => {
    const listed = new Set([...containers, ...made]);
    const lacks = [...wanted.difference(listed)].map((row) => `${host.name} lacks ${row}`);
    return [...lacks, ...[...listed.difference(wanted)].map((row) => `${host.name} lists ${row}`)];
  });
}

/** What the engine of a host runs, asked of the engine itself. */
async function engineRows(host: LabHost): Promise<Row[]> {
  const ids = z.array(z.object({ Id: z.string() })).parse(await engine(host, '/containers/json'));
  const inspected = await Promise.all(ids.map(({ Id }) => engine(host, `/containers/${Id}/json`)));
  return inspected.flatMap((each) => rowsOf(host, each));
}

/** Undefined for what is gone since it was listed. */
async function engine(host: LabHost, path: string): Promise<unknown> {
  const { status, body } = await getFromSocket(host.engineSocket, path);
  return status === 200 ? JSON.parse(body) : undefined;
}

const inspection = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({
    Running: z.boolean(),
    Paused: z.boolean(),
    Restarting: z.boolean(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({
    Hostname: z.string(),
    Domainname: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
  HostConfig: z.object({ NetworkMode: z.string() }),
  NetworkSettings: z.object({
    Networks: z.record(
      z.string(),
      z.object({ IPAddress: z.string(), GlobalIPv6Address: z.string(), Aliases: z.array(z.string()).nullish() }),
    ),
  }),
});
type Inspection = z.infer<typeof inspection>;

function rowsOf(host: LabHost, inspected: unknown): Row[] {
  if (inspected === undefined) return [];
  const container = inspection.parse(inspected);
  if (!container.State.Running || container.State.Restarting || isIgnored(container)) return [];
  const id = container.Id.slice(0, shortIdLength);
  return namesOf(container).flatMap((name) =>
    addressesOf(host, container).map(
      ({ address, network }) => `${name} ${address} ${host.name} ${network} ${id} ${stateOf(container)}`,
    ),
  );
}

function isIgnored({ Config }: Inspection): boolean {
  return Config.Labels?.['weft.ignore'] === 'true';
}

/** The names of a container by the contract, as far as the lab's containers have them. */
function namesOf({ Id, Name, Config, HostConfig, NetworkSettings }: Inspection): string[] {
  const id = Id.slice(0, shortIdLength);
  const labels = Config.Labels ?? {};
  const service = labels['com.docker.compose.service'] ?? '';
  const project = labels['com.docker.compose.project'];
  const texts = [
    Name.slice(1),
    id,
    ...Object.values(NetworkSettings.Networks).flatMap(({ Aliases }) => Aliases ?? []),
    ...(HostConfig.NetworkMode === 'host' ? [] : hostnames(Config)),
    ...(labels['weft.name'] ?? '').split(',').map((each) => each.trim()),
    ...(project === undefined ? [service] : [service, `${service}.${project}`]),
  ];
  return [...new Set(texts.map(relative))].filter((name) => name !== '');
}

/** A host name outside the domain is no name of ours. */
function hostnames({ Hostname, Domainname }: Inspection['Config']): string[] {
  const whole = relative(Domainname === '' ? Hostname : `${Hostname}.${Domainname}`);
  return whole.includes('.') && !`${Hostname}.${Domainname}`.includes(domain) ? [] : [whole];
}

function relative(name: string): string {
  const lower = name.toLowerCase().replace(/\.$/, '');
  return lower.endsWith(`.${domain}`) ? lower.slice(0, -domain.length - 1) : lower;
}

function addressesOf(host: LabHost, { HostConfig, NetworkSettings }: Inspection) {
  if (HostConfig.NetworkMode === 'host') return [{ address: host.address, network: 'host' }];
  return Object.entries(NetworkSettings.Networks).flatMap(([network, { IPAddress, GlobalIPv6Address }]) =>
    [IPAddress, GlobalIPv6Address].filter((address) => address !== '').map((address) => ({ address, network })),
  );
}

function stateOf({ State }: Inspection): string {
  if (State.Paused) return 'paused';
  const health = State.Health?.Status ?? 'none';
  return health === 'starting' || health === 'unhealthy' ? health : 'running';
}

const listing = z.object({
  records: z.array(
    z.object({
      name: z.string(),
      data: z.string(),
      source: z.enum(['container', 'static']),
      state: z.string(),
      container: z.object({ id: z.string() }).optional(),
      host: z.object({ name: z.string() }),
      network: z.string().optional(),
    }),
  ),
});

/** The rows of a host's list, but for what hosts that are not asked about ran before they went quiet. */
function listedRows(text: string, asked: readonly string[]): { containers: Row[]; statics: Row[] } {
  const { records } = listing.parse(JSON.parse(text));
  const statics = records.filter(({ source }) => source === 'static').map(({ name, data }) => `${name} ${data}`);
  const containers = records
    .filter(({ source, state, host }) => source === 'container' && (state !== 'quiet' || asked.includes(host.name)))
    .map(({ name, data, host, network, container, state }) => {
      const id = container?.id.slice(0, shortIdLength);
      return `${name} ${data} ${host.name} ${network} ${id} ${state}`;
    });
  return { containers, statics };
}

async function fromAgent(host: LabHost): Promise<string> {
  return (await host.agent.request('GET', '/v1/records')).body;
}

async function fromLs(host: LabHost): Promise<string> {
  return (await host.weft(['ls', '--json'])).stdout;
}
