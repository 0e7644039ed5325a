import { describe, expect, it } from 'vitest';
import { containerFromJson, containerToJson } from '../../src/crdt/record-json.ts';
import { addressesOf } from '../../src/watch/addresses.ts';
import { containerRecord } from '../../src/watch/container.ts';
import { namesOf } from '../../src/watch/names.ts';
import { networkTable } from '../../src/watch/networks.ts';
import { inspection } from './documents.ts';
import { domain, hostId, watchOptions } from './host.ts';

describe('the record of a container', () => {
  it('is one that others take, also where it is on every network of a large host', () => {
    const networks = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [
        `project${index}_default`,
        {
          NetworkID: `${index}`.padStart(64, 'a'),
          IPAddress: `10.${index}.0.2`,
          IPPrefixLen: 16,
          GlobalIPv6Address: `fd00:0:0:${index}::2`,
          GlobalIPv6PrefixLen: 64,
        },
      ]),
    );
    const proxy = inspection({ networks });
    const addresses = addressesOf(proxy, { hostId, networks: networkTable([]) });
    const record = containerRecord(proxy, namesOf(proxy, [domain], watchOptions.hostnames), addresses, false);
    expect(containerFromJson(containerToJson({ record, claim: 0 }, hostId), record.id, hostId)).toMatchObject({
      ok: true,
    });
    expect(record.addresses).toEqual(addresses.slice(0, 64));
    expect(record.skipped).toContainEqual({
      text: '136 addresses',
      reason: 'a container has at most 64 addresses',
    });
  });
});
