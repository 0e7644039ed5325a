import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiAgent } from '../support/api-agent.ts';
import { host2, noon, owner } from '../support/control-twin.ts';

let agent: ApiAgent;

beforeEach(async () => {
  agent = await ApiAgent.start();
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
});

describe('records over HTTP', () => {
  it('are listed by name, containers before static records, with all that is known of them', async () => {
    agent.control.own('web', owner('web', '172.17.0.2', { ttlSeconds: 5 }));
    await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7', '2001:db8::7'], ttl: 9 } });
    const { json } = await agent.ask('GET', '/v1/records');
    const made = { name: 'db', fullName: 'db.weave.local', source: 'static', state: 'static' };
    const static9 = { ...made, host: { name: 'host1' }, ttlSeconds: 9, since: noon };
    expect(json).toEqual({
      revision: 2,
      domains: ['weave.local'],
      records: [
        { ...static9, type: 'A', data: '192.0.2.7' },
        { ...static9, type: 'AAAA', data: '2001:db8::7' },
        {
          name: 'web',
          fullName: 'web.weave.local',
          type: 'A',
          data: '172.17.0.2',
          source: 'container',
          state: 'running',
          container: { id: expect.stringMatching(/^web-1721702/), name: 'web', image: 'busybox:1' },
          host: { id: 'TESTHOST1', name: 'host1', status: 'self' },
          network: 'bridge',
          ttlSeconds: 5,
          since: noon - 90_000,
        },
      ],
    });
  });

  it.each([
    [{}, 'running'],
    [{ hostStatus: 'alive', health: 'healthy' }, 'running'],
    [{ hostStatus: 'quiet', state: 'paused' }, 'quiet'],
    [{ hostStatus: 'restarting' }, 'restarting'],
    [{ hostStatus: 'stale' }, 'stale'],
    [{ unwatched: true, state: 'draining' }, 'unwatched'],
    [{ state: 'draining', health: 'unhealthy' }, 'draining'],
    [{ state: 'paused' }, 'paused'],
    [{ health: 'unhealthy' }, 'unhealthy'],
    [{ health: 'starting' }, 'starting'],
  ] as const)('say of a container with %j that it is %s', async (what, state) => {
    agent.control.own('web', owner('web', '172.17.0.2', what));
    const { json } = await agent.ask('GET', '/v1/names/web');
    expect(json).toMatchObject({ records: [{ state }] });
  });

  it('have no address, and no network, for a container without any', async () => {
    const hostAddress = owner('', '192.0.2.1').container.addresses[0]?.address;
    agent.control.own('web', { ...owner('web', ''), ...(hostAddress && { hostAddress }) });
    const { json } = await agent.ask('GET', '/v1/names/web');
    expect(json).toMatchObject({ records: [{ type: 'A', data: '' }] });
    expect(json).not.toMatchObject({ records: [{ network: expect.anything() }] });
  });

  it('say why this host never answers with an address', async () => {
    agent.control.own('web', owner('web', '172.17.0.2', { host: host2, hostName: 'host2', hostStatus: 'alive' }));
    agent.control.shadowed.set('172.17.0.2', 'its subnet is another network here');
    const { json } = await agent.ask('GET', '/v1/names/WEB.weave.local.');
    expect(json).toMatchObject({
      fullName: 'web.weave.local',
      records: [{ shadowed: 'its subnet is another network here' }],
    });
  });

  it('of a name that nobody has are a 404', async () => {
    expect(await agent.ask('GET', '/v1/names/nobody')).toMatchObject({
      status: 404,
      json: { detail: 'nobody has the name nobody.weave.local' },
    });
  });
});

describe('answers over HTTP', () => {
  it('are what this host, or another asker, gets for each name, in the order asked for', async () => {
    const record = { type: 'A', data: '172.17.0.2', answered: true, reason: 'it runs', source: 'host1' };
    agent.control.explanation = { asker: 'this host', outcome: 'answers 1 of 1 address', records: [record] };
    const answer = { outcome: 'answers 1 of 1 address', records: [record] };
    expect((await agent.ask('GET', '/v1/answers?name=WEB&name=db.weave.local')).json).toEqual({
      answers: [
        { name: 'web', fullName: 'web.weave.local', ...answer },
        { name: 'db', fullName: 'db.weave.local', ...answer },
      ],
    });
    expect((await agent.ask('GET', '/v1/answers?name=web&from=172.17.0.3')).json).toMatchObject({ answers: [answer] });
    expect(agent.control.asked).toEqual([
      'explain web from this host',
      'explain db from this host',
      'explain web from 172.17.0.3',
    ]);
  });

  it.each(['', '?name=a..b', '?name=web&from=nonsense', `?${'name=web&'.repeat(101)}`])(
    'are not there for "%s"',
    async (query) => {
      expect((await agent.ask('GET', `/v1/answers${query}`)).status).toBe(400);
    },
  );
});

describe('static records over HTTP', () => {
  it('are added as often as they are put, once', async () => {
    for (let times = 0; times < 2; times++) {
      const reply = await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7', '192.0.2.7'] } });
      expect(reply).toMatchObject({
        status: 200,
        json: { fullName: 'db.weave.local', records: [{ data: '192.0.2.7' }] },
      });
    }
    expect(agent.control.statics).toEqual([
      { name: 'db', data: { type: 'address', address: '192.0.2.7' }, madeOn: 'host1', madeAt: noon },
    ]);
  });

  it('replace others only when asked to', async () => {
    await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7'] } });
    await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.8'] } });
    expect(addressesOf('db')).toEqual(['192.0.2.7', '192.0.2.8']);
    const reply = await agent.ask('PUT', '/v1/static/db?replace=true', {
      body: { addresses: ['192.0.2.8', '192.0.2.9'] },
    });
    expect(reply.json).toMatchObject({ removed: [{ data: '192.0.2.7' }] });
    expect(addressesOf('db')).toEqual(['192.0.2.8', '192.0.2.9']);
  });

  it('may be services, texts, aliases and wildcards; a single label as a target is one of ours', async () => {
    await agent.ask('PUT', '/v1/static/_mongodb._tcp.db', { body: { srv: [{ port: 27_017, target: 'node0' }] } });
    await agent.ask('PUT', '/v1/static/info', { body: { txt: ['a "b"'] } });
    await agent.ask('PUT', '/v1/static/www', { body: { cname: 'Shop.Example.' } });
    await agent.ask('PUT', '/v1/static/*.apps', { body: { addresses: ['192.0.2.9'] } });
    const { json } = await agent.ask('GET', '/v1/records');
    expect(json).toMatchObject({
      records: [
        { name: '*.apps', type: 'A', data: '192.0.2.9' },
        { name: '_mongodb._tcp.db', type: 'SRV', data: '0 0 27017 node0.weave.local.' },
        { name: 'info', type: 'TXT', data: '"a \\"b\\""' },
        { name: 'www', type: 'CNAME', data: 'shop.example.' },
      ],
    });
  });

  it('may be texts longer than one string of DNS, such as the keys of DKIM', async () => {
    const txt = [`v=DKIM1; p=${'A'.repeat(736)}`];
    expect((await agent.ask('PUT', '/v1/static/s1._domainkey', { body: { txt } })).status).toBe(200);
    expect(agent.control.statics.map(({ data }) => data)).toEqual([{ type: 'txt', text: txt[0] }]);
  });

  it('are not taken from a form, and it is said how JSON is sent', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = ' {"addresses": ["192.0.2.7"]}';
    expect((await agent.ask('PUT', '/v1/static/db', { body, headers })).json).toMatchObject({
      status: 415,
      detail: 'the body is JSON and called a form: send it with content-type: application/json',
    });
  });

  it('are removed by address or all at once', async () => {
    await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7', '192.0.2.8', '2001:db8::7'] } });
    const one = await agent.ask('DELETE', '/v1/static/db/2001:DB8::7');
    expect(one).toMatchObject({ status: 200, json: { removed: [{ data: '2001:db8::7' }] } });
    const rest = await agent.ask('DELETE', '/v1/static/db');
    expect(rest).toMatchObject({ json: { removed: [{ data: '192.0.2.7' }, { data: '192.0.2.8' }] } });
    expect(agent.control.statics).toEqual([]);
  });

  it('that are not there cannot be removed, and a container’s cannot either', async () => {
    agent.control.own('web', owner('web', '172.17.0.2'));
    expect((await agent.ask('DELETE', '/v1/static/db/192.0.2.7')).json).toMatchObject({
      status: 404,
      detail: 'there is no static record of db.weave.local with 192.0.2.7',
    });
    expect((await agent.ask('DELETE', '/v1/static/web')).json).toMatchObject({
      status: 404,
      detail: "there is no static record of web.weave.local; its addresses are containers' and go when those stop",
    });
  });

  it('are refused, with what to do about it, where the mesh has no room for them', async () => {
    agent.control.isFull = true;
    const reply = await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7'] } });
    expect(reply.json).toMatchObject({ status: 409, detail: expect.stringMatching(/take all the room/) });
  });

  it('keep an alias alone', async () => {
    await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7'] } });
    expect((await agent.ask('PUT', '/v1/static/db', { body: { cname: 'x.example' } })).json).toMatchObject({
      status: 409,
      detail:
        'name "db" has other records, and an alias must be alone (RFC 1034 section 3.6.2); remove what it has or use replace',
    });
    agent.control.own('web', owner('web', '172.17.0.2'));
    expect(
      (await agent.ask('PUT', '/v1/static/web?replace=true', { body: { cname: 'x.example' } })).json,
    ).toMatchObject({
      status: 409,
      detail: `name "web" is a container's, and an alias must be alone (RFC 1034 section 3.6.2); take another name`,
    });
    agent.control.own('web');
    await agent.ask('PUT', '/v1/static/db?replace=true', { body: { cname: 'x.example' } });
    expect((await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7'] } })).status).toBe(409);
    expect((await agent.ask('PUT', '/v1/static/db', { body: { cname: 'x.example' } })).status).toBe(200);
  });

  it.each([
    ['d..b', { addresses: ['192.0.2.7'] }, 'name "d..b" has an empty label (two dots, or one at the start)'],
    ['db.example.', { addresses: ['192.0.2.7'] }, 'name "db.example." must end in .weave.local'],
    [
      'a b',
      { addresses: ['192.0.2.7'] },
      'name "a b" has the label "a b": only letters, digits, "_" and inner "-" are allowed',
    ],
    ['weave.local', { addresses: ['192.0.2.7'] }, 'name "weave.local" is the domain itself; put a label before it'],
    [
      'db',
      { addresses: ['192.0.2'] },
      'address "192.0.2" must be an IPv4 address such as 192.0.2.7 or an IPv6 address such as 2001:db8::7',
    ],
    ['db', {}, 'body: must have addresses, cname, srv or txt, such as {"addresses": ["192.0.2.7"]}'],
    ['x'.repeat(301), { addresses: ['192.0.2.7'] }, 'params.name: must have at most 300 characters'],
    ['db', { cname: '' }, 'body.cname: must not be empty'],
    ['db', { txt: ['x'.repeat(2_049)] }, 'body.txt.0: must have at most 2048 characters'],
    ['db', { adresses: ['192.0.2.7'] }, 'body: Unrecognized key: "adresses"'],
    ['db', { addresses: ['192.0.2.7'], ttl: -1 }, 'body.ttl: Too small: expected number to be >=0'],
    ['db', { addresses: ['192.0.2.7'], ttl: '5' }, 'body.ttl: Invalid input: expected number, received string'],
    ['db', { addresses: [] }, 'body.addresses: Too small: expected array to have >=1 items'],
    [
      'db',
      { cname: 'a.example', txt: ['b'] },
      'body: must have nothing beside cname: an alias has no other data (RFC 1034 section 3.6.2)',
    ],
    ['db', { cname: 'a..example' }, 'name "a..example" has an empty label (two dots, or one at the start)'],
    ['db', '[', "Body is not valid JSON but content-type is set to 'application/json'"],
    ['x'.repeat(500), { addresses: ['192.0.2.7'] }, expect.any(String)],
  ])('refuse %j with %j', async (name, body, detail) => {
    const reply = await agent.ask('PUT', `/v1/static/${encodeURIComponent(name)}`, { body });
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(reply.json).toMatchObject({ type: 'about:blank', detail });
    expect([400, 404, 414]).toContain(reply.status);
    expect(agent.control.statics).toEqual([]);
  });

  it('refuse a body that is too large', async () => {
    const addresses = Array.from({ length: 5_000 }, (_, index) => `2001:db8::${index.toString(16)}`);
    expect((await agent.ask('PUT', '/v1/static/db', { body: { addresses } })).json).toMatchObject({ status: 413 });
  });
});

function addressesOf(name: string): string[] {
  return agent.control.statics.flatMap((record) =>
    record.name === name && record.data.type === 'address' ? [record.data.address] : [],
  );
}
