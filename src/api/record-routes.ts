import { type Address, fullName, parseAddress, parseName } from '../record.ts';
import type { App, RouteParts } from './app.ts';
import { HttpProblem, mustParse } from './problem.ts';
import { byName, primaryDomain } from './record-view.ts';
import {
  answersQuery,
  answersReply,
  changesQuery,
  changesReply,
  explainQuery,
  explainReply,
  nameParams,
  nameReply,
  recordsReply,
} from './schema.ts';

/** What has a name, and why it is answered as it is. */
export function recordRoutes(app: App, { control, changes, view }: RouteParts): void {
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
      return {
        name,
        fullName: full,
        ...(await control.explain(name, readAsker(query.from))),
        history: changes.history(name),
      };
    },
  );

  app.get(
    '/v1/answers',
    {
      schema: {
        summary: 'What names are answered with just now, and why; name is repeatable',
        querystring: answersQuery,
        response: { 200: answersReply },
      },
    },
    async ({ query }) => {
      const names = query.name.map(readName);
      const from = readAsker(query.from);
      const answer = async ({ name, full }: (typeof names)[number]) => {
        const { outcome, records } = await control.explain(name, from);
        return { name, fullName: full, outcome, records };
      };
      return { answers: await Promise.all(names.map(answer)) };
    },
  );

  app.get(
    '/v1/changes',
    {
      schema: {
        summary: 'What changed lately, newest first',
        querystring: changesQuery,
        response: { 200: changesReply },
      },
    },
    async ({ query }) => ({ revision: changes.revision, changes: changes.latest(query.limit) }),
  );

  function readAsker(text: string | undefined): Address | undefined {
    return text === undefined ? undefined : mustParse(parseAddress(text));
  }

  function readName(text: string) {
    const domains = control.domains();
    // `_all.` and service names are read like any other: their labels may begin with "_".
    const name = mustParse(parseName(text, domains, true));
    return { name, full: fullName(name, primaryDomain(domains)) };
  }
}
