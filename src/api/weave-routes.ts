import { z } from 'zod';
import { type Name, type NameEntry, parseAddress, parseName, type StaticRecord } from '../record.ts';
import type { App, RouteParts } from './app.ts';
import { renderTemplate } from './go-template.ts';
import { connectPeers, forgetPeers } from './peers.ts';
import { HttpProblem, mustParse } from './problem.ts';
import { weaveEntries, weaveReport } from './weave-report.ts';
import { connectionsText, dnsText, peersText, statusText, targetsText } from './weave-text.ts';

const tags = ['weave'];
const plain = ['text/plain'];
/** weave's parameters come in the query or as a form, and may repeat. */
const field = z.union([z.string().max(400), z.array(z.string().max(400)).max(100)]).optional();
const nameFields = z.object({ fqdn: field, 'check-alive': field }).default({});
const peerFields = z.object({ peer: field, replace: field }).default({});
const containerParams = z.object({ container: z.string(), ip: z.string().max(100) });
const wildParams = z.object({ container: z.string().default('*'), ip: z.string().max(100).default('*') });

/** weave's own HTTP paths; where weave ignored bad input in silence, these say what is wrong. */
export function weaveRoutes(app: App, { control, clock, view }: RouteParts): void {
  const text = (path: string, summary: string, read: () => string) =>
    app.get(path, { schema: { summary, tags, produces: plain } }, async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(read()),
    );
  const report = () => weaveReport(control, rows());
  const dnsAddress = () => control.dns()?.listen[0] ?? unknownDns();

  text('/domain', 'The domain, with its dot', () => `${control.domains()[0]}.`);
  text('/dns-address-port', 'Where questions are answered', dnsAddress);
  text('/dns-address', 'The same without the port', () => dnsAddress().replace(/:\d+$/, '').replace(/[[\]]/g, ''));

  const pages = {
    '': statusText,
    '/dns': dnsText,
    '/peers': peersText,
    '/connections': connectionsText,
    '/targets': targetsText,
  };
  for (const [path, page] of Object.entries(pages))
    app.get(
      `/status${path}`,
      { schema: { summary: `weave status ${path.slice(1)}`.trim(), tags, produces: plain } },
      async (_request, reply) =>
        reply
          .code(control.readiness().ready ? 200 : 503)
          .type('text/plain; charset=utf-8')
          .send(page(report())),
    );

  app.get(
    '/report',
    {
      schema: {
        summary: 'weave report; format is a Go template',
        tags,
        querystring: z.object({ format: z.string().optional() }),
      },
    },
    async ({ query }, reply) => {
      if (query.format === undefined)
        return reply.type('application/json').send(JSON.stringify(report(), null, '    '));
      return reply.type('text/plain; charset=utf-8').send(mustParse(renderTemplate(query.format, report())));
    },
  );

  app.get('/name', { schema: { summary: 'Every address of every name', tags } }, async () => {
    const entries = weaveEntries(rows()).map(({ Address: Addr, ...rest }) => ({ ...rest, Addr }));
    return entries.length > 0 ? entries : null;
  });

  app.put(
    '/name/:container/:ip',
    {
      schema: {
        summary: 'Add an address to a name',
        tags,
        params: containerParams,
        querystring: nameFields,
        body: nameFields,
      },
    },
    async ({ params, query, body }, reply) => {
      const address = mustParse(parseAddress(params.ip));
      const name = wholeName(first(query.fqdn) ?? first(body.fqdn) ?? '');
      const checkAlive = (first(query['check-alive']) ?? first(body['check-alive'])) === 'true';
      const made = { madeOn: control.agent.hostName, madeAt: clock.wallNow() };
      if (!checkAlive || addressesOf(params.container).length > 0)
        await control.addStatic([{ name, data: { type: 'address', address }, ...made }]);
      return reply.code(204).send();
    },
  );

  for (const path of ['/name', '/name/:container', '/name/:container/:ip'])
    app.delete(
      path,
      {
        schema: {
          summary: 'Remove addresses that were added by hand',
          tags,
          params: wildParams,
          querystring: nameFields,
          body: nameFields,
        },
      },
      async ({ params, query, body }, reply) => {
        const fqdn = first(query.fqdn) ?? first(body.fqdn);
        for (const record of selected(params, fqdn === undefined ? undefined : wholeName(fqdn)))
          await control.removeStatic(record.name, record.data);
        return reply.code(204).send();
      },
    );

  app.post(
    '/connect',
    { schema: { summary: 'Dial other agents', tags, querystring: peerFields, body: peerFields, produces: plain } },
    async ({ query, body }, reply) => {
      const replace = (first(query.replace) ?? first(body.replace)) === 'true';
      await connectPeers(control, [...all(query.peer), ...all(body.peer)], replace);
      return reply.code(200).send('');
    },
  );

  app.post(
    '/forget',
    { schema: { summary: 'Stop dialling agents', tags, querystring: peerFields, body: peerFields, produces: plain } },
    async ({ query, body }, reply) => {
      await forgetPeers(control, [...all(query.peer), ...all(body.peer)]);
      return reply.code(200).send('');
    },
  );

  function rows() {
    return [...control.entries()].sort(byName).flatMap((entry) => view(entry));
  }

  /** weave takes every name as whole, with or without its last dot. */
  function wholeName(fqdn: string): Name {
    return mustParse(parseName(`${fqdn.replace(/\.$/, '')}.`, control.domains(), true));
  }

  function addressesOf(container: string): string[] {
    const owners = [...control.entries()].flatMap((entry) => entry.owners.map((owner) => owner.container));
    const named = owners.filter(({ id, name }) => name === container || (container !== '' && id.startsWith(container)));
    return named.flatMap(({ addresses }) => addresses.map(({ address }) => address));
  }

  /** What weave's wildcards mean here: without a container, what was made on this host; with one, what is at its addresses. */
  function selected({ container, ip }: z.output<typeof wildParams>, name: Name | undefined): StaticRecord[] {
    const address = ip === '*' ? undefined : mustParse(parseAddress(ip));
    const its = container === '*' || container.startsWith('weave:') ? undefined : addressesOf(container);
    return [...control.entries()]
      .flatMap(({ statics }) => statics)
      .filter(({ data }) => data.type === 'address' && (address === undefined || data.address === address))
      .filter(({ data }) => address !== undefined || !its || (data.type === 'address' && its.includes(data.address)))
      .filter((record) => name === undefined || record.name === name)
      .filter(({ madeOn }) => address !== undefined || name !== undefined || its || madeOn === control.agent.hostName);
  }
}

function unknownDns(): never {
  throw new HttpProblem(404, 'this agent answers no questions: it was started with --no-dns');
}

function first(value: string | string[] | undefined): string | undefined {
  return all(value)[0];
}

function all(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat();
}

function byName(one: NameEntry, other: NameEntry): number {
  return one.name < other.name ? -1 : Number(one.name > other.name);
}
