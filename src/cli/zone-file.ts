import type { Imported, ImportedRecord } from './imported.ts';
import type { RecordRow } from './replies.ts';

/**
 * Reads a zone file (RFC 1035 section 5.1): `$ORIGIN`, `$TTL`, A, AAAA, CNAME, SRV and TXT records. What a zone needs
 * for itself (SOA, NS) and other types are left out.
 */
export function readZoneFile(text: string, domain: string): Imported {
  const records: ImportedRecord[] = [];
  const skipped: string[] = [];
  const state: State = { origin: domain, owner: domain, ttl: undefined };
  for (const { line, words, indented } of entries(text)) {
    const outcome = readEntry(words, indented, state);
    if (typeof outcome === 'string') skipped.push(`line ${line}: ${outcome}`);
    else if (outcome) records.push(outcome);
  }
  return { records, skipped };
}

/** Writes a zone file of all records, for another name server to load or for `weft import`. */
export function writeZoneFile(rows: readonly RecordRow[], domain: string, ttlSeconds: number): string {
  const lines = rows
    .filter(({ data }) => data !== '')
    .map(
      ({ name, type, data, ttlSeconds: own }) => `${name} ${own ?? ttlSeconds} IN ${type} ${zoneData(type, data)}\n`,
    );
  return [`$ORIGIN ${domain}.\n`, `$TTL ${ttlSeconds}\n`, ...new Set(lines)].join('');
}

interface State {
  origin: string;
  /** Of the entry before: an indented entry is of the same name. */
  owner: string;
  ttl: number | undefined;
}

interface Word {
  readonly text: string;
  /** The same before it was read as UTF-8, of which a string may have half a character. */
  readonly octets: Buffer;
  readonly quoted: boolean;
}

interface Entry {
  readonly line: number;
  readonly words: readonly Word[];
  readonly indented: boolean;
}

/** The record, why there is none, or nothing for a directive. */
function readEntry(all: readonly Word[], indented: boolean, state: State): ImportedRecord | string | undefined {
  const words = all.map(({ text }) => text);
  const [first = '', second = ''] = words;
  if (first === '$ORIGIN') state.origin = whole(second, state.origin);
  else if (first === '$TTL') state.ttl = readTtl(second);
  else if (first.startsWith('$')) return `${first} is not supported`;
  else return readRecord(all, indented, state);
  return undefined;
}

function readRecord(all: readonly Word[], indented: boolean, state: State): ImportedRecord | string {
  const words = [...all];
  if (!indented) state.owner = whole(words.shift()?.text ?? '', state.origin);
  let ttl = state.ttl;
  // TTL and class come in any order, or not at all.
  for (let word = words[0]; word && !word.quoted; word = words[0]) {
    if (readTtl(word.text) !== undefined) ttl = readTtl(word.text);
    else if (word.text.toUpperCase() !== 'IN') break;
    words.shift();
  }
  const [type, ...data] = words;
  const content = readContent(type?.text.toUpperCase() ?? '', data, state.origin);
  if (typeof content === 'string') return content;
  return { fullName: state.owner, content, ...(ttl !== undefined && { ttlSeconds: ttl }) };
}

function readContent(type: string, data: readonly Word[], origin: string): ImportedRecord['content'] | string {
  const [first = '', second = '', third = '', fourth = ''] = data.map(({ text }) => text);
  switch (type) {
    case 'A':
    case 'AAAA':
      return { type: 'address', address: first };
    case 'CNAME':
      return { type: 'cname', target: whole(first, origin) };
    case 'SRV': {
      const [priority, weight, port] = [Number(first), Number(second), Number(third)];
      return { type: 'srv', priority, weight, port, target: whole(fourth, origin) };
    }
    case 'TXT':
      return { type: 'txt', text: Buffer.concat(data.map(({ octets }) => octets)).toString('utf8') };
    default:
      return `type ${type === '' ? 'missing' : type} is left out`;
  }
}

/** A name with its dot is whole; `@` is the origin; any other is below the origin. */
function whole(name: string, origin: string): string {
  const lower = name.toLowerCase();
  if (lower === '@') return origin;
  return lower.endsWith('.') ? lower.slice(0, -1) : `${lower}.${origin}`;
}

/** Seconds, also as BIND writes them: `1h30m`. */
function readTtl(text: string): number | undefined {
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  const units: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
  const parts = [...text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit || 's'] ?? 1), 0);
}

/** Cuts the file into entries of words: parentheses join lines, `;` begins a comment, quotes hold spaces. */
function entries(text: string): Entry[] {
  const found: Entry[] = [];
  let words: Word[] = [];
  let depth = 0;
  let start = 1;
  let indented = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (depth === 0) {
      start = index + 1;
      indented = /^\s/.test(line);
    }
    for (const [token] of line.matchAll(/"(?:[^"\\]|\\.)*"|;.*|[()]|(?:[^\s;()"\\]|\\.)+/g)) {
      if (token.startsWith(';')) break;
      if (token === '(') depth++;
      else if (token === ')') depth = Math.max(0, depth - 1);
      else words.push(readWord(token));
    }
    if (depth > 0) continue;
    if (words.length > 0) found.push({ line: start, words, indented });
    words = [];
  }
  return found;
}

function readWord(token: string): Word {
  const quoted = token.startsWith('"');
  const bare = quoted ? token.slice(1, -1) : token;
  const octets = readEscapes(bare);
  return { text: octets.toString('utf8'), octets, quoted };
}

/** RFC 1035 section 5.1: `\DDD` is an octet, `\X` is X itself. The octets of a text are taken as UTF-8. */
function readEscapes(text: string): Buffer {
  const pieces = text.matchAll(/\\(\d{3})|\\(.)|[^\\]+/g);
  const octets = [...pieces].map(([all, octet, literal]) =>
    octet === undefined ? Buffer.from(literal ?? all) : Buffer.from([Number(octet) & 0xff]),
  );
  return Buffer.concat(octets);
}

function zoneData(type: string, data: string): string {
  if (type !== 'TXT') return data;
  const octets = Buffer.from(String(JSON.parse(data)));
  const strings = Array.from({ length: Math.max(1, Math.ceil(octets.length / maxStringOctets)) }, (_, index) =>
    [...octets.subarray(index * maxStringOctets, (index + 1) * maxStringOctets)].map(textOctet).join(''),
  );
  return strings.map((text) => `"${text}"`).join(' ');
}

/** RFC 1035 section 3.3: what the length octet of a string can say. */
const maxStringOctets = 255;

/** RFC 1035 section 5.1: printable ASCII as it is, a quote or backslash after a backslash, other octets by number. */
function textOctet(octet: number): string {
  if (octet < 0x20 || octet > 0x7e) return `\\${String(octet).padStart(3, '0')}`;
  return octet === 0x22 || octet === 0x5c ? `\\${String.fromCharCode(octet)}` : String.fromCharCode(octet);
}
