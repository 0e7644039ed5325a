import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHostsFile, writeHostsFile } from '../../src/cli/hosts-file.ts';
import type { ImportedRecord } from '../../src/cli/imported.ts';
import type { RecordRow } from '../../src/cli/replies.ts';
import { readZoneFile, writeZoneFile } from '../../src/cli/zone-file.ts';
import { maxTtlSeconds } from '../../src/record-limits.ts';

/** What is exported and imported again is what it was, whatever it is. */

const domain = 'weave.local';
const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?$/);
const name = fc
  .tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 3 }))
  .map(([wild, labels]) => `${wild ? '*.' : ''}${labels.join('.')}`);
const target = fc.oneof(
  name.map((text) => `${text.replace('*.', '')}.${domain}`),
  fc.constant('shop.example'),
);
const address = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::7', 'fd00::1'));
const port = fc.nat(65_535);
const content: fc.Arbitrary<ImportedRecord['content']> = fc.oneof(
  address.map((text) => ({ type: 'address' as const, address: text })),
  target.map((text) => ({ type: 'cname' as const, target: text })),
  fc.record({ type: fc.constant('srv' as const), priority: port, weight: port, port, target }),
  fc.string({ unit: 'grapheme', maxLength: 400 }).map((text) => ({ type: 'txt' as const, text })),
);
const ttlSeconds = fc.option(fc.nat(maxTtlSeconds), { nil: undefined });

function row(ownName: string, of: ImportedRecord['content'], ttl: number | undefined): RecordRow {
  return {
    name: ownName,
    fullName: `${ownName}.${domain}`,
    ...zoneWords(of),
    source: 'static',
    state: 'static',
    host: { name: 'host1' },
    since: 0,
    ...(ttl !== undefined && { ttlSeconds: ttl }),
  };
}

/** As the API gives them. */
function zoneWords(of: ImportedRecord['content']): { type: string; data: string } {
  switch (of.type) {
    case 'address':
      return { type: of.address.includes(':') ? 'AAAA' : 'A', data: of.address };
    case 'cname':
      return { type: 'CNAME', data: `${of.target}.` };
    case 'srv':
      return { type: 'SRV', data: `${of.priority} ${of.weight} ${of.port} ${of.target}.` };
    case 'txt':
      return { type: 'TXT', data: JSON.stringify(of.text) };
  }
}

describe('a zone file', () => {
  it('brings every record back as it was, with its time to live if it has one of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, content, ttlSeconds)), (records) => {
        const zone = writeZoneFile(
          records.map((record) => row(...record)),
          domain,
          7,
        );
        const wanted = records.map(([own, of, ttl]) => ({
          fullName: `${own}.${domain}`,
          content: of,
          ttlSeconds: ttl ?? 7,
        }));
        const { records: read, skipped } = readZoneFile(zone, domain);
        expect(skipped).toEqual([]);
        expect(new Set(read.map((each) => JSON.stringify(each)))).toEqual(
          new Set(wanted.map((each) => JSON.stringify(each))),
        );
      }),
    );
  });

  it('has texts of no more than 255 octets each, as RFC 1035 section 3.3.14 wants them', () => {
    const zone = writeZoneFile([row('long', { type: 'txt', text: 'é"\\'.repeat(100) }, undefined)], domain, 1);
    const { records } = readZoneFile(zone, domain);
    expect(records.map(({ content: of }) => of)).toEqual([{ type: 'txt', text: 'é"\\'.repeat(100) }]);
    const strings = zone.split('\n')[2]?.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
    const octets = strings.map((text) => text.slice(1, -1).replace(/\\(\d{3}|.)/g, 'x').length);
    expect(octets.reduce((sum, each) => sum + each)).toBe(400);
    expect(Math.max(...octets)).toBeLessThanOrEqual(255);
  });
});

describe('a hosts file', () => {
  it('brings every address back, but for wildcards, which it cannot have', () => {
    const usable = address.filter((text) => !/^(127\.|169\.254\.|22[4-9]\.|23\d\.|255\.|0\.0\.0\.0$)/.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, usable)), (records) => {
        const rows = records.map(([own, text]) => row(own, { type: 'address', address: text }, undefined));
        const { records: read, skipped } = readHostsFile(writeHostsFile(rows), domain);
        expect(skipped).toEqual([]);
        const plain = records.filter(([own]) => !own.startsWith('*'));
        const texts = read.map(({ fullName, content: of }) => `${fullName} ${of.type === 'address' ? of.address : ''}`);
        expect(new Set(texts)).toEqual(new Set(plain.map(([own, text]) => `${own}.${domain} ${text}`)));
      }),
    );
  });
});
