import { z } from 'zod';
import { maxTtlSeconds, maxTxtCharacters } from '../record-limits.ts';

/** Every shape that goes in and out over HTTP: requests are checked by it, replies are typed and documented by it. */

const text = z.string();
const texts = z.array(text).readonly();
const count = z.int().min(0);
const wallMs = z.number().describe("milliseconds since 1970 by its host's wall clock; for people");
const ttl = z.int().min(0).max(maxTtlSeconds).describe('seconds');

/** RFC 1035 section 2.3.4 lets a name have 255 octets; a few more for its escapes and dots. */
const nameText = z
  .string()
  .min(1, 'must not be empty')
  .max(300, 'must have at most 300 characters')
  .describe('a name, with or without the domain');

export const nameParams = z.object({ name: nameText });
export const pageParams = z.object({ file: z.string().max(100) });
export const staticAddressParams = z.object({ name: nameText, address: z.string().max(100) });
export const explainQuery = z.object({ from: text.max(100).optional().describe('the address of the asker') });
/** As many as a screen shows, and then some. */
const maxAnswers = 100;
export const answersQuery = z.object({
  name: z
    .union([nameText.transform((one) => [one]), z.array(nameText).min(1).max(maxAnswers)])
    .describe(`a name; repeatable, up to ${maxAnswers}`),
  from: explainQuery.shape.from,
});
export const replaceQuery = z.object({ replace: z.enum(['true', 'false']).default('false') });
export const changesQuery = z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) });
export const watchQuery = z.object({
  name: z
    .union([text.max(300).transform((one) => [one]), z.array(text.max(300)).max(100)])
    .optional()
    .describe('only these names; repeatable'),
});

const srv = z.strictObject({
  priority: z.int().min(0).max(65_535).default(0),
  weight: z.int().min(0).max(65_535).default(0),
  port: z.int().min(0).max(65_535),
  target: nameText,
});

/** One RRset and another for a name. */
export const staticBody = z
  .strictObject({
    addresses: z.array(text.max(100)).min(1).max(1_000).optional(),
    cname: nameText.optional(),
    srv: z.array(srv).min(1).max(100).optional(),
    txt: z
      .array(text.max(maxTxtCharacters, `must have at most ${maxTxtCharacters} characters`))
      .min(1)
      .max(100)
      .optional(),
    ttl: ttl.optional(),
  })
  .refine((body) => body.addresses ?? body.cname ?? body.srv ?? body.txt, {
    message: 'must have addresses, cname, srv or txt, such as {"addresses": ["192.0.2.7"]}',
  })
  .refine((body) => !body.cname || !(body.addresses ?? body.srv ?? body.txt), {
    message: 'must have nothing beside cname: an alias has no other data (RFC 1034 section 3.6.2)',
  });

export type StaticBody = z.output<typeof staticBody>;

const peer = text.min(1).max(300).describe('host[:port]');

export const peersBody = z.strictObject({ peers: z.array(peer).min(1).max(100) });
export const connectBody = z.strictObject({
  peers: z.array(peer).max(100),
  replace: z.boolean().default(false).describe('stop dialling all others'),
});

export const recordView = z
  .strictObject({
    name: text,
    fullName: text,
    type: z.string().describe('A, AAAA, CNAME, SRV or TXT'),
    data: z.string().describe('as a zone file has it; empty for a container that has no address'),
    source: z.enum(['container', 'static']),
    state: z
      .string()
      .describe('static, quiet, stale, restarting, unwatched, draining, paused, unhealthy, starting or running'),
    container: z.strictObject({ id: text, name: text, image: text }).readonly().optional(),
    host: z.strictObject({ id: text.optional(), name: text, status: text.optional() }).readonly(),
    network: text.optional(),
    ttlSeconds: ttl.optional(),
    weight: z.number().optional(),
    since: wallMs,
    shadowed: z.string().optional().describe('why this host never answers with it'),
    services: texts.optional().describe('of its container, such as _mongodb._tcp:27017'),
  })
  .readonly();

const records = z.array(recordView).readonly();

export const recordsReply = z.strictObject({ revision: count, domains: texts, records }).readonly();
export const nameReply = z.strictObject({ revision: count, name: text, fullName: text, records }).readonly();
const warning = z.string().optional().describe('what is wrong although it was done');
export const staticReply = z
  .strictObject({ name: text, fullName: text, records, removed: records.describe('what was replaced'), warning })
  .readonly();
export const removedReply = z.strictObject({ name: text, fullName: text, removed: records, warning }).readonly();

const hostStatus = z.enum(['self', 'alive', 'restarting', 'quiet', 'stale']);
const network = z.strictObject({ key: text, name: text, driver: text, subnets: texts, gateways: texts }).readonly();
const hostView = z
  .object({
    id: text,
    record: z
      .object({
        name: text,
        version: text,
        meshAddresses: texts,
        address: text.optional(),
        networks: z.array(network).readonly(),
        startedAt: wallMs,
        unwatched: z.literal(true).optional().describe('its container engine has been away for long'),
      })
      .readonly()
      .optional(),
    status: hostStatus,
    heardMsAgo: z.number().optional(),
    records: count,
    badRecords: count,
  })
  .readonly();
const linkView = z
  .object({
    peer: text.optional(),
    address: text,
    outbound: z.boolean(),
    state: z.enum(['established', 'connecting', 'retrying', 'failed', 'refused']),
    sinceMs: z.number().optional(),
    rttMs: z.number().optional(),
    error: text.optional(),
    nextRetryMs: z.number().optional(),
  })
  .readonly();
const counts = z.record(text, count).readonly();
const meshView = z
  .object({
    refused: counts.describe('connections turned away, by reason'),
    dropped: counts.describe('broadcasts, requests and answers dropped, by reason'),
    envelopes: counts.describe('signed messages, by what became of them'),
    offences: z
      .array(z.strictObject({ peer: text, reason: text, count }).readonly())
      .readonly()
      .describe('bad input, by the host that sent or made it'),
    storedBytes: count.describe("bytes of all hosts' records kept to relay"),
  })
  .readonly();
const engineView = z
  .object({
    connected: z.boolean(),
    problem: text.optional(),
    address: text.optional(),
    type: text.optional(),
    version: text.optional(),
    apiVersion: text.optional(),
    containers: count,
    comparedMsAgo: z.number().optional(),
  })
  .readonly();
const upstreamView = z
  .object({
    server: text,
    domains: texts.optional().describe('that it is asked for; missing for all others'),
    state: z.enum(['up', 'down', 'looping']),
    asked: count,
    failures: count,
    rttMs: z.number().optional(),
  })
  .readonly();
const dnsView = z
  .object({
    listen: texts,
    ttlSeconds: z.number(),
    upstreams: texts,
    forwarding: z.array(upstreamView).readonly().optional().describe('how each upstream does since the start'),
    queries: count,
    countedMsAgo: z.number().optional(),
    counts: z.record(text, z.number()).readonly().optional(),
  })
  .readonly();

const hosts = z.array(hostView).readonly();
const links = z.array(linkView).readonly();
const linksElsewhere = z
  .array(z.strictObject({ from: text, to: text }).readonly())
  .readonly()
  .describe('links that other hosts say they made: `from` dialled `to`');

export const hostsReply = z.strictObject({ hosts }).readonly();
export const linksReply = z.strictObject({ links, elsewhere: linksElsewhere }).readonly();
export const readinessReply = z.strictObject({ ready: z.boolean(), reasons: texts }).readonly();
export const healthReply = z.strictObject({ alive: z.literal(true) }).readonly();
export const tokenReply = z.strictObject({ token: text }).readonly();
export const peersReply = z.strictObject({ peers: texts, warning }).readonly();
export const leaveReply = z.strictObject({ left: z.literal(true) }).readonly();

export const statusReply = z
  .strictObject({
    agent: z.object({ hostId: text, hostName: text, version: text, startedAt: wallMs }).readonly(),
    readiness: readinessReply,
    problems: z.array(z.strictObject({ problem: text, remedy: text }).readonly()).readonly(),
    domains: texts,
    names: count,
    containers: count,
    statics: count,
    revision: count,
    engine: engineView.optional().describe('missing when no engine is watched'),
    dns: dnsView.optional().describe('missing when no questions are answered'),
    hosts,
    links,
    mesh: meshView.describe('what came in since the start, by what became of it'),
  })
  .readonly();

const explainedRecord = z
  .object({
    type: text,
    data: text,
    answered: z.boolean(),
    reason: text,
    source: text,
    container: text.optional(),
    since: wallMs.optional(),
  })
  .readonly();

export const explainReply = z
  .object({
    name: text,
    fullName: text,
    asker: text,
    outcome: text,
    records: z.array(explainedRecord).readonly(),
    notes: texts.optional(),
    history: z.array(z.strictObject({ at: wallMs, added: texts, removed: texts }).readonly()).readonly(),
  })
  .readonly();

export const answersReply = z
  .strictObject({
    answers: z
      .array(
        z
          .strictObject({
            name: text,
            fullName: text,
            outcome: text,
            records: z.array(explainedRecord).readonly(),
          })
          .readonly(),
      )
      .readonly()
      .describe('of each name that was asked for, in that order'),
  })
  .readonly();

export const changesReply = z
  .strictObject({
    revision: count,
    changes: z
      .array(
        z
          .strictObject({
            at: wallMs,
            name: text,
            added: texts,
            removed: texts,
            first: z.boolean().describe('the first change kept of this name: all that it had then counts as added'),
          })
          .readonly(),
      )
      .readonly()
      .describe('newest first'),
  })
  .readonly();

export const problemReply = z
  .strictObject({ type: z.literal('about:blank'), title: text, status: z.int(), detail: text })
  .readonly();

/** The data of each event of a watch stream: `snapshot` has every name, `change` those that changed. */
export const watchEvent = z
  .strictObject({
    revision: count,
    names: z.array(z.strictObject({ name: text, fullName: text, records }).readonly()).readonly(),
  })
  .readonly();
export type WatchEvent = z.input<typeof watchEvent>;
