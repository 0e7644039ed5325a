import { z } from 'zod';
import { calledBy } from '../called.ts';
import { type Address, type Name, parseAddress, parseName, type StaticRecord } from '../record.ts';
import type { App, RouteParts } from './app.ts';
import type { AgentControl } from './control.ts';
import { HttpProblem, mustBeSo, mustParse } from './problem.ts';
import { byName } from './record-view.ts';
import { unkeptHeaders } from './unkept.ts';
import { field, first } from './weave-fields.ts';
import { weaveEntries } from './weave-report.ts';

const tags = ['weave'];
const nameFields = z.object({ fqdn: field, 'check-alive': field }).default({});
const containerParams = z.object({ container: z.string(), ip: z.string().max(100) });
const wildParams = z.object({ container: z.string().default('*'), ip: z.string().max(100).default('*') });

/** weave's own HTTP paths for names that are added by hand; they become static records of the whole mesh. */
export function weaveNameRoutes(app: App, { control, clock, view }: RouteParts): void {
  app.get('/name', { schema: { summary: 'Every address of every name', tags } }, async () => {
    const rows = [...control.entries()].sort(byName).flatMap(view);
    const entries = weaveEntries(rows).map(({ Address: Addr, ...rest }) => ({ ...rest, Addr }));
    return entries.length > 0 ? entries : null;
  });

  const fields = { tags, querystring: nameFields, body: nameFields };
  app.put(
    '/name/:container/:ip',
    { schema: { summary: 'Add an address to a name', params: containerParams, ...fields } },
    async ({ params, query, body }, reply) => {
      const address = mustParse(parseAddress(params.ip));
      const name = wholeName(first(query.fqdn, body.fqdn) ?? '', control);
      const made = { madeOn: control.agent.hostName, madeAt: clock.wallNow() };
      const checked = first(query['check-alive'], body['check-alive']) === 'true';
      if (!checked || addressesOf(params.container, control).size > 0)
        mustBeSo(await control.addStatic([{ name, data: { type: 'address', address }, ...made }]));
      return reply.code(204).headers(unkeptHeaders(control)).send();
    },
  );

  for (const path of ['/name', '/name/:container', '/name/:container/:ip'])
    app.delete(
      path,
      { schema: { summary: 'Remove addresses that were added by hand', params: wildParams, ...fields } },
      async ({ params, query, body }, reply) => {
        const fqdn = first(query.fqdn, body.fqdn);
        const name = fqdn === undefined ? undefined : wholeName(fqdn, control);
        const address = params.ip === '*' ? undefined : mustParse(parseAddress(params.ip));
        for (const record of chosen(control, params.container, address, name))
          mustBeSo(await control.removeStatic(record.name, record.data));
        return reply.code(204).headers(unkeptHeaders(control)).send();
      },
    );
}

/** weave takes every name as whole, with or without its last dot. */
function wholeName(fqdn: string, control: AgentControl): Name {
  if (fqdn === '') throw new HttpProblem(400, `give fqdn, a name below ${control.domains().join(' or ')}`);
  return mustParse(parseName(`${fqdn.replace(/\.$/, '')}.`, control.domains(), true));
}

/** The addresses of the containers that are called so. */
function addressesOf(text: string, control: AgentControl): Set<Address> {
  const all = [...control.entries()].flatMap(({ owners }) => owners.map((owner) => owner.container));
  const called = mustParse(calledBy(text, all, (container) => container));
  return new Set(called.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
}

/**
 * What weave's wildcards choose. Static records do not know of containers: a container stands for its addresses, unless
 * an address is given; with nothing given at all, what was made on this host is chosen.
 */
function chosen(
  control: AgentControl,
  container: string,
  address: Address | undefined,
  name: Name | undefined,
): StaticRecord[] {
  const anyContainer = container === '*' || container.startsWith('weave:');
  const addresses = address === undefined && !anyContainer ? addressesOf(container, control) : undefined;
  const everything = address === undefined && name === undefined && anyContainer;
  return [...control.entries()]
    .flatMap(({ statics }) => statics)
    .filter(({ data }) => data.type === 'address' && (address === undefined || data.address === address))
    .filter(({ data }) => !addresses || (data.type === 'address' && addresses.has(data.address)))
    .filter((record) => name === undefined || record.name === name)
    .filter(({ madeOn }) => !everything || madeOn === control.agent.hostName);
}
