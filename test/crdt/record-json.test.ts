import { describe, expect, it } from 'vitest';
import {
  containerFromJson,
  containerToJson,
  hostFromJson,
  hostToJson,
  staticFromJson,
  staticToJson,
} from '../../src/crdt/record-json.ts';
import { HeldContainer } from '../../src/held-container.ts';
import {
  type ContainerRecord,
  type HostRecord,
  localNetworkKey,
  parseCidr,
  type StaticRecord,
  sharedNetworkKey,
} from '../../src/record.ts';
import { address, containerRecord, hostRecord, name, sent, staticRecord, told } from '../support/crdt-lab.ts';
import { testSigner } from '../support/signer.ts';

const owner = testSigner(1).hostId;
const subnet = parseCidr('10.0.0.0/24');

const fullContainer: ContainerRecord = {
  ...containerRecord(owner, 'c1', ['node0', 'node0.project'], '10.0.0.7'),
  skipped: [{ text: 'Not A Name', reason: 'has a space' }],
  addresses: [
    {
      address: address('10.0.0.7'),
      network: localNetworkKey(owner, 'bridge'),
      networkName: 'bridge',
      ...(subnet.ok ? { subnet: subnet.value } : {}),
    },
    { address: address('2001:db8::7'), network: sharedNetworkKey('macvlan eth0'), networkName: 'lan' },
  ],
  state: 'draining',
  health: 'unhealthy',
  startedAt: 1_767_225_600_000,
  ports: [{ port: 80, protocol: 'tcp', hostPort: 8080, hostAddress: address('192.0.2.1') }],
  services: [{ service: '_mongodb', protocol: '_tcp', port: 27017 }],
  ttlSeconds: 5,
  weight: 0.5,
  answers: 'one',
  prefer: 'local',
};

/** The same as it is sent: for what a host may send instead. */
const full = sent(owner, fullContainer);

/** On no network at all. */
const unplaced: ContainerRecord = { ...containerRecord(owner, 'c1', []), addresses: [] };

const fullHost: HostRecord = hostRecord('host1', {
  meshAddresses: ['192.0.2.1:6783', '[2001:db8::1]:6783'],
  address: address('192.0.2.1'),
  networks: [
    {
      key: localNetworkKey(owner, 'bridge'),
      name: 'bridge',
      driver: 'bridge',
      subnets: subnet.ok ? [subnet.value] : [],
      gateways: [address('10.0.0.1')],
    },
  ],
  startedAt: 1,
});

const statics: readonly StaticRecord[] = [
  staticRecord('db', '192.0.2.7', { ttlSeconds: 30 }),
  { ...staticRecord('db', '192.0.2.7'), data: { type: 'cname', target: 'db.example.com' } },
  { ...staticRecord('db', '192.0.2.7'), data: { type: 'srv', priority: 1, weight: 2, port: 3, target: 'db' } },
  { ...staticRecord('db', '192.0.2.7'), data: { type: 'txt', text: 'v=1' } },
];

function plain({ names: _, ...record }: ContainerRecord) {
  return record;
}

describe('records on the wire', () => {
  it('of containers of one kind on one network share what they have alike', () => {
    const [one, two] = ['c1', 'c2'].map((id) => told(owner, { ...fullContainer, id }));
    expect(two?.kind).toBe(one?.kind);
    expect(two?.places).toBe(one?.places);
  });

  it('of containers that differ otherwise but expose the same ports share one list of them', () => {
    const [one, two] = (['healthy', 'unhealthy'] as const).map((health) => told(owner, { ...fullContainer, health }));
    expect(one?.kind.ports).toEqual(fullContainer.ports);
    expect(two?.kind.ports).toBe(one?.kind.ports);
  });

  it('are read each as itself, whichever of the same image or network was read before', () => {
    const [first, second] = fullContainer.addresses;
    if (first === undefined || second === undefined) throw new Error('the container is on two networks');
    const [port] = fullContainer.ports ?? [];
    const { subnet: _, ...withoutSubnet } = first;
    const others: Partial<ContainerRecord>[] = [
      {},
      { addresses: [first] },
      { addresses: [second, first] },
      { addresses: [withoutSubnet, second] },
      { addresses: [{ ...first, networkName: 'other' }, second] },
      { state: 'running' },
      { health: 'healthy' },
      { ports: [] },
      { ports: [{ port: 81, protocol: 'tcp' }] },
      { ports: port ? [port, { ...port, port: 443 }] : [] },
      { services: [{ service: '_mongodb', protocol: '_tcp', port: 27018 }] },
      { skipped: [] },
      { weight: 2 },
      { ttlSeconds: 7 },
      { answers: 'all' },
      { prefer: 'any' },
    ];
    const {
      ports: _p,
      services: _s,
      skipped: _k,
      weight: _w,
      ttlSeconds: _t,
      answers: _a,
      prefer: _f,
      ...bare
    } = fullContainer;
    const records = [...others.map((other) => ({ ...fullContainer, ...other })), bare, unplaced];
    for (const before of records)
      for (const record of records) {
        told(owner, before);
        expect(new HeldContainer(told(owner, record)).plain()).toEqual(plain(record));
      }
  });

  it('are refused for a bad field also where all else is as it was read before', () => {
    const [first, second] = full.addresses;
    told(owner, fullContainer);
    for (const bad of [
      { ports: [{ ...fullContainer.ports?.[0], port: '80' }] },
      { ports: { 0: fullContainer.ports?.[0] } },
      { services: [null] },
      { addresses: [first, null] },
      { addresses: [first, { ...second, network: 7 }] },
      { addresses: [{ ...first, networkName: 7 }, second] },
    ])
      for (let time = 0; time < 2; time += 1)
        expect(containerFromJson(JSON.stringify({ ...full, ...bad }), 'c1', owner).ok).toBe(false);
  });

  it('tell of networks of their own host, whoever told of one by the same id before', () => {
    const other = testSigner(2).hostId;
    const json = containerToJson({ record: fullContainer, claim: 0 }, owner);
    for (const host of [owner, other, owner]) {
      const read = containerFromJson(json, 'c1', host);
      expect(read.ok && read.value.places.map(({ network }) => network)).toEqual([
        localNetworkKey(host, 'bridge'),
        sharedNetworkKey('macvlan eth0'),
      ]);
    }
  });

  it('do not repeat what their key and their envelope say', () => {
    const json = containerToJson({ record: fullContainer, claim: 3 }, owner);
    expect(json).not.toContain(owner);
    expect(JSON.parse(json)).not.toHaveProperty('id');
    expect(hostToJson(fullHost, owner)).not.toContain(owner);
  });

  it('may have fields of a later version, which are let be', () => {
    const [place] = full.addresses;
    const later = { ...full, id: 'later', addresses: [{ ...place, mac: 'later' }], gpu: { count: 2 } };
    const read = containerFromJson(JSON.stringify(later), 'c1', owner);
    expect(read.ok && new HeldContainer(read.value).plain()).toEqual(
      new HeldContainer(told(owner, { ...fullContainer, addresses: fullContainer.addresses.slice(0, 1) })).plain(),
    );
  });

  it('are read as they were written', () => {
    const asker = { ...fullContainer, asksFrom: [address('172.18.0.3')] };
    for (const record of [fullContainer, asker, containerRecord(owner, 'c1', []), unplaced]) {
      const { names, claim, ...parts } = told(owner, record, 3);
      expect({ ...new HeldContainer(parts).plain(), names, claim }).toEqual({ ...record, claim: 3 });
    }
    for (const record of [fullHost, hostRecord('plain')])
      expect(hostFromJson(hostToJson(record, owner), owner)).toEqual({ ok: true, value: record });
    for (const record of statics) expect(staticFromJson(staticToJson(record))).toEqual({ ok: true, value: record });
  });

  it('have their own short id for a name like any other', () => {
    const id = 'a1b2c3d4e5f6'.repeat(5);
    const record = containerRecord(owner, id, ['web', 'a1b2c3d4e5f6'], '10.0.0.7');
    expect(told(owner, record).names).toEqual(['web', 'a1b2c3d4e5f6']);
    for (const name of ['', 'A1b2']) {
      const read = containerFromJson(JSON.stringify({ ...sent(owner, record), names: [name] }), id, owner);
      expect(read.ok && read.value.names).toEqual(name === '' ? false : ['a1b2']);
    }
  });

  it('have static names that may begin with a wildcard, and container names that may not', () => {
    const wildcard = { ...staticRecord('db', '192.0.2.7'), name: '*.db' };
    expect(staticFromJson(JSON.stringify(wildcard))).toMatchObject({ ok: true, value: { name: '*.db' } });
    const container = { ...sent(owner, containerRecord(owner, 'c1', [])), names: ['*.db'] };
    expect(containerFromJson(JSON.stringify(container), 'c1', owner)).toMatchObject({ ok: false });
  });

  it.each([
    ['null', 'record is not an object'],
    ['[]', 'record is not an object'],
    ['{', 'record is not JSON'],
    [JSON.stringify({ ...full, names: 'node0' }), 'names is not a list'],
    [JSON.stringify({ ...full, names: [7] }), '"7" is not a text'],
    [JSON.stringify({ ...full, names: Array(2_000).fill('a') }), 'names has more than 1024 elements'],
    [JSON.stringify({ ...full, ttlSeconds: -1 }), 'ttlSeconds is not a number from 0 to 2147483647'],
    [JSON.stringify({ ...full, ttlSeconds: 0.5 }), 'ttlSeconds is not a whole number'],
    [JSON.stringify({ ...full, weight: '1' }), 'weight is not a number from 0 to 1000000'],
    [JSON.stringify({ ...full, claim: -1 }), `claim is not a number from 0 to ${Number.MAX_SAFE_INTEGER}`],
    [JSON.stringify({ ...full, ports: [{ port: 0, protocol: 'tcp' }] }), 'port is not a number from 1 to 65535'],
    [JSON.stringify({ ...full, asksFrom: null }), 'asksFrom is not a list'],
    [JSON.stringify({ ...full, ports: null }), 'ports is not a list'],
    [JSON.stringify({ ...full, addresses: [{ address: '10.0.0.1' }] }), 'network is not a text'],
    [
      JSON.stringify({ ...full, addresses: [{ address: '10.0.0.1', network: 'local:x:y', networkName: '' }] }),
      'network is neither a shared network nor one of its own host',
    ],
    [JSON.stringify({ ...full, health: null }), 'health is none of none, starting, healthy, unhealthy'],
    [JSON.stringify({ ...full, name: 'x'.repeat(5_000) }), 'name is longer than 4096 characters'],
  ])('are refused with one clause that says why: %s', (json, problem) => {
    expect(containerFromJson(json, 'c1', owner)).toEqual({ ok: false, problem });
  });

  it('of static data of a later version are refused, not misread', () => {
    const later = { ...staticRecord('db', '192.0.2.7'), data: { type: 'mx', preference: 10 } };
    expect(staticFromJson(JSON.stringify(later))).toEqual({
      ok: false,
      problem: 'type is none of address, cname, srv, txt',
    });
    expect(staticFromJson(JSON.stringify({ ...later, name: name('db'), data: 7 }))).toMatchObject({ ok: false });
  });

  it('are refused where they lead to what is no name: no answer could be made of them', () => {
    const [made] = statics;
    for (const target of ['', 'a..b', `${'x'.repeat(64)}.example`, `${'x.'.repeat(127)}example`])
      for (const data of [
        { type: 'cname', target },
        { type: 'srv', priority: 1, weight: 2, port: 3, target },
      ])
        expect(staticFromJson(JSON.stringify({ ...made, data })), target).toMatchObject({ ok: false });
  });
});
