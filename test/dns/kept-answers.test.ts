import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Address,
  type Domain,
  type NameEntry,
  type Network,
  type Owner,
  overlayNetworkKey,
  type StaticData,
} from '../../src/record.ts';
import { Twin } from './twin.ts';
import { address, bridgeA, bridgeB, container, entry, hostA, hostB, made, network, on, owner } from './zone-words.ts';

// Answers are compiled once and kept until what they follow from changes. Here a server that has been told of many
// changes is asked the same as one that was only told how things are now.

const domains = ['weave.local', 'weft.internal'] as Domain[];
const names = [
  'web',
  'db',
  'a.web',
  'x.a.web',
  '*.web',
  '*',
  '_http._tcp.web',
  'x._tcp.web',
  'c0.web',
  'ns.dns',
  'y.db',
];
const asked = [...names.filter((name) => !name.startsWith('*')), 'q.web', 'q', 'c1.web', '_http._tcp.db', '_all.web'];
const questions = [
  ...asked.flatMap((name) => [`${name}.weave.local`, `${name}.weft.internal`]),
  ...['web', 'q', 'weave.local', 'local', '4.0.1.10.in-addr.arpa', '5.0.2.10.in-addr.arpa', '6.0.4.10.in-addr.arpa'],
];
const overlay: Network = {
  ...network(hostA, 'mesh', '10.4.0.0/24'),
  key: overlayNetworkKey('mesh'),
  driver: 'overlay',
};
const shop = network(hostA, 'shop', '10.2.0.0/16');
const clash = network(hostB, 'clash', '10.1.0.0/16');
const places = [
  { host: hostA, networks: [bridgeA, overlay, shop] },
  { host: hostB, networks: [bridgeB, overlay, clash] },
];
const askers = ['127.0.0.1', '203.0.113.5', '10.1.0.4', '10.1.0.41', '10.2.0.5', '10.4.0.6'];

/**
 * Owners for the slots that entries are put together from: replacing one changes every name that has it. On one host no
 * two have an address, or ask from one, but a container elsewhere may have that of one here.
 */
const anOwner = fc
  .record({
    place: fc.constantFrom(...places),
    network: fc.nat(2),
    state: fc.constantFrom('running' as const, 'paused' as const, 'draining' as const),
    health: fc.constantFrom('none' as const, 'unhealthy' as const, 'starting' as const),
    heard: fc.boolean(),
    more: fc.subarray([
      { services: [{ service: '_http', protocol: '_tcp', port: 80 }] },
      { ports: [{ port: 80, protocol: 'tcp' as const, hostPort: 8080 }] },
      { weight: 0 },
      { prefer: 'local' as const },
      { ttlSeconds: 7 },
    ]),
    asks: fc.boolean(),
  })
  .map(({ place, network: index, state, health, heard, more, asks }) => (slot: number) => {
    const network = place.networks[index] ?? bridgeA;
    const [subnet = ''] = network.subnets;
    const isLocal = place.host === hostA;
    const last = 3 + (isLocal ? slot : (slot + 1) % 4);
    const addresses = [on(network, subnet.replace(/\.\d+\/\d+$/, `.${last}`))];
    const asksFrom = [`10.1.0.${isLocal ? 41 + slot : 41}` as Address];
    const terms = { state, health, ...(asks && { asksFrom }), ...Object.assign({}, ...more) };
    const hostStatus = isLocal ? 'self' : heard ? 'alive' : 'quiet';
    return owner(place.host, container(`c${slot % 3}`, addresses, terms), {
      hostStatus,
      hostAddress: '192.0.2.22' as Address,
    });
  });
const someData = fc.constantFrom<StaticData>(
  address('192.0.2.1'),
  address('10.1.0.3'),
  { type: 'cname', target: 'db' },
  { type: 'cname', target: 'q.web' },
  { type: 'txt', text: 'v=1' },
  { type: 'srv', priority: 1, weight: 1, port: 80, target: 'y.db' },
);
const aChange = fc.oneof(
  fc.record({ type: fc.constant('owner' as const), slot: fc.nat(3), to: anOwner }),
  fc.record({
    type: fc.constant('name' as const),
    name: fc.constantFrom(...names),
    slots: fc.uniqueArray(fc.nat(3), { maxLength: 3 }),
    statics: fc.uniqueArray(someData, { maxLength: 2 }),
  }),
  fc.record({
    type: fc.constant('networks' as const),
    networks: fc.constantFrom([bridgeA], [bridgeA, overlay], [bridgeA, shop]),
  }),
);
const aQuestion = fc.record({
  name: fc.constantFrom(...questions),
  type: fc.constantFrom(
    'A' as const,
    'AAAA' as const,
    'SRV' as const,
    'TXT' as const,
    'PTR' as const,
    'ANY' as const,
    15,
  ),
  from: fc.constantFrom(...askers),
});
const aHistory = fc.record({
  first: fc.array(anOwner, { minLength: 4, maxLength: 4 }),
  steps: fc.array(fc.tuple(aChange, fc.array(aQuestion, { maxLength: 12 })), { minLength: 1, maxLength: 30 }),
});

type Change = typeof aChange extends fc.Arbitrary<infer T> ? T : never;
type Question = typeof aQuestion extends fc.Arbitrary<infer T> ? T : never;
/** Questions that are asked again after a change: those of the last few. */
const askedAgain = 40;

it('answers after any changes are those of a server that knows only how things are now', () => {
  const property = fc.property(aHistory, ({ first, steps }) => {
    const truth = new Truth(first);
    const old = new Twin([], { domains }, truth.networks);
    const asked: Question[] = [];
    for (const [change, asking] of steps) {
      const changed = truth.take(change);
      if (change.type === 'networks') old.responder.setNetworks(truth.networks);
      old.responder.update(changed);
      const fresh = new Twin(truth.entries(), { domains }, truth.networks);
      asked.push(...asking);
      for (const each of asked.slice(-askedAgain))
        expect(told(old, each), `${each.name} ${each.type} from ${each.from}`).toEqual(told(fresh, each));
    }
  });
  fc.assert(property, { numRuns: 60 });
});

/** How things are: who owns each name, by slots, and what operators made of it. */
class Truth {
  networks: readonly Network[] = [bridgeA];
  readonly #slots: Owner[];
  readonly #names = new Map<string, { readonly slots: readonly number[]; readonly statics: readonly StaticData[] }>();

  constructor(first: readonly ((slot: number) => Owner)[]) {
    this.#slots = first.map((make, slot) => make(slot));
  }

  /** Returns the entries that are others now. */
  take(change: Change): NameEntry[] {
    switch (change.type) {
      case 'owner': {
        this.#slots[change.slot] = change.to(change.slot);
        const named = [...this.#names].filter(([, { slots }]) => slots.includes(change.slot));
        return named.map(([name]) => this.#entry(name));
      }
      case 'name':
        this.#names.set(change.name, change);
        return [this.#entry(change.name)];
      case 'networks':
        this.networks = change.networks;
        return [];
    }
  }

  entries(): NameEntry[] {
    return Array.from(this.#names.keys(), (name) => this.#entry(name));
  }

  #entry(name: string): NameEntry {
    const { slots = [], statics = [] } = this.#names.get(name) ?? {};
    // No container is called by a wildcard.
    const owners = name.startsWith('*') ? [] : slots.flatMap((slot) => this.#slots[slot] ?? []);
    return entry(
      name,
      owners,
      statics.map((data) => made(name, data)),
    );
  }
}

/** All that a reply says, but for the order of its records and whose turn it is. */
function told(server: Twin, { name, type, from }: Question) {
  try {
    const reply = server.ask(name, { type, from, payload: 1232, transport: 'tcp' });
    const { rcode, flags, answers, authority, additional } = reply;
    return { rcode, flags, answers: answers.toSorted(), authority, additional: additional.toSorted() };
  } catch (error) {
    return String(error);
  }
}
