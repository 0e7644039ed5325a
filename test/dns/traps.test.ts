import { describe, expect, it } from 'vitest';
import type { Domain } from '../../src/record.ts';
import { data, question as packet } from './message.ts';
import { Twin } from './twin.ts';
import {
  address,
  bridgeA,
  bridgeB,
  bridgeC,
  container,
  entry,
  fixed,
  hostA,
  hostB,
  hostC,
  made,
  network,
  on,
  owner,
} from './zone-words.ts';

// The traps of name servers for containers that concern this room; those of forwarding are tested beside it.

const soa = 'weave.local 1 SOA ns.dns.weave.local hostmaster.weave.local 1';
const replicas = (count: number) =>
  fixed('nodebb', ...Array.from({ length: count }, (_, index) => `192.0.2.${index + 1}`));

describe('traps of empty answers', () => {
  const twin = new Twin([fixed('db', '192.0.2.7'), fixed('web.shop', '192.0.2.8'), fixed('_x._tcp.svc', '192.0.2.9')]);

  it('trap 1: AAAA of a name that has only A is NOERROR with SOA', () => {
    expect(twin.ask('db.weave.local', { type: 'AAAA' })).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authority: [soa],
    });
  });

  it.each([28, 65, 64, 33, 16, 15, 257, 43, 48, 99, 65_280])(
    'traps 2, 3 and 16: type %d of a name that has only A is answered here, empty and with SOA',
    (type) => {
      const reply = twin.ask('db.weave.local', { type });
      expect(reply).toMatchObject({ rcode: 'NOERROR', answers: [], authority: [soa] });
      expect(twin.forwarder.asked).toEqual([]);
    },
  );

  it('trap 3: ANY is answered with one small record (RFC 8482)', () => {
    const { rcode, answers } = twin.ask('db.weave.local', { type: 'ANY' });
    expect({ rcode, records: answers.length }).toEqual({ rcode: 'NOERROR', records: 1 });
    expect(answers[0]).toMatch(/^db\.weave\.local 1 HINFO .RFC8482/);
  });

  it('trap 4: a name nobody has is NXDOMAIN with SOA, at once and from here', () => {
    expect(twin.ask('nobody.weave.local')).toMatchObject({ rcode: 'NXDOMAIN', answers: [], authority: [soa] });
    expect(twin.forwarder.asked).toEqual([]);
  });

  it.each(['shop.weave.local', '_tcp.svc.weave.local', 'svc.weave.local', 'dns.weave.local'])(
    'trap 5: %s has nothing itself but something below it, so it is NOERROR',
    (name) => {
      expect(twin.ask(name)).toMatchObject({ rcode: 'NOERROR', answers: [], authority: [soa] });
    },
  );

  it('trap 5: it is gone with the last name below it', () => {
    const short = new Twin([fixed('a.b.c', '192.0.2.1')]);
    expect(short.ask('c.weave.local').rcode).toBe('NOERROR');
    short.responder.update([fixed('a.b.c')]);
    expect(short.ask('c.weave.local').rcode).toBe('NXDOMAIN');
  });

  it('traps 6 and 7: negative answers carry an SOA whose time to live and minimum are short', () => {
    for (const name of ['db.weave.local', 'nobody.weave.local'])
      expect(twin.ask(name, { type: 'AAAA' }).authority).toEqual([soa]);
  });

  it('trap 7: a single label has the SOA of what is above it, and a reverse name its own', () => {
    const root = ' 1 SOA ns.dns.weave.local hostmaster.weave.local 1';
    expect(twin.ask('nobody').authority).toEqual([root]);
    const reverse = '7.2.0.192.in-addr.arpa';
    expect(twin.ask(reverse, { type: 'TXT' }).authority).toEqual([`${reverse}${root}`]);
  });
});

describe('traps of spelling', () => {
  it('trap 8: the time to live is one second, and what the name says where it says so', () => {
    const twin = new Twin([fixed('db', '192.0.2.7'), entry('slow', [], [made('slow', address('192.0.2.8'), 60)])]);
    expect(twin.ask('db').answers).toEqual(['db 1 A 192.0.2.7']);
    expect(twin.ask('slow').answers).toEqual(['slow 60 A 192.0.2.8']);
  });

  it('trap 9: names match without regard to case and come back as they were asked', () => {
    const twin = new Twin([fixed('node0', '192.0.2.7')]);
    for (const name of ['NODE0.weave.local', 'node0.WEAVE.LOCAL', 'nOdE0.wEaVe.LoCaL']) {
      const reply = twin.ask(name);
      expect(reply.question).toBe(`${name} A`);
      expect(reply.answers).toEqual([`${name} 1 A 192.0.2.7`]);
    }
  });

  it('trap 9: targets are in lower case', () => {
    const twin = new Twin([
      entry('Mail'.toLowerCase(), [], [made('mail', { type: 'cname', target: 'DB.Weave.Local.' })]),
    ]);
    expect(twin.ask('MAIL.weave.local', { type: 'CNAME' }).answers).toEqual([
      'MAIL.weave.local 1 CNAME db.weave.local',
    ]);
  });

  it('trap 27: every name exists in a second domain as well', () => {
    const domains = ['weave.local', 'weft.internal'] as Domain[];
    const twin = new Twin([fixed('db', '192.0.2.7')], { domains });
    expect(data(twin.ask('db.weft.internal'))).toEqual(['192.0.2.7']);
    expect(data(twin.ask('db.weave.local'))).toEqual(['192.0.2.7']);
    expect(twin.ask('nobody.weft.internal').authority).toEqual([
      'weft.internal 1 SOA ns.dns.weft.internal hostmaster.weft.internal 1',
    ]);
  });

  it('trap 28: a single label is answered from the domain and never leaves', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')]);
    expect(data(twin.ask('db'))).toEqual(['192.0.2.7']);
    expect(twin.ask('com').rcode).toBe('NXDOMAIN');
    expect(twin.forwarder.asked).toEqual([]);
  });
});

describe('traps of turns', () => {
  it.each([2, 3, 4, 5, 6, 7, 60])('trap 10: A and AAAA in pairs leave the turns of %d replicas even', (count) => {
    const twin = new Twin([replicas(count)]);
    const firsts = new Map<string, number>();
    for (let question = 0; question < count * 20; question++) {
      const [first = ''] = data(twin.ask('nodebb.weave.local', { payload: 1232 }));
      twin.ask('nodebb.weave.local', { type: 'AAAA' });
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    expect([...firsts.values()]).toEqual(Array(count).fill(20));
  });

  it('trap 11: turns are turns, and whoever comes second is by chance', () => {
    const twin = new Twin([replicas(3)]);
    const orders = Array.from({ length: 300 }, () => data(twin.ask('nodebb')));
    const firsts = orders.map(([first]) => first);
    expect(firsts.slice(3)).toEqual(firsts.slice(0, -3));
    const behindFirst = orders.filter(([first]) => first === '192.0.2.1').map(([, second]) => second);
    expect(new Set(behindFirst)).toEqual(new Set(['192.0.2.2', '192.0.2.3']));
  });

  it('trap 12: one answer at a time for clients that sort for themselves, for all names or one', () => {
    const all = new Twin([replicas(3)], { answers: 'one' });
    const seen = Array.from({ length: 6 }, () => data(all.ask('nodebb')));
    expect(seen.map((each) => each.length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(seen.flat()).size).toBe(3);
    const owners = ['10.1.0.2', '10.1.0.3'].map((each) =>
      owner(hostA, container('web', [on(bridgeA, each)], { answers: 'one' })),
    );
    const one = new Twin([entry('web', owners), replicas(3)]);
    expect(data(one.ask('web'))).toHaveLength(1);
    expect(data(one.ask('nodebb'))).toHaveLength(3);
  });
});

describe('traps of size', () => {
  const many = new Twin([replicas(100)]);

  it('trap 13: an answer that does not fit is filled to the limit and marked, and turns all the same', () => {
    const replies = Array.from({ length: 100 }, () => many.ask('nodebb.weave.local'));
    for (const reply of replies) {
      expect(reply.flags).toContain('tc');
      expect(reply.octets).toBeLessThanOrEqual(512);
      // 12 of header, 24 of question, 16 for each record.
      expect(reply.answers).toHaveLength(Math.floor((512 - 36) / 16));
    }
    expect(new Set(replies.map((reply) => data(reply)[0])).size).toBe(100);
  });

  it.each([
    [512, 512],
    [0, 512],
    [900, 900],
    [1232, 1232],
    [4096, 1232],
    [65_535, 1232],
  ])('trap 14: an asker who takes %d octets by UDP gets at most %d', (payload, limit) => {
    const reply = many.ask('nodebb.weave.local', { payload });
    expect(reply.octets).toBeLessThanOrEqual(limit);
    expect(reply.octets).toBeGreaterThan(limit - 16);
    expect(reply.flags).toContain('tc');
    expect(reply.opt?.payload).toBe(1232);
  });

  it('trap 14: TCP gives everything', () => {
    const reply = many.ask('nodebb.weave.local', { transport: 'tcp' });
    expect(reply.flags).not.toContain('tc');
    expect(new Set(data(reply)).size).toBe(100);
  });
});

describe('traps of headers', () => {
  const twin = new Twin([fixed('db', '192.0.2.7')]);

  it('trap 15: OPT for OPT with our own options only, none for none', () => {
    expect(twin.ask('db').opt).toBeUndefined();
    const options = [
      [100, Buffer.from('unknown')],
      [8, Buffer.of(0, 1, 24, 0, 192, 0, 2)],
    ] as const;
    const reply = twin.ask('db', { payload: 4096, options, ednsFlags: 0x0080 });
    expect(reply.opt).toEqual({ payload: 1232, version: 0, dnssecOk: false, options: new Map() });
    expect(data(reply)).toEqual(['192.0.2.7']);
  });

  it('trap 17: AA for our names, RA always', () => {
    for (const type of ['A', 'AAAA', 'MX' as never] as const)
      expect(twin.ask('db.weave.local', { type, flags: 0 }).flags).toBe('qr aa ra');
    expect(twin.ask('nobody.weave.local').flags).toBe('qr aa rd ra');
  });

  it('trap 18: an alias comes before what it leads to', () => {
    const alias = made('www', { type: 'cname', target: 'db' });
    const answers = new Twin([fixed('db', '192.0.2.7'), entry('www', [], [alias])]).ask('www.weave.local').answers;
    expect(answers).toEqual(['www.weave.local 1 CNAME db.weave.local', 'db.weave.local 1 A 192.0.2.7']);
  });

  it('trap 26: containers and private ranges are never limited', () => {
    for (const from of ['10.1.0.9', '192.168.7.7', '127.0.0.1', 'fd00::7'])
      for (let question = 0; question < 1000; question++) expect(twin.send(packet('db'), { from })).toBeDefined();
    expect(twin.responder.counters.counts.rateDropped).toBe(0);
  });
});

describe('traps of networks', () => {
  const front = network(hostA, 'front', '10.8.0.0/16');
  const back = network(hostA, 'back', '10.9.0.0/16');

  it('trap 29: an asker gets the addresses on networks it shares', () => {
    const web = container('web', [on(front, '10.8.0.2'), on(back, '10.9.0.2')]);
    const twin = new Twin([entry('web', [owner(hostA, web)])], {}, [front, back]);
    expect(data(twin.ask('web', { from: '10.8.0.7' }))).toEqual(['10.8.0.2']);
    expect(data(twin.ask('web', { from: '10.9.0.7' }))).toEqual(['10.9.0.2']);
    expect(data(twin.ask('web')).sort()).toEqual(['10.8.0.2', '10.9.0.2']);
  });

  it('trap 29: an address that is somebody else’s here is never answered: NODATA with a reason, not NXDOMAIN', () => {
    const sameSubnet = network(hostB, 'bridge', '10.1.0.0/16');
    const twin = new Twin([entry('far', [owner(hostB, container('far', [on(sameSubnet, '10.1.0.2')]))])]);
    const reply = twin.ask('far.weave.local', { payload: 1232 });
    expect(reply).toMatchObject({ rcode: 'NOERROR', answers: [], authority: [soa] });
    expect(reply.opt?.options.get(15)?.readUInt16BE(0)).toBe(0);
  });

  it('trap 29: a container that is only reachable by its published ports has its host’s address', () => {
    const sameSubnet = network(hostB, 'bridge', '10.1.0.0/16');
    const ports = [{ port: 80, protocol: 'tcp', hostPort: 8080 }] as const;
    const far = owner(hostB, container('far', [on(sameSubnet, '10.1.0.2')], { ports }), {
      hostAddress: '192.0.2.22' as never,
    });
    expect(data(new Twin([entry('far', [far])]).ask('far'))).toEqual(['192.0.2.22']);
  });
});

describe('traps of health', () => {
  const member = (name: string, at: string, more = {}) => owner(hostA, container(name, [on(bridgeA, at)], more));

  it('trap 38: a container always sees itself, and `_all` shows members that are not ready', () => {
    const owners = [member('m0', '10.1.0.2'), member('m1', '10.1.0.3', { health: 'starting' })];
    const twin = new Twin([entry('mongo', owners)]);
    expect(data(twin.ask('mongo', { from: '10.1.0.2' }))).toEqual(['10.1.0.2']);
    expect(data(twin.ask('mongo', { from: '10.1.0.3' })).sort()).toEqual(['10.1.0.2', '10.1.0.3']);
    expect(data(twin.ask('mongo', { from: '10.1.0.9' }))).toEqual(['10.1.0.2']);
    expect(data(twin.ask('_all.mongo.weave.local')).sort()).toEqual(['10.1.0.2', '10.1.0.3']);
  });

  it('trap 38: it does so whoever asked before it', () => {
    const owners = [member('m0', '10.1.0.2'), member('m1', '10.1.0.3', { health: 'unhealthy' })];
    const twin = new Twin([entry('mongo', owners)]);
    for (let round = 0; round < 3; round++) {
      expect(data(twin.ask('mongo', { from: '10.1.0.3' })).sort()).toEqual(['10.1.0.2', '10.1.0.3']);
      expect(data(twin.ask('mongo', { from: '10.1.0.9' }))).toEqual(['10.1.0.2']);
    }
  });

  it('trap 39: where none is healthy all are answered', () => {
    const owners = ['10.1.0.2', '10.1.0.3'].map((each) => member('web', each, { health: 'unhealthy' }));
    expect(data(new Twin([entry('web', owners)]).ask('web')).sort()).toEqual(['10.1.0.2', '10.1.0.3']);
  });

  it('trap 32: records of a host that is not heard are hidden while others are left, and stale when not', () => {
    const far = (hostStatus: 'alive' | 'quiet' | 'restarting') =>
      owner(hostB, container('web', [on(bridgeB, '10.2.0.2')]), { hostStatus });
    const near = owner(hostC, container('web', [on(bridgeC, '10.3.0.2')]));
    expect(data(new Twin([entry('web', [far('quiet'), near])]).ask('web'))).toEqual(['10.3.0.2']);
    expect(data(new Twin([entry('web', [far('restarting'), near])]).ask('web'))).toHaveLength(2);
    const alone = new Twin([entry('web', [far('quiet')])]).ask('web', { payload: 1232 });
    expect(data(alone)).toEqual(['10.2.0.2']);
    expect(alone.opt?.options.get(15)?.readUInt16BE(0)).toBe(3);
  });

  it('trap 42: a container that stops is left out while another stays', () => {
    const owners = [member('old', '10.1.0.2', { state: 'draining' }), member('new', '10.1.0.3')];
    expect(data(new Twin([entry('web', owners)]).ask('web'))).toEqual(['10.1.0.3']);
  });
});

describe('traps of replica sets', () => {
  const services = [{ service: '_mongodb', protocol: '_tcp', port: 27_017 }];
  const owners = [
    owner(hostA, container('node0', [on(bridgeA, '10.1.0.2')], { services })),
    owner(hostB, container('node1', [on(bridgeB, '10.2.0.2')], { services })),
  ];
  const twin = new Twin([entry('mongo', owners)]);

  it('trap 40: the seed list has lower-case targets under the name, with their addresses', () => {
    const reply = twin.ask('_mongodb._tcp.mongo.weave.local', { type: 'SRV' });
    expect(data(reply).sort()).toEqual(['0 1 27017 node0.mongo.weave.local', '0 1 27017 node1.mongo.weave.local']);
    expect(reply.additional.sort()).toEqual([
      'node0.mongo.weave.local 1 A 10.1.0.2',
      'node1.mongo.weave.local 1 A 10.2.0.2',
    ]);
  });

  it('trap 40: there is no stray TXT, and its absence is no failure', () => {
    expect(twin.ask('mongo.weave.local', { type: 'TXT' })).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it('trap 41: each member has one name, the same for every asker', () => {
    expect(data(twin.ask('node0.mongo.weave.local'))).toEqual(['10.1.0.2']);
    expect(data(twin.ask('node1.mongo.weave.local', { from: '10.1.0.2' }))).toEqual(['10.2.0.2']);
  });

  it('trap 45: a set has one time to live, no duplicates, and extras only from our own data', () => {
    const shared = on({ key: bridgeA.key, name: 'host' }, '10.1.0.2');
    const two = [1, 2].map((ttlSeconds) => owner(hostA, container('web', [shared], { ttlSeconds: ttlSeconds * 10 })));
    const other = owner(hostA, container('web', [on(bridgeA, '10.1.0.3')]));
    expect(new Twin([entry('web', [...two, other])]).ask('web').answers.sort()).toEqual([
      'web 1 A 10.1.0.2',
      'web 1 A 10.1.0.3',
    ]);
    const outside = made('_x._tcp.app', { type: 'srv', priority: 0, weight: 0, port: 1, target: 'www.example.com' });
    const reply = new Twin([entry('_x._tcp.app', [], [outside])]).ask('_x._tcp.app.weave.local', { type: 'SRV' });
    expect(reply).toMatchObject({ answers: ['_x._tcp.app.weave.local 1 SRV 0 0 1 www.example.com'], additional: [] });
  });
});
