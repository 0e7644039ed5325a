import { fullName, parseAddress, parseName } from '../record.ts';
import type { App, RouteParts } from './app.ts';
import { HttpProblem, mustParse } from './problem.ts';
import { primaryDomain } from './record-view.ts';
import {
  explainQuery,
  explainReply,
  hostsReply,
  linksReply,
  nameParams,
  nameReply,
  recordsReply,
  statusReply,
} from './schema.ts';

/** What is known: names, hosts, links, and why an answer is what it is. */
export function readRoutes(app: App, { control, changes, view }: RouteParts): void {
  app.get(
    '/v1/records',
    { schema: { summary: 'Every record of every name', response: { 200: recordsReply } } },
    async () => ({
      revision: changes.revision,
      domains: control.domains(),
      records: [...control.entries()].sort(byName).flatMap((entry) => view(entry)),
    }),
  );

  app.get(
    '/v1/names/:name',
    { schema: { summary: 'The records of one name', params: nameParams, response: { 200: nameReply } } },
    async ({ params }) => {
      const { name, full } = readName(params.name);
      const records = view(control.entry(name));
      if (records.length === 0) throw new HttpProblem(404, `nobody has the name ${full}`);
      return { revision: changes.revision, name, fullName: full, records };
    },
  );

  app.get(
    '/v1/explain/:name',
    {
      schema: {
        summary: 'Why a name is answered as it is, and what became of it lately',
        params: nameParams,
        querystring: explainQuery,
        response: { 200: explainReply },
      },
    },
    async ({ params, query }) => {
      const { name, full } = readName(params.name);
      const from = query.from === undefined ? undefined : mustParse(parseAddress(query.from));
      return { name, fullName: full, ...(await control.explain(name, from)), history: changes.history(name) };
    },
  );

  app.get('/v1/hosts', { schema: { summary: 'Every host of the mesh', response: { 200: hostsReply } } }, async () => ({
    hosts: control.hosts(),
  }));

  app.get(
    '/v1/links',
    { schema: { summary: 'The links of this agent to others', response: { 200: linksReply } } },
    async () => ({ links: control.links() }),
  );

  app.get(
    '/v1/status',
    { schema: { summary: 'This agent: what is wrong first, then the rest', response: { 200: statusReply } } },
    async () => {
      const entries = [...control.entries()];
      const engine = control.engine();
      const dns = control.dns();
      return {
        agent: control.agent,
        readiness: control.readiness(),
        problems: control.problems(),
        domains: control.domains(),
        names: entries.length,
        containers: new Set(entries.flatMap(({ owners }) => owners.map(({ container }) => container.id))).size,
        statics: entries.reduce((sum, { statics }) => sum + statics.length, 0),
        revision: changes.revision,
        ...(engine && { engine }),
        ...(dns && { dns }),
        hosts: control.hosts(),
        links: control.links(),
      };
    },
  );

  function readName(text: string) {
    const domains = control.domains();
    // `_all.` and service names are read like any other: their labels may begin with "_".
    const name = mustParse(parseName(text, domains, true));
    return { name, full: fullName(name, primaryDomain(domains)) };
  }
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : Number(one.name > other.name);
}
