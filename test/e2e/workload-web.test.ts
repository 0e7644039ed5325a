import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import type { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answeredOnAll, listedStates } from './answered.ts';
import { hostsWithAgents, startExample } from './example.ts';

/** Three web servers with one name on three hosts, and a client on a fourth: examples/web. */

const requests = 600;
const requestsPerSecond = 100;
/** Of the requests, by which a server may have more or fewer than its third. */
const unevenness = 0.02;
/** Requests that are made after the last thing happened. */
const moreRequests = 100;

interface Request {
  readonly ms: number;
  /** The address of the server that answered; `LOST` when none did, though it was tried twice. */
  readonly answer: string;
  /** Addresses that did not accept a connection, before one did. */
  readonly notAccepted: number;
  /** How often the client had to ask again after it had a connection, or had none at all. */
  readonly repeated: number;
  readonly lookupMs: number;
}

let lab: Lab;
let servers: readonly LabHost[];

beforeAll(async () => {
  lab = await hostsWithAgents(4);
  servers = lab.hosts.slice(0, 3);
  await Promise.all([...servers.map((host) => startServer(host)), lab.host(4).image('node')]);
  await everywhere(servers);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a web tier behind one name', () => {
  it('has its requests spread evenly over its servers', async () => {
    const made = await underLoad(lab.host(4), requestsOf(requests));
    expect(lost(made)).toEqual([]);
    await expectEvenSpread(made);
  });

  it('loses no request while all servers are replaced, one after another', async () => {
    const made = await underLoad(lab.host(4), async (made) => {
      for (const host of servers) {
        await host.docker('stop', 'nodebb');
        await host.removeContainer('nodebb');
        await startServer(host);
        await everywhere(servers);
      }
      await requestsOf(moreRequests)(made);
    });
    expect(lost(made)).toEqual([]);
    report('servers replaced', made);
  });

  it('costs its clients no more than their own patience when a host loses power', async () => {
    const [one = '', two = ''] = await addresses(servers);
    const made = await underLoad(lab.host(4), async (made) => {
      await lab.host(3).powerOff();
      await answeredOnAll([lab.host(4)], 'nodebb', [one, two]);
      await requestsOf(moreRequests)(made);
    });
    expect(lost(made)).toEqual([]);
    report('power off', made);
  });

  it('has the requests of clients beside a server spread evenly where it is answered one address at a time', async () => {
    const left = servers.slice(0, 2);
    for (const host of left) {
      await host.removeContainer('nodebb');
      await startServer(host, { ANSWERS: 'one' });
    }
    await until('the new ones are answered', async () => {
      const answers = await lab.host(1).askTimes('asker', 'nodebb.weave.local.', 4);
      return new Set(answers.flat()).size === left.length && answers.every((answer) => answer.length === 1);
    });
    await expectEvenSpread(await underLoad(lab.host(1), requestsOf(requests)), left);
  });
});

async function startServer(host: LabHost, variables: Record<string, string> = {}): Promise<void> {
  await startExample(host, { file: 'web/compose.yaml', service: 'nodebb', variables });
}

/** Makes requests from a container on a host while something happens, and returns them all. */
async function underLoad(
  host: LabHost,
  happening: (made: () => Promise<readonly Request[]>) => Promise<void>,
): Promise<readonly Request[]> {
  const variables = { PER_SECOND: `${requestsPerSecond}` };
  const load = await startExample(host, { file: 'web/load.yaml', service: 'load', variables });
  const made = async () => (await host.docker('logs', load)).split('\n').filter(Boolean).map(parseRequest);
  await requestsOf(1)(made);
  await happening(made);
  await host.docker('stop', load);
  const all = await made();
  await host.removeContainer(load);
  return all;
}

/** Waits until this many more requests were made. */
function requestsOf(count: number): (made: () => Promise<readonly Request[]>) => Promise<void> {
  return async (made) => {
    const before = (await made()).length;
    await until(`${count} requests`, async () => (await made()).length >= before + count);
  };
}

function parseRequest(line: string): Request {
  const [ms = '', answer = '', ...counts] = line.split(' ');
  const [notAccepted = 0, repeated = 0, lookupMs = 0] = counts.map(Number);
  return { ms: Number(ms), answer, notAccepted, repeated, lookupMs };
}

/** Those that nobody answered within the client's own patience, asked twice. */
function lost(made: readonly Request[]): Request[] {
  return made.filter(({ answer }) => answer === 'LOST');
}

async function expectEvenSpread(made: readonly Request[], hosts = servers): Promise<void> {
  const shares = (await addresses(hosts)).map((address) => made.filter(({ answer }) => answer === address).length);
  // On a machine that stands still for a moment, clients do not wait for the server that they were given.
  const elsewhere = made.filter(({ notAccepted, repeated }) => notAccepted + repeated > 0).length;
  console.log(`${made.length} requests: ${shares.join(', ')}; ${elsewhere} went to a second address`);
  for (const share of shares)
    expect(Math.abs(share - made.length / hosts.length)).toBeLessThanOrEqual(made.length * unevenness + elsewhere);
}

function report(what: string, made: readonly Request[]): void {
  const refused = made.filter(({ notAccepted }) => notAccepted > 0).length;
  const repeated = made.filter((each) => each.repeated > 0).length;
  const slowest = Math.max(...made.map(({ ms }) => ms));
  const slowestLookup = Math.max(...made.map(({ lookupMs }) => lookupMs));
  console.log(
    `${what}: ${made.length} requests, none lost; ${refused} went to a second address, ${repeated} were repeated, ` +
      `the slowest took ${Math.round(slowest)} ms, the slowest look-up ${Math.round(slowestLookup)} ms`,
  );
}

/** All of these are answered, and healthy: while none is, all are answered, and then only those that are. */
async function everywhere(hosts: readonly LabHost[]): Promise<void> {
  await answeredOnAll(lab.hosts, 'nodebb', await addresses(hosts));
  await until('all are healthy on all hosts', async () => {
    const states = await Promise.all(lab.hosts.map((host) => listedStates(host, 'nodebb')));
    return states.flat().every((state) => state === 'running');
  });
}

function addresses(hosts: readonly LabHost[]): Promise<string[]> {
  return Promise.all(hosts.map((host) => host.addressOf('nodebb')));
}
