import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  answersReply,
  changesReply,
  explainReply,
  healthReply,
  hostsReply,
  linksReply,
  nameReply,
  peersReply,
  problemReply,
  readinessReply,
  recordsReply,
  removedReply,
  staticReply,
  statusReply,
  tokenReply,
} from '../../src/api/schema.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { host2, hostView, noon, owner } from '../support/control-twin.ts';

let agent: ApiAgent;

beforeAll(async () => {
  agent = await ApiAgent.start();
  const { control } = agent;
  control.own('web', owner('web', '172.17.0.2', { ttlSeconds: 5, weight: 2 }));
  control.hostViews.push(hostView(host2, 'host2', { heardMsAgo: 12.5 }));
  control.linkViews = [{ address: '192.0.2.2:6783', outbound: true, state: 'refused', error: 'the secrets differ' }];
  control.problemViews = [{ problem: 'Something is wrong.', remedy: 'Do something.' }];
  control.explanation = {
    asker: 'this host',
    outcome: 'answers 1 of 1 address',
    records: [{ type: 'A', data: '172.17.0.2', answered: true, reason: 'it runs', source: 'host1', since: noon }],
  };
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
});

interface Description {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { summary: string; responses: Record<string, unknown> }>>;
}

async function describeApi(): Promise<Description> {
  return JSON.parse((await agent.ask('GET', '/openapi.json')).text);
}

describe('the description of the API', () => {
  it("has every path of the contract, and weave's", async () => {
    const { openapi, paths } = await describeApi();
    expect(openapi).toBe('3.1.0');
    const operations = Object.entries(paths).flatMap(([path, verbs]) =>
      Object.keys(verbs).map((verb) => `${verb} ${path}`),
    );
    expect(operations.sort()).toMatchInlineSnapshot(`
      [
        "delete /name",
        "delete /name/{container}",
        "delete /name/{container}/{ip}",
        "delete /v1/static/{name}",
        "delete /v1/static/{name}/{address}",
        "get /",
        "get /dns-address",
        "get /dns-address-port",
        "get /domain",
        "get /healthz",
        "get /metrics",
        "get /name",
        "get /openapi.json",
        "get /page/{file}",
        "get /readyz",
        "get /report",
        "get /status",
        "get /status/connections",
        "get /status/dns",
        "get /status/peers",
        "get /status/targets",
        "get /v1/answers",
        "get /v1/changes",
        "get /v1/explain/{name}",
        "get /v1/hosts",
        "get /v1/links",
        "get /v1/names/{name}",
        "get /v1/records",
        "get /v1/status",
        "get /v1/token",
        "get /v1/watch",
        "post /connect",
        "post /forget",
        "post /v1/connect",
        "post /v1/forget",
        "post /v1/leave",
        "put /name/{container}/{ip}",
        "put /v1/static/{name}",
      ]
    `);
    for (const verbs of Object.values(paths))
      for (const operation of Object.values(verbs)) {
        expect(operation.summary).not.toBe('');
        expect(operation.responses).toHaveProperty('default');
      }
  });

  it('names parameters and bodies as JSON schemas', async () => {
    const { paths } = await describeApi();
    expect(paths['/v1/static/{name}']?.put).toMatchObject({
      parameters: [
        { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'replace', in: 'query', required: false },
      ],
      requestBody: {
        content: {
          'application/json': { schema: { properties: { addresses: { type: 'array' } }, additionalProperties: false } },
        },
      },
      responses: { 200: { content: { 'application/json': { schema: { type: 'object' } } } } },
    });
  });

  it.each<[string, string, unknown, z.ZodType]>([
    ['GET', '/v1/records', undefined, recordsReply],
    ['GET', '/v1/names/web', undefined, nameReply],
    ['GET', '/v1/hosts', undefined, hostsReply],
    ['GET', '/v1/links', undefined, linksReply],
    ['GET', '/v1/status', undefined, statusReply],
    ['GET', '/v1/explain/web?from=172.17.0.3', undefined, explainReply],
    ['GET', '/v1/answers?name=web&name=db&from=172.17.0.3', undefined, answersReply],
    ['GET', '/v1/changes?limit=5', undefined, changesReply],
    ['GET', '/v1/changes?limit=none', undefined, problemReply],
    ['PUT', '/v1/static/db', { addresses: ['192.0.2.7'], ttl: 5 }, staticReply],
    ['DELETE', '/v1/static/db', undefined, removedReply],
    ['DELETE', '/v1/static/db', undefined, problemReply],
    ['POST', '/v1/connect', { peers: ['192.0.2.2'] }, peersReply],
    ['POST', '/v1/forget', { peers: ['192.0.2.2'] }, peersReply],
    ['GET', '/v1/token', undefined, tokenReply],
    ['GET', '/healthz', undefined, healthReply],
    ['GET', '/readyz', undefined, readinessReply],
    ['GET', '/nothing', undefined, problemReply],
  ])('is what %s %s replies', async (method, path, body, schema) => {
    const reply = await agent.ask(method, path, { body });
    expect(schema.safeParse(reply.json).error).toBeUndefined();
  });
});
