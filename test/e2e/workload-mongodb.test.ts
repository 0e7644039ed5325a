import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import type { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answeredOnAll } from './answered.ts';
import { hostsWithAgents, startExample } from './example.ts';

/**
 * MongoDB's own driver before servers that stand in for MongoDB, and know no more than the little that a driver asks of them:
 * examples/mongodb on three hosts. What is shown is what the driver makes of names, not how MongoDB replicates.
 */

/** A server that vanishes without a word is given up after this, not after the driver's half a minute. */
const patience = 'heartbeatFrequencyMS=1000&connectTimeoutMS=2000&socketTimeoutMS=3000';
const seedList = `mongodb://node0.weave.local,node1.weave.local,node2.weave.local/?replicaSet=rs0&${patience}`;
const routersBySrv = `mongodb+srv://mongos.weave.local/?tls=false&${patience}`;
const setBySrv = `mongodb+srv://mongo.weave.local/?tls=false&replicaSet=rs0&${patience}`;
/** The driver asks for the SRV records of routers once a minute and cannot be told otherwise. */
const rescannedWithinMs = 90_000;
const someWrites = 5;

interface Client {
  readonly host: LabHost;
  readonly name: string;
}

let lab: Lab;
/** Started first, as it takes a minute to look at the SRV records again. */
let ofRouters: Client;
let ofSet: Client;

beforeAll(async () => {
  lab = await hostsWithAgents(3);
  await Promise.all([startRouter(0), startRouter(1)]);
  await answeredOnAll(lab.hosts, 'mongos', await Promise.all([0, 1].map(addressOfRouter)));
  ofRouters = await startClient(lab.host(1), 1, routersBySrv);
  await serversOf(ofRouters, [routerServer(0), routerServer(1)]);
  await writesGoOn(ofRouters);
  // The change that the driver is to notice: one router goes, another comes.
  await startRouter(2);
  await lab.host(1).removeContainer('router0');
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe("MongoDB's driver", () => {
  it('finds a replica set by a list of names, and writes to its primary', async () => {
    await Promise.all([0, 1, 2].map(startMember));
    ofSet = await startClient(lab.host(1), 2, seedList);
    await serversOf(ofSet, [0, 1, 2].map(memberServer));
    await writesGoTo(ofSet, await addressOfMember(0));
  });

  it('goes on with the primary that follows when the container of the first is killed', async () => {
    await lab.host(1).docker('kill', 'node0');
    await writesGoTo(ofSet, await addressOfMember(1));
  });

  it('finds that one again under its name, at another address', async () => {
    const before = await addressOfMember(1);
    await lab.host(2).removeContainer('node1');
    await writesGoTo(ofSet, await addressOfMember(2));
    await lab.host(2).runContainer({ name: 'squatter' });
    await startMember(1);
    expect(await addressOfMember(1)).not.toBe(before);
    await writesGoTo(ofSet, await addressOfMember(1));
  });

  it('finds the set by SRV records, which name the members that are there', async () => {
    const client = await startClient(lab.host(3), 3, setBySrv);
    await until('it has seeds', async () => (await serverLists(client)).length > 0);
    expect((await serverLists(client))[0]).toBe('node1.mongo.weave.local:27017 node2.mongo.weave.local:27017');
    await serversOf(client, [0, 1, 2].map(memberServer));
    await writesGoTo(client, await addressOfMember(1));
  });

  it('follows routers as their SRV records change', async () => {
    await serversOf(ofRouters, [routerServer(1), routerServer(2)], rescannedWithinMs);
    // While both are there, it takes whichever answers faster.
    await lab.host(2).removeContainer('router1');
    await writesGoTo(ofRouters, await addressOfRouter(2));
  });
});

/** As the SRV records of the name that the routers share call one. */
function routerServer(number: number): string {
  return `router${number}.mongos.weave.local:27017`;
}

/** As the members call each other. */
function memberServer(number: number): string {
  return `node${number}.weave.local:27017`;
}

async function startRouter(number: number): Promise<void> {
  const variables = { N: `${number}` };
  await startExample(lab.host(number + 1), { file: 'mongodb/routers.yaml', service: 'mongos', variables });
}

function addressOfRouter(number: number): Promise<string> {
  return lab.host(number + 1).addressOf(`router${number}`);
}

async function startMember(number: number): Promise<void> {
  const variables = { N: `${number}` };
  await startExample(lab.host(number + 1), { file: 'mongodb/stand-in.yaml', service: 'member', variables });
}

function addressOfMember(number: number): Promise<string> {
  return lab.host(number + 1).addressOf(`node${number}`);
}

async function startClient(host: LabHost, number: number, uri: string): Promise<Client> {
  const example = { file: 'mongodb/clients.yaml', service: 'client', number, variables: { URI: uri } };
  return { host, name: await startExample(host, example) };
}

/** Waits until these are the servers that the driver of a client knows. */
async function serversOf(client: Client, servers: readonly string[], timeoutMs?: number): Promise<void> {
  const right = servers.toSorted().join(' ');
  await until(`${client.name} knows ${right}`, async () => (await serverLists(client)).at(-1) === right, timeoutMs);
}

/** The lists of servers that the driver has had, one after another. */
async function serverLists(client: Client): Promise<string[]> {
  const lines = await said(client);
  return lines.flatMap((line) => (line.startsWith('servers ') ? line.slice('servers '.length) : []));
}

/** Waits until a client has written to the server at an address, from now on. */
async function writesGoTo(client: Client, address: string): Promise<void> {
  const before = (await said(client)).length;
  await until(`${client.name} writes to ${address}`, async () => {
    const lines = (await said(client)).slice(before);
    return lines.filter((line) => line.startsWith('wrote ') && line.endsWith(` ${address}:27017`)).length >= someWrites;
  });
}

async function writesGoOn(client: Client): Promise<void> {
  await until(
    'it writes',
    async () => (await said(client)).filter((line) => line.startsWith('wrote')).length >= someWrites,
  );
}

async function said({ host, name }: Client): Promise<string[]> {
  return (await host.docker('logs', name)).split('\n').filter(Boolean);
}
