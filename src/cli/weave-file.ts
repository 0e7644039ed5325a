import { Failure } from './failure.ts';
import type { Imported, ImportedRecord } from './imported.ts';

/**
 * Reads what `weave report` printed. Weft names containers by itself, so only what was added by hand (`dns-add`,
 * `expose`) is taken; deleted entries are left out.
 */
export function readWeaveReport(text: string): Imported {
  const entries = entriesOf(text);
  const records: ImportedRecord[] = [];
  const skipped: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const { Hostname: name, Address: address, ContainerID: container, Tombstone: tombstone } = entry;
    if (typeof name !== 'string' || typeof address !== 'string')
      skipped.push(`entry ${index + 1}: no name with an address`);
    else if (typeof tombstone === 'number' && tombstone > 0) continue;
    else if (typeof container === 'string' && !container.startsWith('weave:'))
      skipped.push(`entry ${index + 1}: ${name} is a container's, which Weft finds by itself`);
    else records.push({ fullName: name.toLowerCase().replace(/\.$/, ''), content: { type: 'address', address } });
  }
  return { records, skipped };
}

function entriesOf(text: string): Record<string, unknown>[] {
  const report = parse(text);
  // What `weave report -f '{{json .DNS}}'` prints will do as well.
  const dns = isRecord(report) && 'Entries' in report ? report : isRecord(report) ? report.DNS : undefined;
  const entries = isRecord(dns) ? (dns.Entries ?? []) : undefined;
  if (!Array.isArray(entries)) throw new Failure('this JSON is no output of "weave report": it has no DNS.Entries');
  return entries.map((entry: unknown) => (isRecord(entry) ? entry : {}));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure(`this is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
