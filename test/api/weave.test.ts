import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiAgent } from '../support/api-agent.ts';
import { host1, host2, host3, hostView, owner } from '../support/control-twin.ts';

let agent: ApiAgent;

beforeEach(async () => {
  agent = await ApiAgent.start();
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
});

const form = { 'content-type': 'application/x-www-form-urlencoded' };

function twoHosts(): void {
  const { control } = agent;
  control.hostViews = [
    hostView(host1, 'host1', { status: 'self', records: 1 }),
    hostView(host2, 'host2', { status: 'quiet', records: 1, heardMsAgo: 12_000 }),
  ];
  control.linkViews = [
    { peer: host2, address: '192.0.2.2:6783', outbound: true, state: 'established', rttMs: 0.42 },
    { address: '192.0.2.3:6783', outbound: true, state: 'retrying', error: 'nobody listens there', nextRetryMs: 1_500 },
    { address: '192.0.2.4:41000', outbound: false, state: 'refused', error: 'the secrets differ' },
  ];
}

describe("weave's texts", () => {
  it.each([
    ['/domain', 'weave.local.'],
    ['/dns-address-port', '172.17.0.1:53'],
    ['/dns-address', '172.17.0.1'],
  ])('%s is %s', async (path, text) => {
    const reply = await agent.ask('GET', path);
    expect(reply).toMatchObject({ status: 200, text });
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('name an IPv6 name server without its brackets', async () => {
    agent.control.dnsView = { listen: ['[2001:db8::1]:53'], ttlSeconds: 1, upstreams: [], queries: 0 };
    expect((await agent.ask('GET', '/dns-address')).text).toBe('2001:db8::1');
  });

  it('say why there is no name server', async () => {
    agent.control.dnsView = undefined;
    const why = async () => (await agent.ask('GET', '/dns-address')).json;
    expect(await why()).toMatchObject({
      status: 404,
      detail: expect.stringMatching(/: it was started with --no-dns$/),
    });
    expect((await agent.ask('GET', '/status/dns')).text).toBe('');
    agent.control.dnsView = { listen: [], ttlSeconds: 1, upstreams: [], queries: 0 };
    agent.control.readinessView = { ready: false, reasons: ['the agent is starting'] };
    expect(await why()).toMatchObject({ status: 404, detail: expect.stringMatching(/: the agent is starting$/) });
  });

  it('/status has a block for each service, 503 until ready', async () => {
    twoHosts();
    agent.control.own('web', owner('web', '172.17.0.2'));
    agent.control.readinessView = { ready: false, reasons: ['not yet'] };
    const reply = await agent.ask('GET', '/status');
    expect(reply.status).toBe(503);
    expect(reply.text).toBe(`        Version: 0.1.0

        Service: router
       Protocol: weft 1
           Name: TESTHOST1(host1)
     Encryption: enabled
  PeerDiscovery: enabled
        Targets: 2
    Connections: 3 (1 established, 1 retrying, 1 failed)
          Peers: 2 (with 2 established, 2 pending connections)
 TrustedSubnets: none

        Service: dns
         Domain: weave.local.
       Upstream: 192.0.2.53
            TTL: 1
        Entries: 1
        Address: 172.17.0.1:53

        Service: engine
         Engine: docker 20.10.24
     Containers: 0
`);
  });

  it('/status and /report say "disabled" and false where no secret keeps strangers out', async () => {
    agent.control.isEncrypted = false;
    expect((await agent.ask('GET', '/status')).text).toContain('\n     Encryption: disabled\n');
    expect((await agent.ask('GET', '/report')).json).toMatchObject({ Router: { Encryption: false } });
  });

  it('/status/dns has a line for each address', async () => {
    agent.control.own('one', owner('one', '10.32.0.1', { id: 'eebd81120ee4'.padEnd(64, '0') }));
    await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7'], txt: ['not shown'] } });
    expect((await agent.ask('GET', '/status/dns')).text).toBe(
      `db           192.0.2.7       weave:extern host1\none          10.32.0.1       eebd81120ee4 host1\n`,
    );
  });

  it('/status/peers and /status/connections and /status/targets show the mesh', async () => {
    twoHosts();
    expect((await agent.ask('GET', '/status/peers')).text).toBe(`TESTHOST1(host1)
   -> 192.0.2.2:6783        TESTHOST2(host2)                      established
   -> 192.0.2.3:6783        ()                                    pending
   <- 192.0.2.4:41000       ()                                    pending
TESTHOST2(host2) quiet
   <- 192.0.2.1:6783        TESTHOST1(host1)                      established
`);
    expect(
      (await agent.ask('GET', '/status/connections')).text,
    ).toBe(`-> 192.0.2.2:6783        established encrypted   TESTHOST2(host2) rtt=0.4ms
-> 192.0.2.3:6783        retrying    nobody listens there, retry: in 2s
<- 192.0.2.4:41000       failed      the secrets differ
`);
    expect((await agent.ask('GET', '/status/targets')).text).toBe('192.0.2.2:6783\n192.0.2.3:6783\n');
  });

  it('/status/peers has the links between others at both their ends', async () => {
    const { control } = agent;
    const at = (name: string) => {
      const record = { name, version: '0.1.0', meshAddresses: [`${name}:6783`], networks: [], startedAt: 0 };
      return { record };
    };
    control.hostViews = [
      hostView(host1, '', { status: 'self', ...at('192.0.2.1') }),
      hostView(host2, '', at('192.0.2.2')),
      hostView(host3, '', at('192.0.2.3')),
    ];
    control.linkViews = [{ peer: host2, address: '192.0.2.2:41000', outbound: false, state: 'established' }];
    control.linksOfOthers = [
      { from: host2, to: host1 },
      { from: host3, to: host2 },
    ];
    expect((await agent.ask('GET', '/status/peers')).text).toBe(`TESTHOST1(192.0.2.1)
   <- 192.0.2.2:41000       TESTHOST2(192.0.2.2)                  established
TESTHOST2(192.0.2.2)
   -> 192.0.2.1:6783        TESTHOST1(192.0.2.1)                  established
   <- 192.0.2.3:6783        TESTHOST3(192.0.2.3)                  established
TESTHOST3(192.0.2.3)
   -> 192.0.2.2:6783        TESTHOST2(192.0.2.2)                  established
`);
    expect((await agent.ask('GET', '/v1/links')).json).toMatchObject({ elsewhere: control.linksOfOthers });
    expect((await agent.ask('GET', '/status')).text).toContain('Peers: 3 (with 4 established connections)\n');
  });

  it('/report is JSON, or what a template picks', async () => {
    expect((await agent.ask('GET', '/report')).json).toMatchObject({ Ready: true, Version: '0.1.0', IPAM: null });
    const template = encodeURIComponent('{{json .DNS}}');
    expect((await agent.ask('GET', `/report?format=${template}`)).text).toBe(
      '{"Domain":"weave.local.","Upstream":["192.0.2.53"],"Address":"172.17.0.1:53","TTL":1,"Entries":null}',
    );
    expect((await agent.ask('GET', '/report?format=%7B%7B.Nope%7D%7D')).status).toBe(400);
  });

  it('/name lists entries, or null', async () => {
    expect((await agent.ask('GET', '/name')).text).toBe('null');
    agent.control.own('web', owner('web', '172.17.0.2'));
    expect((await agent.ask('GET', '/name')).json).toMatchObject([
      { Hostname: 'web.weave.local.', Addr: '172.17.0.2', Tombstone: 0 },
    ]);
  });
});

describe("weave's verbs", () => {
  const names = () =>
    agent.control.statics.map(({ name, data }) => `${name} ${data.type === 'address' ? data.address : data.type}`);

  it('add an address to a name, by query or by form', async () => {
    expect((await agent.ask('PUT', '/name/weave:extern/192.0.2.7?fqdn=db.weave.local')).status).toBe(204);
    const byForm = { body: 'fqdn=DB.weave.local.', headers: form };
    expect((await agent.ask('PUT', '/name/c1/2001:db8::7', byForm)).status).toBe(204);
    expect(names()).toEqual(['db 192.0.2.7', 'db 2001:db8::7']);
  });

  it.each([
    ['/name/c1/nonsense?fqdn=db.weave.local', 'address "nonsense" must be'],
    ['/name/c1/192.0.2.7?fqdn=db.example', 'name "db.example." must end in .weave.local'],
    ['/name/c1/192.0.2.7', 'give fqdn, a name below weave.local'],
  ])('say what is wrong with %s, where weave ignored it', async (path, detail) => {
    expect(await agent.ask('PUT', path)).toMatchObject({
      status: 400,
      json: { detail: expect.stringContaining(detail) },
    });
    expect(names()).toEqual([]);
  });

  it('say in a header what is wrong although it was done, so that scripts which print replies find none', async () => {
    const path = '/name/c1/192.0.2.7?fqdn=db.weave.local';
    expect((await agent.ask('PUT', path)).headers).not.toHaveProperty('weft-warning');
    agent.control.unkeptView = 'the disk is full: 50% of /dätä';
    for (const [verb, at, status] of [
      ['PUT', path, 204],
      ['DELETE', '/name/c1', 204],
      ['POST', '/connect?peer=192.0.2.5', 200],
      ['POST', '/forget?peer=192.0.2.5', 200],
    ] as const)
      expect(await agent.ask(verb, at)).toMatchObject({
        status,
        text: '',
        headers: { 'weft-warning': 'this host cannot keep it on disk: the disk is full: 50%25 of /d%C3%A4t%C3%A4' },
      });
    expect(names()).toEqual(['db 192.0.2.7']);
  });

  it('check that the container is alive when asked to', async () => {
    const path = '/name/web/192.0.2.7?fqdn=db.weave.local&check-alive=true';
    expect((await agent.ask('PUT', path)).status).toBe(204);
    expect(names()).toEqual([]);
    agent.control.own('web', owner('web', '172.17.0.2'));
    await agent.ask('PUT', path);
    expect(names()).toEqual(['db 192.0.2.7']);
  });

  it('remove by address, by name, by container, and what was made here', async () => {
    agent.control.own('web', owner('web', '172.17.0.2'));
    for (const [ip, fqdn] of [
      ['192.0.2.7', 'a'],
      ['192.0.2.7', 'b'],
      ['192.0.2.8', 'b'],
      ['172.17.0.2', 'c'],
      ['192.0.2.9', 'd'],
    ])
      await agent.ask('PUT', `/name/weave:extern/${ip}?fqdn=${fqdn}.weave.local`);
    await agent.ask('DELETE', '/name/weave:extern/192.0.2.7?fqdn=b.weave.local');
    expect(names()).toEqual(['a 192.0.2.7', 'b 192.0.2.8', 'c 172.17.0.2', 'd 192.0.2.9']);
    await agent.ask('DELETE', '/name/weave:extern/192.0.2.8');
    expect(names()).toEqual(['a 192.0.2.7', 'c 172.17.0.2', 'd 192.0.2.9']);
    await agent.ask('DELETE', '/name/web');
    expect(names()).toEqual(['a 192.0.2.7', 'd 192.0.2.9']);
    await agent.ask('DELETE', '/name/*/*?fqdn=d.weave.local');
    expect(names()).toEqual(['a 192.0.2.7']);
    expect((await agent.ask('DELETE', '/name')).status).toBe(204);
    expect(names()).toEqual([]);
    expect((await agent.ask('DELETE', '/name/c1/nonsense')).status).toBe(400);
  });

  it('remove by the name of a container, and not what another has whose id begins so', async () => {
    agent.control.own('cafe', owner('cafe', '172.17.0.10'));
    agent.control.own('cache', owner('cache', '172.17.0.11', { id: 'cafe77'.padEnd(64, '7') }));
    agent.control.own('log', owner('log', '172.17.0.12', { id: 'cafe78'.padEnd(64, '7') }));
    for (const end of [10, 11, 12]) await agent.ask('PUT', `/name/any/172.17.0.${end}?fqdn=a.weave.local`);
    expect((await agent.ask('DELETE', '/name/cafe')).status).toBe(204);
    expect(names()).toEqual(['a 172.17.0.11', 'a 172.17.0.12']);
    expect(await agent.ask('DELETE', '/name/cafe7')).toMatchObject({
      status: 400,
      json: { detail: 'the ids of 2 containers begin with "cafe7": give more of it' },
    });
    expect((await agent.ask('DELETE', '/name/cafe77')).status).toBe(204);
    expect(names()).toEqual(['a 172.17.0.12']);
  });

  it('connect and forget peers, and replace those that are dialled', async () => {
    twoHosts();
    expect(await agent.ask('POST', '/connect?peer=192.0.2.5&peer=192.0.2.6')).toMatchObject({ status: 200, text: '' });
    await agent.ask('POST', '/connect', { body: 'peer=192.0.2.3%3A6783&replace=true', headers: form });
    await agent.ask('POST', '/forget', { body: 'peer=192.0.2.5', headers: form });
    expect(agent.control.asked).toEqual([
      'connect 192.0.2.5',
      'connect 192.0.2.6',
      'connect 192.0.2.3:6783',
      'forget 192.0.2.2:6783',
      'forget 192.0.2.5',
    ]);
    agent.control.linkViews = [{ address: 'nobody', outbound: true, state: 'established', sinceMs: 1 }];
    expect((await agent.ask('POST', '/connect?peer=192.0.2.3&replace=true')).status).toBe(200);
    expect(await agent.ask('POST', '/connect?peer=a%20b')).toMatchObject({
      status: 400,
      json: { detail: 'invalid peer name "a b", should be host[:port]' },
    });
  });
});
