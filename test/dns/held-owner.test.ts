import { describe, expect, it } from 'vitest';
import { Packer, Unpacker } from '../../src/dns/parcel.ts';
import type { Address, Cidr, NameEntry } from '../../src/record.ts';
import { heldBy } from '../support/held-by.ts';
import { bridgeA, bridgeB, container, entry, fixed, hostA, hostB, on, owner, spelledOut } from './zone-words.ts';

/** What becomes of ten thousand containers of one image and network, which are told of batch by batch. */
function batches<T>(tell: (entries: NameEntry[]) => T): T[] {
  return Array.from({ length: 100 }, (_, batch) => {
    const entries = Array.from({ length: 100 }, (_, index) => {
      const name = `name${batch * 100 + index}`;
      return entry(name, [owner(hostA, container(name, [on(bridgeA, `10.1.${batch}.${index}`)]))]);
    });
    return tell(entries);
  });
}

/** As entries come to a thread: packed, and read there. */
function throughThread(): (entries: NameEntry[]) => NameEntry[] {
  const [packer, unpacker] = [new Packer(), new Unpacker()];
  return (entries) => unpacker.read(unpacker.take(packer.pack(entries)));
}

describe('an owner that a thread keeps', () => {
  it('says all that was told of it', () => {
    const plain = owner(hostA, container('db', [on(bridgeA, '10.1.0.2')]));
    const full = container('web', [{ ...on(bridgeA, '10.1.0.3'), subnet: '10.1.0.0/16' as Cidr }], {
      health: 'healthy',
      ports: [{ port: 80, protocol: 'tcp', hostPort: 8080 }],
      skipped: [{ text: 'a b', reason: 'has a blank' }],
      weight: 2,
      services: [{ service: '_http', protocol: '_tcp', port: 80 }],
      ttlSeconds: 7,
      answers: 'one',
      prefer: 'local',
    });
    const twofold = container('lan', [on(bridgeA, '10.1.0.4'), on(bridgeB, '10.2.0.4')], {
      asksFrom: ['172.18.0.2' as Address, '172.18.0.3' as Address],
    });
    const inside = container('job', [], { asksFrom: ['172.18.0.4' as Address] });
    const unwatched = { ...owner(hostA, full), hostAddress: '192.0.2.1' as Address, unwatched: true as const };
    const said = [
      entry('db', [plain, unwatched]),
      entry('web', [unwatched, { ...plain, unwatched: true }]),
      fixed('made', '192.0.2.7'),
      entry('lan', [owner(hostA, twofold)]),
      entry('job', [owner(hostA, inside), owner(hostB, container('none', []))]),
      entry('gone', []),
    ];
    expect(throughThread()(said).map(spelledOut)).toStrictEqual(said);
  });

  it('has one list of ports with all containers that expose the same', () => {
    const send = throughThread();
    const exposing = (name: string) => owner(hostA, container(name, [], { ports: [{ port: 80, protocol: 'tcp' }] }));
    const [one, two] = send([entry('one', [exposing('one')]), entry('two', [exposing('two')])]);
    expect(one?.owners[0]?.container.ports).toEqual([{ port: 80, protocol: 'tcp' }]);
    expect(two?.owners[0]?.container.ports).toBe(one?.owners[0]?.container.ports);
  });

  it('takes less than half of the memory that it came in', () => {
    const [packer, unpacker] = [new Packer(), new Unpacker()];
    const parcels = batches((entries) => packer.pack(entries));
    const bare = heldBy(() => batches((entries) => structuredClone(entries)));
    const held = heldBy(() => parcels.map((parcel) => unpacker.read(unpacker.take(parcel))));
    expect(held / bare).toBeLessThan(1 / 2);
  });
});
