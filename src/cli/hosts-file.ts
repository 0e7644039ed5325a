import { isIP } from 'node:net';
import type { Imported, ImportedRecord } from './imported.ts';
import type { RecordRow } from './replies.ts';

/** Reads a hosts file (hosts(5)): an address and its names on each line; this machine's own loopback lines are left out. */
export function readHostsFile(text: string, domain: string): Imported {
  // A hosts file gives the short and the full name of one address side by side: the same record twice.
  const records = new Map<string, ImportedRecord>();
  const skipped: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!address) continue;
    if (isIP(address) === 0 || names.length === 0) skipped.push(`line ${index + 1}: no address with names`);
    else if (isOwn(address)) skipped.push(`line ${index + 1}: ${address} is every host's own`);
    else
      for (const fullName of wholeNames(names, domain))
        records.set(`${fullName} ${address}`, { fullName, content: { type: 'address', address } });
  }
  return { records: [...records.values()], skipped };
}

/** Writes a hosts file of all addresses, each name in full and in short. */
export function writeHostsFile(rows: readonly RecordRow[]): string {
  const lines = rows
    .filter(({ type, data }) => (type === 'A' || type === 'AAAA') && data !== '')
    // A hosts file has no wildcards.
    .filter(({ name }) => !name.startsWith('*'))
    .map(({ data, fullName, name }) => `${data} ${fullName} ${name}\n`);
  return [...new Set(lines)].join('');
}

/** A short name with dots in it is told from a foreign one by its full name beside it. */
function wholeNames(names: readonly string[], domain: string): Set<string> {
  const whole = new Set(names.map((name) => complete(name, domain)));
  for (const name of whole) if (whole.has(`${name}.${domain}`)) whole.delete(name);
  return whole;
}

function complete(name: string, domain: string): string {
  const bare = name.toLowerCase().replace(/\.$/, '');
  return bare.includes('.') ? bare : `${bare}.${domain}`;
}

/** Loopback, link-local and multicast addresses mean something else on every host. */
function isOwn(address: string): boolean {
  return /^(127\.|169\.254\.|22[4-9]\.|23\d\.|255\.|::1$|fe80:|ff|0\.0\.0\.0$|::$)/i.test(address);
}
