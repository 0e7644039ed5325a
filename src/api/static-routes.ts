import {
  type Domain,
  fullName,
  type Name,
  type NameEntry,
  parseAddress,
  parseName,
  quote,
  type StaticData,
  type StaticRecord,
} from '../record.ts';
import { accepted, type Result } from '../result.ts';
import type { App, RouteParts } from './app.ts';
import { HttpProblem, mustBeSo, mustParse } from './problem.ts';
import { primaryDomain, zoneWords } from './record-view.ts';
import {
  nameParams,
  removedReply,
  replaceQuery,
  type StaticBody,
  staticAddressParams,
  staticBody,
  staticReply,
} from './schema.ts';
import { unkeptWarning } from './unkept.ts';

/** Records made by operators: added and removed on any host, for the whole mesh. */
export function staticRoutes(app: App, { control, clock, view }: RouteParts): void {
  app.put(
    '/v1/static/:name',
    {
      schema: {
        summary: 'Add records to a name; with replace, leave no others of it',
        params: nameParams,
        querystring: replaceQuery,
        body: staticBody,
        response: { 200: staticReply },
      },
    },
    async ({ params, query, body }) => {
      const name = ownerName(params.name, control.domains());
      const data = mustParse(readData(body, control.domains()));
      const replace = query.replace === 'true';
      refuseAlias(control.entry(name), data, replace);
      const made = { madeOn: control.agent.hostName, madeAt: clock.wallNow() };
      const ttl = body.ttl === undefined ? {} : { ttlSeconds: body.ttl };
      const records = data.map((each): StaticRecord => ({ name, data: each, ...ttl, ...made }));
      const others = replace ? othersThan(control.entry(name), data) : [];
      mustBeSo(await control.addStatic(records));
      for (const other of others) mustBeSo(await control.removeStatic(name, other.data));
      return { ...names(name), records: rows(records), removed: rows(others), ...unkeptWarning(control) };
    },
  );

  app.delete(
    '/v1/static/:name',
    { schema: { summary: 'Remove all static records of a name', params: nameParams, response: { 200: removedReply } } },
    async ({ params }) => remove(ownerName(params.name, control.domains())),
  );

  app.delete(
    '/v1/static/:name/:address',
    {
      schema: {
        summary: 'Remove one address from a name',
        params: staticAddressParams,
        response: { 200: removedReply },
      },
    },
    async ({ params }) => {
      const name = ownerName(params.name, control.domains());
      return remove(name, { type: 'address', address: mustParse(parseAddress(params.address)) });
    },
  );

  async function remove(name: Name, data?: StaticData) {
    const removed = mustBeSo(await control.removeStatic(name, data));
    if (removed.length === 0)
      throw new HttpProblem(404, nothingToRemove(control.entry(name), names(name).fullName, data));
    return { ...names(name), removed: rows(removed), ...unkeptWarning(control) };
  }

  function rows(records: readonly StaticRecord[]) {
    return records.flatMap((record) => view({ name: record.name, owners: [], statics: [record] }));
  }

  function names(name: Name) {
    return { name, fullName: fullName(name, primaryDomain(control.domains())) };
  }
}

/** Reads the owner name of a static record; `*` may be its first label. */
function ownerName(text: string, domains: readonly Domain[]): Name {
  return mustParse(parseName(text, domains, true));
}

function readData(body: StaticBody, domains: readonly Domain[]): Result<readonly StaticData[]> {
  const data: StaticData[] = (body.txt ?? []).map((text) => ({ type: 'txt', text }));
  for (const text of body.addresses ?? []) {
    const address = parseAddress(text);
    if (!address.ok) return address;
    data.push({ type: 'address', address: address.value });
  }
  for (const { target: text, ...numbers } of body.srv ?? []) {
    const target = readTarget(text, domains);
    if (!target.ok) return target;
    data.push({ type: 'srv', ...numbers, target: target.value });
  }
  if (body.cname === undefined) return accepted(distinct(data));
  const target = readTarget(body.cname, domains);
  return target.ok ? accepted([{ type: 'cname', target: target.value }]) : target;
}

/** Reads the name that an alias or a service points at, anywhere in DNS; a single label is one of ours. */
function readTarget(text: string, domains: readonly Domain[]): Result<string> {
  const target = parseName(text.replace(/\.$/, ''), []);
  if (!target.ok) return target;
  return accepted(target.value.includes('.') ? target.value : fullName(target.value, primaryDomain(domains)));
}

function distinct(data: readonly StaticData[]): StaticData[] {
  return [...new Map(data.map((each) => [keyOf(each), each])).values()];
}

/** RFC 1034 section 3.6.2: an alias has no other data. */
function refuseAlias(entry: NameEntry, data: readonly StaticData[], replace: boolean): void {
  const alias = data.some(({ type }) => type === 'cname');
  const rule = 'an alias must be alone (RFC 1034 section 3.6.2)';
  if (alias && entry.owners.length > 0)
    throw new HttpProblem(409, `name ${quote(entry.name)} is a container's, and ${rule}; take another name`);
  const others = replace ? [] : othersThan(entry, data);
  const clash = alias ? others.length > 0 : others.some((each) => each.data.type === 'cname');
  if (!clash) return;
  const have = alias ? 'has other records' : 'is an alias';
  throw new HttpProblem(409, `name ${quote(entry.name)} ${have}, and ${rule}; remove what it has or use replace`);
}

function othersThan(entry: NameEntry, data: readonly StaticData[]): StaticRecord[] {
  const kept = new Set(data.map(keyOf));
  return entry.statics.filter((each) => !kept.has(keyOf(each.data)));
}

function keyOf(data: StaticData): string {
  const words = zoneWords(data);
  return `${words.type} ${words.data}`;
}

function nothingToRemove(entry: NameEntry, full: string, data: StaticData | undefined): string {
  const record =
    data?.type === 'address' ? `static record of ${full} with ${data.address}` : `static record of ${full}`;
  const others = entry.owners.length > 0 ? "; its addresses are containers' and go when those stop" : '';
  return `there is no ${record}${others}`;
}
