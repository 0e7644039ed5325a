import { describe, expect, it } from 'vitest';
import type { Address, Domain } from '../../src/record.ts';
import { data, replyTo } from './message.ts';
import { Twin } from './twin.ts';
import { address, bridgeA, bridgeB, container, entry, fixed, hostA, hostB, made, on, owner } from './zone-words.ts';

const alias = (name: string, target: string) => entry(name, [], [made(name, { type: 'cname', target })]);

describe('the domain itself', () => {
  const listen = [
    { address: '192.0.2.53' as Address, port: 53 },
    { address: '2001:db8::53' as Address, port: 53 },
  ];
  const twin = new Twin([fixed('db', '192.0.2.7')], { listen });

  it('has NS with glue', () => {
    const reply = twin.ask('weave.local', { type: 'NS' });
    expect(reply.answers).toEqual(['weave.local 1 NS ns.dns.weave.local']);
    expect(reply.additional).toEqual(['ns.dns.weave.local 1 A 192.0.2.53', 'ns.dns.weave.local 1 AAAA 2001:db8::53']);
  });

  it('has a name server whose name resolves', () => {
    expect(data(twin.ask('ns.dns.weave.local'))).toEqual(['192.0.2.53']);
    expect(data(twin.ask('ns.dns.weave.local', { type: 'AAAA' }))).toEqual(['2001:db8::53']);
    expect(twin.ask('ns.dns.weave.local', { type: 'TXT' })).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it('has no addresses', () => {
    expect(twin.ask('weave.local')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it('may lie inside another of ours', () => {
    const domains = ['weave.local', 'shop.weave.local'] as Domain[];
    const nested = new Twin([fixed('db', '192.0.2.7')], { domains });
    expect(data(nested.ask('db.shop.weave.local'))).toEqual(['192.0.2.7']);
    expect(nested.ask('nobody.shop.weave.local').authority[0]).toMatch(/^shop\.weave\.local /);
  });

  it('is not every name that ends in the same letters', async () => {
    const query = new Twin([fixed('db', '192.0.2.7')]);
    await expect(query.wait('db.myweave.local')).rejects.toThrow('no reply');
    expect(query.forwarder.asked).toHaveLength(1);
  });
});

describe('aliases', () => {
  it('follow each other inside the domain', () => {
    const twin = new Twin([alias('a', 'b'), alias('b', 'c.weave.local.'), fixed('c', '192.0.2.7')]);
    expect(twin.ask('a.weave.local').answers).toEqual([
      'a.weave.local 1 CNAME b.weave.local',
      'b.weave.local 1 CNAME c.weave.local',
      'c.weave.local 1 A 192.0.2.7',
    ]);
  });

  it('to nobody are NXDOMAIN behind the alias (RFC 6604)', () => {
    const reply = new Twin([alias('a', 'nobody')]).ask('a.weave.local');
    expect(reply).toMatchObject({ rcode: 'NXDOMAIN', answers: ['a.weave.local 1 CNAME nobody.weave.local'] });
    expect(reply.authority).toHaveLength(1);
  });

  it('in a circle end', () => {
    const reply = new Twin([alias('a', 'b'), alias('b', 'a')]).ask('a.weave.local');
    expect(reply.rcode).toBe('NOERROR');
    expect(reply.answers).toEqual(['a.weave.local 1 CNAME b.weave.local', 'b.weave.local 1 CNAME a.weave.local']);
  });

  it('are all that ANY has where they are (RFC 8482 section 4.2)', () => {
    const twin = new Twin([alias('a', 'b'), fixed('b', '192.0.2.7')]);
    expect(twin.ask('a.weave.local', { type: 'ANY' }).answers).toEqual(['a.weave.local 1 CNAME b.weave.local']);
  });

  it('turn among the addresses of their target', () => {
    const twin = new Twin([alias('a', 'c'), fixed('c', '192.0.2.1', '192.0.2.2', '192.0.2.3')]);
    const firsts = Array.from({ length: 9 }, () => data(twin.ask('a.weave.local'))[1]);
    expect(new Set(firsts.slice(0, 3)).size).toBe(3);
    expect(firsts.slice(3)).toEqual(firsts.slice(0, -3));
  });

  it('that lead elsewhere are completed by the forwarder', async () => {
    const twin = new Twin([alias('www', 'www.example.com')]);
    twin.forwarder.answer = (query) =>
      replyTo(query, 0, [['www.example.com', 60, { type: 1, address: '198.51.100.1' }]]);
    expect((await twin.wait('www.weave.local')).answers).toEqual([
      'www.weave.local 1 CNAME www.example.com',
      'www.example.com 60 A 198.51.100.1',
    ]);
  });

  it('that lead elsewhere have every type that is there', async () => {
    const twin = new Twin([alias('www', 'www.example.com')]);
    twin.forwarder.answer = (query) =>
      replyTo(query, 0, [
        ['www.example.com', 60, { type: 5, domain: 'edge.example.net' }],
        ['edge.example.net', 60, { type: 16, data: ['v=spf1 -all', 'more'] }],
      ]);
    expect((await twin.wait('www.weave.local', { type: 'TXT' })).answers).toEqual([
      'www.weave.local 1 CNAME www.example.com',
      'www.example.com 60 CNAME edge.example.net',
      'edge.example.net 60 TXT "v=spf1 -all" "more"',
    ]);
  });

  it('that lead to a broken reply elsewhere are SERVFAIL', async () => {
    const twin = new Twin([alias('www', 'www.example.com')]);
    twin.forwarder.answer = (query) => replyTo(query, 0, []).subarray(0, -1);
    expect((await twin.wait('www.weave.local')).rcode).toBe('SERVFAIL');
  });

  it('that lead elsewhere are each answered with their own octets, however many wait for one answer', async () => {
    const twin = new Twin([alias('www', 'www.example.com')]);
    const heard = Promise.withResolvers<void>();
    twin.forwarder.resolve = async (query) => {
      await heard.promise;
      return replyTo(query, 0, [['www.example.com', 60, { type: 1, address: '198.51.100.1' }]]);
    };
    const ids = Array.from({ length: 100 }, (_, id) => id);
    const replies = ids.map((id) => twin.wait('www.weave.local', { id }));
    heard.resolve();
    expect((await Promise.all(replies)).map(({ id }) => id)).toEqual(ids);
  });

  it('that lead to nothing elsewhere have the SOA that says so (trap 7)', async () => {
    const twin = new Twin([alias('www', 'www.example.com')]);
    const times = { serial: 1, refresh: 2, retry: 3, expiration: 4, minimum: 5 };
    const soa = { type: 6, primary: 'ns.example.com', admin: 'root.example.com', ...times };
    twin.forwarder.answer = (query) => {
      const reply = replyTo(query, 0, [['example.com', 60, soa]]);
      reply.writeUInt32BE(1, 6);
      return reply;
    };
    expect(await twin.wait('www.weave.local', { type: 'AAAA' })).toMatchObject({
      answers: ['www.weave.local 1 CNAME www.example.com'],
      authority: ['example.com 60 SOA ns.example.com root.example.com 5'],
    });
  });

  it('that lead to more elsewhere than came back say so', async () => {
    const twin = new Twin([alias('www', 'www.example.com')]);
    twin.forwarder.answer = (query) => {
      const reply = replyTo(query, 0, []);
      reply.writeUInt16BE(0x8380, 2);
      return reply;
    };
    const reply = await twin.wait('www.weave.local');
    expect(reply.answers).toEqual(['www.weave.local 1 CNAME www.example.com']);
    expect(reply.flags).toBe('qr aa tc rd ra');
    expect(twin.responder.counters.counts.truncated).toBe(1);
  });

  it('that lead to a failure elsewhere say so', async () => {
    const twin = new Twin([alias('www', 'www.example.com')]);
    expect((await twin.wait('www.weave.local')).rcode).toBe('SERVFAIL');
    twin.forwarder.answer = (query) => replyTo(query, 3, []);
    expect((await twin.wait('www.weave.local')).rcode).toBe('NXDOMAIN');
  });

  it('take the place of addresses, and give it back, without being compiled at each question', () => {
    const twin = new Twin([fixed('a', '192.0.2.1'), fixed('c', '192.0.2.7')]);
    expect(data(twin.ask('a'))).toEqual(['192.0.2.1']);
    twin.responder.update([alias('a', 'c')]);
    for (let question = 0; question < 10; question++)
      expect(data(twin.ask('a'))).toEqual(['c.weave.local', '192.0.2.7']);
    expect(twin.responder.counters.counts.compiled).toBe(2);
    twin.responder.update([fixed('a', '192.0.2.1')]);
    expect(data(twin.ask('a'))).toEqual(['192.0.2.1']);
  });

  it('do not count beside anything else (RFC 1034 section 3.6.2)', () => {
    const both = entry('a', [], [made('a', { type: 'cname', target: 'b' }), made('a', address('192.0.2.7'))]);
    expect(new Twin([both]).ask('a').answers).toEqual(['a 1 A 192.0.2.7']);
  });
});

describe('wildcards', () => {
  const twin = new Twin([
    fixed('*.apps', '192.0.2.7'),
    fixed('real.apps', '192.0.2.8'),
    fixed('deep.er.apps', '192.0.2.9'),
  ]);

  it.each([
    ['x.apps.weave.local', ['192.0.2.7']],
    ['x.y.apps.weave.local', ['192.0.2.7']],
    ['real.apps.weave.local', ['192.0.2.8']],
  ] as const)('stand for %s', (name, answers) => {
    expect(data(twin.ask(name))).toEqual(answers);
  });

  it.each(['x.real.apps.weave.local', 'x.er.apps.weave.local', 'x.y.weave.local'])(
    'do not stand for %s, whose closest encloser is another (RFC 4592)',
    (name) => {
      expect(twin.ask(name).rcode).toBe('NXDOMAIN');
    },
  );

  it('give no data of other types, and nothing to the name above', () => {
    expect(twin.ask('x.apps.weave.local', { type: 'AAAA' })).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(twin.ask('er.apps.weave.local')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(twin.ask('apps.weave.local')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it('do not stand for the top-level domains that validating resolvers climb by', async () => {
    const wide = new Twin([fixed('*', '192.0.2.7')]);
    for (const type of ['NS', 'SOA', 43, 48] as const)
      await expect(wide.wait('com', { type })).rejects.toThrow('no reply');
    expect(wide.forwarder.asked).toHaveLength(4);
    expect(data(wide.ask('printer'))).toEqual(['192.0.2.7']);
  });

  it('have no reverse names', async () => {
    await expect(twin.wait('7.2.0.192.in-addr.arpa', { type: 'PTR' })).rejects.toThrow('no reply');
  });

  it('follow changes at once', () => {
    const changing = new Twin([fixed('*.apps', '192.0.2.7')]);
    expect(data(changing.ask('x.apps'.concat('.weave.local')))).toEqual(['192.0.2.7']);
    changing.responder.update([fixed('x.apps', '192.0.2.8')]);
    expect(data(changing.ask('x.apps.weave.local'))).toEqual(['192.0.2.8']);
    changing.responder.update([fixed('*.apps'), fixed('x.apps')]);
    expect(changing.ask('x.apps.weave.local').rcode).toBe('NXDOMAIN');
  });
});

describe('services', () => {
  const ports = [{ port: 80, protocol: 'tcp' as const }];
  const services = [{ service: '_http', protocol: '_tcp', port: 80 }];
  const web = (host: typeof hostA, bridge: typeof bridgeA, at: string, more = {}) =>
    owner(host, container('web', [on(bridge, at)], { services, ports, ...more }));
  const two = entry('web', [web(hostA, bridgeA, '10.1.0.2'), web(hostB, bridgeB, '10.2.0.2', { weight: 5 })]);

  it('have one target for each replica, told apart by host where containers have the same name', () => {
    const reply = new Twin([two]).ask('_http._tcp.web.weave.local', { type: 'SRV' });
    expect(data(reply).sort()).toEqual(['0 1 80 host-a.web.weave.local', '0 5 80 host-b.web.weave.local']);
    expect(reply.additional.sort()).toEqual([
      'host-a.web.weave.local 1 A 10.1.0.2',
      'host-b.web.weave.local 1 A 10.2.0.2',
    ]);
  });

  it('are known by the number of an exposed port too', () => {
    expect(data(new Twin([two]).ask('_80._tcp.web.weave.local', { type: 'SRV' }))).toHaveLength(2);
  });

  it('are told apart by id where one host has several', () => {
    const same = entry('web', [web(hostA, bridgeA, '10.1.0.2'), web(hostA, bridgeA, '10.1.0.3')]);
    const twin = new Twin([same]);
    const targets = data(twin.ask('_http._tcp.web.weave.local', { type: 'SRV' })).map(
      (each) => each.split(' ')[3] ?? '',
    );
    expect(new Set(targets).size).toBe(2);
    for (const target of targets) expect(data(twin.ask(target))).toHaveLength(1);
  });

  it('do not use a name that somebody else has', () => {
    const reply = new Twin([two, fixed('host-a.web', '192.0.2.1')]).ask('_http._tcp.web.weave.local', { type: 'SRV' });
    const targets = data(reply).map((each) => each.split(' ')[3]);
    expect(targets).not.toContain('host-a.web.weave.local');
    expect(reply.additional.every((record) => !record.includes('192.0.2.1'))).toBe(true);
  });

  it('lead to the published port where only the host is reachable', () => {
    const published = [{ port: 80, protocol: 'tcp' as const, hostPort: 8080 }];
    const shadowed = owner(hostB, container('web', [on({ ...bridgeB }, '10.1.0.2')], { services, ports: published }), {
      hostAddress: '192.0.2.22' as Address,
    });
    const reply = new Twin([entry('web', [shadowed])]).ask('_http._tcp.web.weave.local', { type: 'SRV' });
    expect(data(reply)).toEqual(['0 1 8080 web.web.weave.local']);
    expect(reply.additional).toEqual(['web.web.weave.local 1 A 192.0.2.22']);
  });

  it('do not lead to a port that is published for its host alone', () => {
    const port = { port: 80, protocol: 'tcp' as const };
    const published = [
      { ...port, hostPort: 8080, hostAddress: '127.0.0.1' as Address },
      { ...port, hostPort: 8081 },
    ];
    const shadowed = (ports: typeof published) => {
      const record = container('web', [on(bridgeB, '10.1.0.2')], { services, ports });
      return entry('web', [owner(hostB, record, { hostAddress: '192.0.2.22' as Address })]);
    };
    const [both, alone] = [new Twin([shadowed(published)]), new Twin([shadowed(published.slice(0, 1))])];
    expect([data(both.ask('web')), data(alone.ask('web'))]).toEqual([['192.0.2.22'], []]);
    const services80 = (twin: Twin) => data(twin.ask('_http._tcp.web.weave.local', { type: 'SRV' }));
    expect([services80(both), services80(alone)]).toEqual([['0 1 8081 web.web.weave.local'], []]);
  });

  it('have weights in their proportions, also where they are no whole numbers', () => {
    const owners = [web(hostA, bridgeA, '10.1.0.2'), web(hostB, bridgeB, '10.2.0.2', { weight: 0.25 })];
    const reply = new Twin([entry('web', owners)]).ask('_http._tcp.web.weave.local', { type: 'SRV' });
    expect(data(reply).map((each) => each.split(' ')[1])).toEqual(['100', '25']);
  });

  it('lead to names that are no longer than names may be', () => {
    const label = 'x'.repeat(60);
    const seeds = (name: string) => {
      const record = container('c'.repeat(60), [on(bridgeB, '10.2.0.2')], { services });
      const twin = new Twin([entry(name, [owner(hostB, record)])]);
      return data(twin.ask(`_http._tcp.${name}.weave.local`, { type: 'SRV' }));
    };
    expect(seeds(`${label}.${label}.${label}`)).toEqual([`0 1 80 host-b.${label}.${label}.${label}.weave.local`]);
    expect(seeds(`${label}.${label}.${label}.${'y'.repeat(45)}`)).toEqual([]);
  });

  it('may be made by hand, beside those of containers', () => {
    const byHand = made('_http._tcp.web', { type: 'srv', priority: 10, weight: 7, port: 81, target: 'backup' });
    const twin = new Twin([two, entry('_http._tcp.web', [], [byHand]), fixed('backup', '192.0.2.8')]);
    const reply = twin.ask('_http._tcp.web.weave.local', { type: 'SRV' });
    expect(data(reply)).toHaveLength(3);
    expect(reply.additional).toContain('backup.weave.local 1 A 192.0.2.8');
  });

  it('are empty for other types, and the name above them is too', () => {
    const twin = new Twin([two]);
    expect(twin.ask('_http._tcp.web.weave.local')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(twin.ask('_tcp.web.weave.local')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(twin.ask('_udp.web.weave.local').rcode).toBe('NXDOMAIN');
    expect(twin.ask('_smtp._tcp.web.weave.local').rcode).toBe('NXDOMAIN');
  });

  it('count all records beside them, OPT with them', () => {
    const owners = Array.from({ length: 255 }, (_, index) => web(hostB, bridgeB, `10.2.1.${index}`));
    const twin = new Twin([entry('web', owners)]);
    const terms = { type: 'SRV', transport: 'tcp', payload: 1232 } as const;
    const reply = twin.ask('_http._tcp.web.weave.local', terms);
    expect([reply.answers.length, reply.additional.length, reply.opt?.payload]).toEqual([255, 255, 1232]);
  });

  it('leave alone what operators put at their very name, before and after a container offers them', () => {
    const twin = new Twin([entry('_http._tcp.web', [], [made('_http._tcp.web', address('192.0.2.7'))])]);
    const seen = () => data(twin.ask('_http._tcp.web.weave.local'));
    const before = seen();
    twin.responder.update([two]);
    const kept = seen();
    twin.responder.setNetworks([bridgeA]);
    expect([before, kept, seen()]).toEqual([['192.0.2.7'], ['192.0.2.7'], ['192.0.2.7']]);
  });

  it('keep their records when the addresses beside them do not fit', () => {
    const owners = Array.from({ length: 10 }, (_, index) => web(hostB, bridgeB, `10.2.0.${index + 1}`));
    const twin = new Twin([entry('web', owners)]);
    const reply = twin.ask('_http._tcp.web.weave.local', { type: 'SRV', payload: 800 });
    expect(reply.flags).not.toContain('tc');
    expect(reply.answers).toHaveLength(10);
    expect(reply.additional.length).toBeLessThan(10);
  });
});

describe('texts', () => {
  it('are what was set on purpose', () => {
    const twin = new Twin([
      entry('db', [], [made('db', { type: 'txt', text: 'replicaSet=rs0' }), made('db', address('192.0.2.7'))]),
    ]);
    expect(data(twin.ask('db', { type: 'TXT' }))).toEqual(['"replicaSet=rs0"']);
    expect(data(twin.ask('db'))).toEqual(['192.0.2.7']);
  });

  it('are cut into strings of 255 octets at most, between characters', () => {
    const text = `${'a'.repeat(254)}${'é'.repeat(100)}`;
    const [answer = ''] = data(
      new Twin([entry('t', [], [made('t', { type: 'txt', text })])]).ask('t', { type: 'TXT', transport: 'tcp' }),
    );
    const strings: string[] = JSON.parse(`[${answer.replaceAll('" "', '","')}]`);
    expect(strings.join('')).toBe(text);
    expect(Math.max(...strings.map((each) => Buffer.byteLength(each)))).toBeLessThanOrEqual(255);
  });
});

describe('localhost', () => {
  it('is the asker itself, and so is whatever is below it (RFC 6761 section 6.3)', () => {
    const twin = new Twin();
    for (const name of ['localhost', 'app.localhost']) {
      expect(data(twin.ask(name))).toEqual(['127.0.0.1']);
      expect(data(twin.ask(name, { type: 'AAAA' }))).toEqual(['::1']);
      expect(twin.ask(name, { type: 'TXT' })).toMatchObject({ rcode: 'NOERROR', answers: [] });
    }
    expect(twin.forwarder.asked).toEqual([]);
  });

  it('is a container of that name while there is one', () => {
    const twin = new Twin();
    expect(data(twin.ask('localhost'))).toEqual(['127.0.0.1']);
    twin.responder.update([fixed('localhost', '192.0.2.7')]);
    expect(data(twin.ask('localhost'))).toEqual(['192.0.2.7']);
    twin.responder.update([entry('localhost', [])]);
    expect(data(twin.ask('localhost'))).toEqual(['127.0.0.1']);
  });

  it('has below it no name of ours that is spelt alike: a service of a Compose project called so', () => {
    const twin = new Twin([fixed('app.localhost', '192.0.2.7')]);
    expect(data(twin.ask('app.localhost'))).toEqual(['127.0.0.1']);
    expect(data(twin.ask('app.localhost.weave.local'))).toEqual(['192.0.2.7']);
  });

  it('is nobody inside the domain', () => {
    expect(new Twin().ask('localhost.weave.local').rcode).toBe('NXDOMAIN');
  });
});

describe('reverse names', () => {
  it('have every name of an address, the container’s own first', () => {
    const record = container('node0', [on(bridgeA, '10.1.0.2')]);
    const names = ['alpha', 'node0', 'zeta'].map((name) => entry(name, [owner(hostA, record)]));
    expect(data(new Twin(names).ask('2.0.1.10.in-addr.arpa', { type: 'PTR' }))).toEqual([
      'node0.weave.local',
      'alpha.weave.local',
      'zeta.weave.local',
    ]);
  });

  it('are those of the container that the asker would reach', () => {
    const same = { ...bridgeB, subnets: bridgeA.subnets };
    const here = entry('here', [owner(hostA, container('here', [on(bridgeA, '10.1.0.2')]))]);
    const there = entry('there', [owner(hostB, container('there', [on(same, '10.1.0.2')]))]);
    expect(data(new Twin([here, there]).ask('2.0.1.10.in-addr.arpa', { type: 'PTR' }))).toEqual(['here.weave.local']);
  });

  it('of strangers are forwarded', async () => {
    const twin = new Twin();
    await expect(twin.wait('1.100.51.198.in-addr.arpa', { type: 'PTR' })).rejects.toThrow('no reply');
    expect(twin.forwarder.asked).toHaveLength(1);
  });
});
