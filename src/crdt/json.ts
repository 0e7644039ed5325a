import { poolOf } from '../pool.ts';
import { type Address, parseAddress, parseCidr, parseName, quote } from '../record.ts';
import type { Result } from '../result.ts';

/** A JSON object of which nothing is believed yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** What readers throw inside `readJson`, with one clause that says what is wrong. */
export class BadField extends Error {}

/** Longest text of any field: names in DNS have 255 octets, image names of registries 4 KiB at most. */
const maxText = 4096;
/** Most elements of any list: twice what Docker lets one container have of anything but ports. */
const maxElements = 1024;

/** Reads a JSON object from outside with `read`, which may throw `BadField`; fields it does not ask for are let be. */
export function readJson<T>(text: string, read: (fields: Fields) => T): Result<T> {
  try {
    return { ok: true, value: read(asFields('record', JSON.parse(text))) };
  } catch (error) {
    return { ok: false, problem: error instanceof BadField ? error.message : 'record is not JSON' };
  }
}

export function asFields(what: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadField(`${what} is not an object`);
  return value as Fields;
}

export function text(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new BadField(`${key} is not a text`);
  if (value.length > maxText) throw new BadField(`${key} is longer than ${maxText} characters`);
  return pooled(value);
}

export function number(fields: Fields, key: string, least: number, most: number): number {
  const value = fields[key];
  const inRange = typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most;
  if (!inRange) throw new BadField(`${key} is not a number from ${least} to ${most}`);
  return value;
}

export function integer(fields: Fields, key: string, least: number, most: number): number {
  const value = number(fields, key, least, most);
  if (!Number.isInteger(value)) throw new BadField(`${key} is not a whole number`);
  return value;
}

export function oneOf<T extends string>(fields: Fields, key: string, words: readonly T[]): T {
  const value = fields[key];
  const word = words.find((each) => each === value);
  if (word === undefined) throw new BadField(`${key} is none of ${words.join(', ')}`);
  return word;
}

export function list<T>(fields: Fields, key: string, read: (value: unknown) => T): T[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new BadField(`${key} is not a list`);
  if (value.length > maxElements) throw new BadField(`${key} has more than ${maxElements} elements`);
  return value.map(read);
}

/** `{ [key]: read(...) }` where the field is there, else nothing, so that optional fields stay absent. */
export function optional<K extends string, T>(
  fields: Fields,
  key: K,
  read: (fields: Fields, key: string) => T,
): { readonly [key in K]?: T } {
  return fields[key] === undefined ? {} : ({ [key]: read(fields, key) } as { readonly [key in K]?: T });
}

/** The same, put where it belongs: for records of which there are tens of thousands. */
export function readInto<T extends object, K extends keyof T & string>(
  into: T,
  fields: Fields,
  key: K,
  read: (fields: Fields, key: string) => NonNullable<T[K]>,
): void {
  if (fields[key] !== undefined) into[key] = read(fields, key);
}

const pooled = poolOf((text) => text);
const pooledAddress = poolOf((text) => taken(parseAddress(text)));
const pooledCidr = poolOf((text) => taken(parseCidr(text)));
const pooledName = poolOf((text) => taken(parseName(pooled(text), [])));

export function address(fields: Fields, key: string): Address {
  return pooledAddress(textElement(fields[key]));
}

export function name(value: unknown) {
  return pooledName(textElement(value));
}

/** The same for a name that nobody else has. */
export function ownName(value: unknown) {
  return taken(parseName(textElement(value), []));
}

export function wildcardName(value: unknown) {
  return taken(parseName(textElement(value), [], true));
}

export function cidr(value: unknown) {
  return pooledCidr(textElement(value));
}

export function textElement(value: unknown): string {
  if (typeof value === 'string' && value.length <= maxText) return value;
  throw new BadField(`${quote(String(value))} is not a text`);
}

function taken<T>(result: Result<T>): T {
  if (!result.ok) throw new BadField(result.problem);
  return result.value;
}
