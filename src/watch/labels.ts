import type { ContainerPort, ContainerRecord, ContainerService, SkippedName } from '../record.ts';
import { quote } from '../record.ts';
import { maxTtlSeconds } from '../record-limits.ts';
import { accepted, type Result, refused } from '../result.ts';

/** What a container may say of itself. */
export const labels = {
  name: 'weft.name',
  ttl: 'weft.ttl',
  weight: 'weft.weight',
  answers: 'weft.answers',
  prefer: 'weft.prefer',
  srv: 'weft.srv',
  ignore: 'weft.ignore',
} as const;

/** The part of a container's record that its labels decide, and the labels that were no good. */
export interface Labelled {
  readonly values: Pick<ContainerRecord, 'ttlSeconds' | 'weight' | 'answers' | 'prefer' | 'services'>;
  readonly skipped: readonly SkippedName[];
}

/** A thousand times the weight of a container without one hides that one well enough. */
const maxWeight = 1_000;
const maxServices = 64;
/** Enough to see what is wrong; a record too long for others to take would be none. */
const maxSkipped = 16;
const maxPort = 65_535;

/** Reads all labels but those that are names; `ports` fill in what a service leaves out. */
export function readLabels(all: ReadonlyMap<string, string>, ports: readonly ContainerPort[]): Labelled {
  const skipped: SkippedName[] = [];
  const read = <T>(label: string, texts: readonly string[], parse: (text: string) => Result<T>): T[] =>
    texts.flatMap((text) => {
      const result = parse(text.trim());
      if (!result.ok) skipped.push({ text: `${label}=${text}`, reason: `label ${label}: ${result.problem}` });
      return result.ok ? [result.value] : [];
    });
  const one = <T>(label: string, parse: (text: string) => Result<T>): T | undefined =>
    read(label, all.has(label) ? [all.get(label) ?? ''] : [], parse)[0];
  const services = read(labels.srv, labelList(all, labels.srv), (text) => parseService(text, ports));
  const values = {
    ttlSeconds: one(labels.ttl, parseTtl) ?? one('com.dnsdock.ttl', parseTtl),
    weight: one(labels.weight, parseWeight),
    answers: one(labels.answers, oneOf('all', 'one')),
    prefer: one(labels.prefer, oneOf('any', 'local')),
    services: services.length > 0 ? services.slice(0, maxServices) : undefined,
  };
  return { values: withoutUndefined(values), skipped: skipped.slice(0, maxSkipped) };
}

/** Whether the container wants no record: `weft.ignore` (or dnsdock's own label) with any value that does not say no. */
export function isIgnored(all: ReadonlyMap<string, string>): boolean {
  return [labels.ignore, 'com.dnsdock.ignore'].some((label) => {
    const value = all.get(label);
    return value !== undefined && !['false', '0', 'no', 'off'].includes(value.trim().toLowerCase());
  });
}

/** The elements of a label that holds several, with commas. */
export function labelList(all: ReadonlyMap<string, string>, label: string): string[] {
  return (all.get(label) ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

function parseTtl(text: string): Result<number> {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds <= maxTtlSeconds) return accepted(seconds);
  return refused(`${quote(text)} must be whole seconds from 0 to ${maxTtlSeconds}`);
}

function parseWeight(text: string): Result<number> {
  const weight = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && weight <= maxWeight) return accepted(weight);
  return refused(`${quote(text)} must be a number from 0 to ${maxWeight}`);
}

function oneOf<const T extends string>(...words: readonly T[]): (text: string) => Result<T> {
  return (text) => {
    const word = words.find((each) => each === text.toLowerCase());
    return word === undefined ? refused(`${quote(text)} must be ${words.join(' or ')}`) : accepted(word);
  };
}

/** Reads `_mongodb._tcp:27017`; without a port it is the only one the container has of that protocol. */
function parseService(text: string, ports: readonly ContainerPort[]): Result<ContainerService> {
  // RFC 6335 section 5.1: at most 15 letters, digits and inner hyphens; RFC 2782 puts the underscore before it.
  const parts = /^(_[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?)\.(_tcp|_udp|_sctp)(?::(\d{1,5}))?$/i.exec(text);
  if (parts === null) return refused(`${quote(text)} must be _SERVICE._tcp:PORT, such as _mongodb._tcp:27017`);
  const [, service = '', protocol = '', given] = parts;
  const port = given === undefined ? onlyPort(protocol.slice(1), ports) : Number(given);
  if (port === undefined)
    return refused(`${quote(text)} needs a port: the container has not exactly one to choose from`);
  if (port < 1 || port > maxPort) return refused(`${quote(text)} must have a port from 1 to ${maxPort}`);
  return accepted({ service: service.toLowerCase(), protocol: protocol.toLowerCase(), port });
}

function onlyPort(protocol: string, ports: readonly ContainerPort[]): number | undefined {
  const candidates = new Set(ports.filter((each) => each.protocol === protocol.toLowerCase()).map(({ port }) => port));
  return candidates.size === 1 ? [...candidates][0] : undefined;
}

function withoutUndefined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
