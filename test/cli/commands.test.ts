import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Address, NetworkKey } from '../../src/record.ts';
import { refused } from '../../src/result.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { weft as run } from '../support/cli-run.ts';
import { host1, host2, hostView, noon, owner } from '../support/control-twin.ts';

let agent: ApiAgent;
const weft = (...words: string[]) => run(agent, words);

beforeEach(async () => {
  agent = await ApiAgent.start();
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
});

describe('weft ls', () => {
  beforeEach(() => {
    const { control } = agent;
    const elsewhere = { host: host2, hostName: 'host2' } as const;
    control.own(
      'web',
      owner('web-1', '172.17.0.2'),
      owner('web-2', '172.18.0.2', { ...elsewhere, hostStatus: 'quiet' }),
    );
    control.own(
      'app',
      owner('app', '172.17.0.2', { ...elsewhere, hostStatus: 'alive', health: 'unhealthy', image: 'app:2' }),
    );
    control.shadowed.set('172.18.0.2', 'its subnet is another network here');
  });

  it('shows every record in a table', async () => {
    await weft('add', 'db', '192.0.2.7', '2001:db8::7');
    await weft('add', 'www', '--cname', 'shop.example');
    expect(await weft('ls')).toEqual({
      code: 0,
      err: '',
      out: `NAME  ADDRESS              CONTAINER  IMAGE      HOST   NETWORK  STATE            AGE
app   172.17.0.2           app        app:2      host2  bridge   unhealthy        61m
db    192.0.2.7            -          -          host1  -        static           60m
db    2001:db8::7          -          -          host1  -        static           60m
web   172.17.0.2           web-1      busybox:1  host1  bridge   running          61m
web   172.18.0.2           web-2      busybox:1  host2  bridge   quiet, shadowed  61m
www   CNAME shop.example.  -          -          host1  -        static           60m
`,
    });
  });

  it.each([
    [['web'], ['web-1', 'web-2']],
    [['web.weave.local.'], ['web-1', 'web-2']],
    [
      ['--host', 'host2'],
      ['app', 'web-2'],
    ],
    [['--host', host2, '--state', 'quiet'], ['web-2']],
    [['web', '--state', 'shadowed'], ['web-2']],
    [['--state', 'unhealthy'], ['app']],
  ])('%j shows only what is asked for', async (words, containers) => {
    const { out } = await weft('ls', ...words, '--json');
    const { records } = JSON.parse(out) as { records: { container: { name: string } }[] };
    expect(records.map(({ container }) => container.name)).toEqual(containers);
  });

  it('shows no name that would steer the terminal', async () => {
    const evil = 'x\u001b]0;gotcha\u0007\n\u009b2Jy';
    agent.control.own('web', owner(evil, '172.17.0.2', { image: evil, hostName: evil }));
    agent.control.hostViews = [hostView(host1, evil, { status: 'self' })];
    const shown = 'x\ufffd]0;gotcha\ufffd\ufffd\ufffd2Jy';
    agent.control.tokenResult = refused(evil);
    expect((await weft('token')).err).not.toMatch(/(?!\n)\p{Cc}/u);
    expect((await weft('ls')).out).toContain(`web   172.17.0.2  ${shown}  ${shown}  ${shown}  bridge`);
    for (const words of [
      ['status'],
      ['status', 'peers'],
      ['report', '-f', '{{range .Router.Peers}}{{.NickName}}{{end}}'],
    ])
      expect((await weft(...words)).out).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it('shows the beginning of a long text, and all of it as JSON', async () => {
    const text = 'v=DKIM1; p='.padEnd(736, 'A');
    const { out } = await weft('add', 'key', '--txt', text);
    expect(out).toBe(`added key.weave.local TXT "${text}"\n`);
    const [, line = ''] = (await weft('ls', 'key')).out.split('\n');
    expect(line).toMatch(/^key {3}TXT "v=DKIM1; p=A+… {2}- /);
    expect(line.length).toBeLessThan(120);
    expect((await weft('ls', 'key', '--json')).out).toContain(text);
  });

  it('takes patterns for names, and types', async () => {
    await weft('add', '*.apps', '192.0.2.8');
    await weft('add', 'info', '--txt', 'a b');
    const names = async (...words: string[]) => {
      const { records } = JSON.parse((await weft('ls', ...words, '--json')).out) as { records: { name: string }[] };
      return [...new Set(records.map(({ name }) => name))];
    };
    expect(await names('*')).toEqual(['*.apps', 'app', 'info', 'web']);
    expect(await names('W*')).toEqual(['web']);
    expect(await names('*p*.weave.local.')).toEqual(['*.apps', 'app']);
    expect(await names('*.apps')).toEqual(['*.apps']);
    expect(await names('--type', 'TXT')).toEqual(['info']);
    expect(await weft('ls', 'x*')).toEqual({ code: 0, out: '', err: 'no record matches\n' });
  });

  it('shows the services that containers offer by label, once for each', async () => {
    const services = [{ service: '_mongodb', protocol: '_tcp', port: 27_017 }];
    const addresses = ['172.17.0.5', '172.19.0.5'].map((address) => ({
      address: address as Address,
      network: 'local:bridge' as NetworkKey,
      networkName: 'bridge',
    }));
    agent.control.own('node0', owner('node0', '172.17.0.5', { services, addresses }));
    expect(
      (await weft('ls', 'node0')).out,
    ).toBe(`NAME                 ADDRESS         CONTAINER  IMAGE      HOST   NETWORK  STATE    AGE
node0                172.17.0.5      node0      busybox:1  host1  bridge   running  61m
_mongodb._tcp.node0  SRV port 27017  node0      busybox:1  host1  bridge   running  61m
node0                172.19.0.5      node0      busybox:1  host1  bridge   running  61m
`);
    const [, ...lines] = (await weft('ls', '--type', 'SRV')).out.trim().split('\n');
    expect(lines).toEqual([expect.stringMatching(/^_mongodb\._tcp\.node0 {2}SRV port 27017 {2}node0 /)]);
  });

  it('says when nothing matches, when nobody has the name, and when it cannot be one', async () => {
    expect(await weft('ls', '--state', 'paused')).toEqual({ code: 0, out: '', err: 'no record matches\n' });
    expect(await weft('ls', 'nobody')).toEqual({ code: 1, out: '', err: 'weft: nobody has the name nobody\n' });
    expect(await weft('ls', 'a..b')).toEqual({
      code: 2,
      out: '',
      err: 'weft: name "a..b" has an empty label (two dots, or one at the start)\n',
    });
    agent.control.owners.clear();
    expect(await weft('ls')).toEqual({ code: 0, out: '', err: 'nothing has a name yet\n' });
  });

  it('names the hosts there are where nobody is the one asked for', async () => {
    agent.control.hostViews = [hostView(host1, 'host1', { status: 'self' }), hostView(host2, 'host2', {})];
    const nobody = { code: 1, out: '', err: 'weft: there is no host "host3"; those there are: host1, host2\n' };
    expect(await weft('ls', '--host', 'host3')).toEqual(nobody);
    expect(await weft('ls', 'web', '--host', 'host3', '--json')).toEqual(nobody);
    agent.control.own('app');
    expect(await weft('ls', 'app*', '--host', 'host2')).toEqual({ code: 0, out: '', err: 'no record matches\n' });
  });

  it('says how to look up an address where a name is meant', async () => {
    expect(await weft('ls', '192.0.2.7')).toEqual({
      code: 1,
      out: '',
      err: 'weft: nobody has the name 192.0.2.7; "weft lookup 192.0.2.7" tells the names of an address\n',
    });
  });
});

describe('weft add and weft rm', () => {
  it('print the full name and each address', async () => {
    expect(await weft('add', 'db', '192.0.2.7')).toEqual({ code: 0, err: '', out: 'added db.weave.local 192.0.2.7\n' });
    expect(await weft('add', 'DB.weave.local', '192.0.2.8', '2001:DB8::7', '--ttl', '5')).toMatchObject({
      out: 'added db.weave.local 192.0.2.8\nadded db.weave.local 2001:db8::7\n',
    });
    expect(agent.control.statics.map(({ ttlSeconds }) => ttlSeconds)).toEqual([undefined, 5, 5]);
    expect(await weft('rm', 'db', '192.0.2.7')).toMatchObject({ code: 0, out: 'removed db.weave.local 192.0.2.7\n' });
    expect(await weft('rm', 'db')).toMatchObject({
      code: 0,
      out: 'removed db.weave.local 192.0.2.8\nremoved db.weave.local 2001:db8::7\n',
    });
    expect(agent.control.statics).toEqual([]);
  });

  it('say once what is wrong although it was done: a disk that takes nothing', async () => {
    agent.control.unkeptView = 'no space left on device';
    const err = 'warning: this host cannot keep it on disk: no space left on device\n';
    expect(await weft('add', 'db', '192.0.2.7')).toMatchObject({
      code: 0,
      err,
      out: 'added db.weave.local 192.0.2.7\n',
    });
    await weft('add', 'db', '192.0.2.8');
    expect(await weft('rm', 'db', '192.0.2.7', '192.0.2.8')).toMatchObject({ code: 0, err });
    const { err: imported } = await run(agent, ['import', 'file'], { files: { file: '192.0.2.7 a\n192.0.2.8 b\n' } });
    expect(imported).toBe(err);
    expect(JSON.parse((await weft('add', 'db', '192.0.2.7', '--json')).out)).toMatchObject({
      warning: err.slice(9, -1),
    });
    expect(await weft('connect', '192.0.2.2')).toEqual({ code: 0, err, out: '' });
    expect(await weft('forget', '192.0.2.2')).toEqual({ code: 0, err, out: '' });
    const words = ['192.0.2.8', '192.0.2.9', '-h', 'www.weave.local'];
    expect(await weft('dns-add', ...words)).toEqual({ code: 0, err, out: '' });
    expect(await weft('dns-remove', ...words)).toEqual({ code: 0, err, out: '' });
  });

  it('show of that warning what a terminal can, also where weave has no words for it', async () => {
    agent.control.unkeptView = '/var/lib/wäft/50%\u001b[2J: the disk is full';
    const { code, err } = await weft('dns-add', '192.0.2.7', '-h', 'db.weave.local');
    expect({ code, err }).toEqual({
      code: 0,
      err: 'warning: this host cannot keep it on disk: /var/lib/wäft/50%\ufffd[2J: the disk is full\n',
    });
  });

  it('replace what was there, and say so', async () => {
    await weft('add', 'db', '192.0.2.7');
    expect(await weft('add', 'db', '192.0.2.8', '--replace')).toMatchObject({
      out: 'added db.weave.local 192.0.2.8\nremoved db.weave.local 192.0.2.7\n',
    });
  });

  it('make services and texts', async () => {
    expect(await weft('add', '_x._tcp.db', '--srv', '27017 node0', '--srv', '1 2 3 a.example.')).toMatchObject({
      out: 'added _x._tcp.db.weave.local SRV 0 0 27017 node0.weave.local.\nadded _x._tcp.db.weave.local SRV 1 2 3 a.example.\n',
    });
    expect((await weft('add', 'info', '--txt', 'a b')).out).toBe('added info.weave.local TXT "a b"\n');
  });

  it.each([
    [['add', 'db'], 'weft: give an address, --cname, --srv or --txt, such as "weft add db 192.0.2.7"\n'],
    [
      ['add', 'db', '192.0.2'],
      'weft: address "192.0.2" must be an IPv4 address such as 192.0.2.7 or an IPv6 address such as 2001:db8::7\n',
    ],
    [
      ['add', 'a b', '192.0.2.7'],
      'weft: name "a b" has the label "a b": only letters, digits, "_" and inner "-" are allowed\n',
    ],
    [['add', 'db.example.', '192.0.2.7'], 'weft: name "db.example." must end in .weave.local\n'],
    [
      ['add', 'db', '192.0.2.7', '--ttl', 'long'],
      'weft: --ttl: "long" must be a whole number of seconds from 0 to 604800\n',
    ],
    [
      ['add', 'db', '192.0.2.7', '--ttl', '999999'],
      'weft: --ttl: "999999" must be a whole number of seconds from 0 to 604800\n',
    ],
    [
      ['add', 'db', '--srv', '27017'],
      'weft: --srv: "27017" must be "PORT TARGET" or "PRIORITY WEIGHT PORT TARGET", such as "27017 node0"\n',
    ],
    [
      ['add', 'db', '--srv', '99999 a'],
      'weft: --srv: "99999 a" must be "PORT TARGET" or "PRIORITY WEIGHT PORT TARGET", such as "27017 node0"\n',
    ],
    [
      ['rm', 'db', 'x'],
      'weft: address "x" must be an IPv4 address such as 192.0.2.7 or an IPv6 address such as 2001:db8::7\n',
    ],
    [['add'], "weft: missing required argument 'name'\n"],
    [['add', 'db', '--tll', '5'], "weft: unknown option '--tll' (Did you mean --ttl?)\n"],
    [['ad', 'db'], "weft: unknown command 'ad' (Did you mean add?)\n"],
    [
      ['ls', '--state', 'dead'],
      expect.stringContaining("option '--state <state>' argument 'dead' is invalid. Allowed choices are running"),
    ],
    [['ls', 'a', 'b'], "weft: too many arguments for 'ls'. Expected 1 argument but got 2: a, b.\n"],
    [
      ['status', 'ipam'],
      expect.stringContaining("'ipam' is invalid for argument 'part'. Allowed choices are dns, peers"),
    ],
    [['explain', 'db', '--from', 'here'], expect.stringContaining('address "here" must be an IPv4 address')],
    [['lookup', 'db', 'AXFR'], 'weft: record type "AXFR" must be one of A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT\n'],
    [['connect'], 'weft: give at least one peer, as host[:port]\n'],
    [['report', '-f', '{{.Nope}}'], expect.stringContaining('there is no field "Nope"; it has Ready')],
  ])('%j is wrong usage, said in one sentence', async (words, err) => {
    expect(await weft(...words)).toEqual({ code: 2, out: '', err });
    expect(agent.control.statics).toEqual([]);
  });

  it('remove what is there and tell of it, where some of it is not', async () => {
    await weft('add', 'db', '192.0.2.7', '192.0.2.8');
    const words = ['rm', 'db', '192.0.2.7', '192.0.2.9', '192.0.2.8'];
    const err = 'weft: there is no static record of db.weave.local with 192.0.2.9\n';
    expect(await weft(...words)).toEqual({
      code: 1,
      out: 'removed db.weave.local 192.0.2.7\nremoved db.weave.local 192.0.2.8\n',
      err,
    });
    await weft('add', 'db', '192.0.2.7');
    const { out, ...ended } = await weft(...words.slice(0, 4), '--json');
    expect(ended).toEqual({ code: 1, err });
    expect(JSON.parse(out)).toMatchObject({ removed: [{ data: '192.0.2.7' }] });
  });

  it('refuse an address in the place of the name', async () => {
    expect(await weft('add', '192.0.2.7', '192.0.2.8')).toEqual({
      code: 2,
      out: '',
      err: 'weft: "192.0.2.7" is an address: give the name first, as in "weft add db 192.0.2.7"\n',
    });
    expect(agent.control.statics).toEqual([]);
  });

  it('fail where there is nothing to remove, or an alias must be alone', async () => {
    expect(await weft('rm', 'db')).toEqual({
      code: 1,
      out: '',
      err: 'weft: there is no static record of db.weave.local\n',
    });
    await weft('add', 'db', '192.0.2.7');
    expect(await weft('add', 'db', '--cname', 'x.example')).toMatchObject({ code: 1 });
  });

  it('print JSON when asked to', async () => {
    expect(JSON.parse((await weft('add', 'db', '192.0.2.7', '--json')).out)).toMatchObject({
      fullName: 'db.weave.local',
    });
    expect(JSON.parse((await weft('rm', 'db', '--json')).out)).toMatchObject({ removed: [{ data: '192.0.2.7' }] });
  });
});

describe('weft status', () => {
  beforeEach(() => {
    const { control } = agent;
    control.own('web', owner('web', '172.17.0.2'));
    control.hostViews = [
      hostView(host1, 'host1', { status: 'self', records: 1 }),
      hostView(host2, 'host-two', { status: 'quiet', records: 3, badRecords: 1, heardMsAgo: 12_400 }),
    ];
  });

  it('tells that all is well, then the rest', async () => {
    agent.control.hostViews.pop();
    expect(await weft('status')).toEqual({
      code: 0,
      err: '',
      out: `All is well: 1 host, 1 name, 1 container, 0 static records.

        Version: 0.1.0

        Service: router
       Protocol: weft 1
           Name: TESTHOST1(host1)
     Encryption: enabled
  PeerDiscovery: enabled
        Targets: 0
    Connections: 0
          Peers: 1
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

        Service: hosts
                 host1 self, 1 container
`,
    });
  });

  it('tells what is wrong first, and what to do', async () => {
    const { control } = agent;
    control.readinessView = { ready: false, reasons: ['the engine was not listed yet', 'Host host-two is quiet.'] };
    control.problemViews = [
      { problem: 'Host host-two is quiet.', remedy: 'Look at its agent and the network between.' },
      { problem: 'The clock is odd.', remedy: 'Set it.' },
    ];
    const { out } = await weft('status');
    expect(out).toMatch(
      /^! Not ready: the engine was not listed yet\n! Host host-two is quiet\.\n {2}Look at its agent and the network between\.\n! The clock is odd\.\n {2}Set it\.\n\n {8}Version/,
    );
    expect(out).toContain('                 host-two quiet, 3 containers, 1 bad record, last heard 12s ago\n');
  });

  it('lists upstream servers with their failures', async () => {
    const forwarding = [
      { server: '192.0.2.53', state: 'up', asked: 12, failures: 1, rttMs: 3.2 },
      { server: '192.0.2.54:5353', domains: ['corp.example'], state: 'down', asked: 3, failures: 3 },
    ] as const;
    agent.control.dnsView = {
      listen: ['172.17.0.1:53'],
      ttlSeconds: 1,
      upstreams: ['192.0.2.53'],
      queries: 0,
      forwarding,
    };
    expect((await weft('status')).out).toContain(`
        Service: upstreams
                 192.0.2.53 up, asked 12 times, 1 failure, answers in 4 ms
                 192.0.2.54:5353 for corp.example down, asked 3 times, 3 failures

        Service: hosts
`);
    expect(JSON.parse((await weft('status', 'dns', '--json')).out)).toMatchObject({ forwarding });
  });

  it.each(['dns', 'peers', 'connections', 'targets'])('%s prints what weave printed', async (part) => {
    expect((await weft('status', part)).out).toBe((await agent.ask('GET', `/status/${part}`)).text);
  });

  it('prints JSON when asked to, also of a part', async () => {
    expect(JSON.parse((await weft('status', '--json')).out)).toMatchObject({ names: 1, hosts: [{}, {}] });
    expect(JSON.parse((await weft('status', 'peers', '--json')).out)).toMatchObject([
      { id: host1 },
      { status: 'quiet' },
    ]);
    expect(JSON.parse((await weft('status', 'dns', '--json')).out)).toMatchObject({ listen: ['172.17.0.1:53'] });
    expect(JSON.parse((await weft('status', 'connections', '--json')).out)).toEqual([]);
  });

  it('has colours on terminals only', async () => {
    agent.control.problemViews = [{ problem: 'It is wrong.', remedy: 'Mend it.' }];
    expect((await run(agent, ['status'], { terminal: { rows: 24, columns: 80 } })).out).toContain(
      '\u001b[31m!\u001b[0m \u001b[1mIt is wrong.\u001b[0m',
    );
    expect((await run(agent, ['status'])).out).not.toContain('\u001b');
  });
});

describe('weft explain', () => {
  it('says where an alias leads, and how to ask for a name that is not ours', async () => {
    const source = 'static record made on host1';
    const alias = { type: 'CNAME', data: 'shop.example.', answered: true, reason: 'made', source };
    agent.control.explanation = { asker: 'this host', outcome: 'is an alias', records: [alias] };
    expect((await weft('explain', 'www')).out).toContain(
      'note: it is an alias: whoever asks for an address gets those of shop.example\n',
    );
    agent.control.explanation = { asker: 'this host', outcome: 'nobody has it', records: [] };
    expect((await weft('explain', 'www.example')).out).toContain(
      'note: only names of the mesh are explained; if www.example itself was meant: "weft lookup www.example."\n',
    );
    expect((await weft('explain', 'localhost')).out).toContain(
      'if localhost itself was meant: "weft lookup localhost."',
    );
    expect((await weft('explain', 'local')).out).not.toContain('itself was meant');
    for (const ours of ['www', 'www.example.weave.local', '_http._tcp.www'])
      expect((await weft('explain', ours)).out).not.toContain('note');
  });

  it('sends whoever gives an address to lookup', async () => {
    expect(await weft('explain', '192.0.2.7')).toEqual({
      code: 2,
      out: '',
      err: 'weft: "192.0.2.7" is an address: "weft lookup 192.0.2.7" tells its names\n',
    });
  });

  it('tells for each record why, who said so and when, and the history of the name', async () => {
    const { control } = agent;
    control.own('web', owner('web', '172.17.0.2'));
    agent.clock.advance(60_000);
    control.own('web', owner('web', '172.17.0.3'));
    control.explanation = {
      asker: '172.17.0.9, container shop',
      outcome: 'answers 1 of 2 records',
      notes: ['web-2 on host2 is not called web: it is ignored'],
      records: [
        {
          type: 'A',
          data: '172.17.0.3',
          answered: true,
          reason: 'it runs',
          source: 'host1',
          container: 'web',
          since: noon,
        },
        {
          type: 'A',
          data: '192.0.2.7',
          answered: false,
          reason: 'it is shadowed',
          source: 'static record made on host2',
        },
      ],
    };
    expect(await weft('explain', 'web', '--from', '172.17.0.9')).toEqual({
      code: 0,
      err: '',
      out: `web.weave.local, asked by 172.17.0.9, container shop: answers 1 of 2 records

ANSWERED  RECORD      CONTAINER  SAID BY                      AGE  REASON
yes       172.17.0.3  web        host1                        60m  it runs
no        192.0.2.7   -          static record made on host2  -    it is shadowed

note: web-2 on host2 is not called web: it is ignored

60m ago  + A 172.17.0.2 running on host1
59m ago  - A 172.17.0.2 running on host1
59m ago  + A 172.17.0.3 running on host1
`,
    });
    expect(control.asked).toEqual(['explain web from 172.17.0.9']);
    expect(JSON.parse((await weft('explain', 'web', '--json')).out)).toMatchObject({ history: [{}, {}] });
  });
});

describe('the mesh by command', () => {
  it('prints the token', async () => {
    expect(await weft('token')).toEqual({ code: 0, err: '', out: 'weft-token-of-a-test\n' });
    agent.control.tokenResult = refused('this agent has no secret');
    expect(await weft('token')).toEqual({ code: 1, out: '', err: 'weft: this agent has no secret\n' });
  });

  it('connects, forgets and leaves', async () => {
    expect(await weft('connect', '192.0.2.2', '192.0.2.3')).toEqual({ code: 0, err: '', out: '' });
    agent.control.linkViews = [{ address: '192.0.2.2', outbound: true, state: 'established' }];
    expect(await weft('connect', '--replace', '192.0.2.4')).toMatchObject({ code: 0 });
    expect(await weft('forget', '192.0.2.4')).toEqual({ code: 0, err: '', out: '' });
    // Nothing is wrong with the words, so it has failed; as `rm` of what is not there.
    expect(await weft('forget', 'nobody', '192.0.2.5')).toEqual({
      code: 1,
      out: '',
      err: 'weft: no host or address "nobody" is known\n',
    });
    expect((await weft('leave')).out).toBe('host1 has left: its records are withdrawn and its agent ends\n');
    expect(agent.control.asked).toEqual([
      'connect 192.0.2.2',
      'connect 192.0.2.3',
      'connect 192.0.2.4',
      'forget 192.0.2.2',
      'forget 192.0.2.4',
      'forget nobody',
      'forget 192.0.2.5',
      'leave',
    ]);
  });

  it('connects, forgets and leaves in JSON', async () => {
    const json = async (...words: string[]) => JSON.parse((await weft(...words, '--json')).out);
    expect(await json('connect', '192.0.2.2', '192.0.2.3')).toEqual({ peers: ['192.0.2.2', '192.0.2.3'] });
    expect(await json('forget', '192.0.2.3')).toEqual({ peers: ['192.0.2.3'] });
    expect(await json('leave')).toEqual({ left: true });
  });
});

describe("weave's commands", () => {
  const statics = () =>
    agent.control.statics.map(({ name, data }) => `${name} ${data.type === 'address' ? data.address : data.type}`);

  beforeEach(() => {
    agent.control.own('web', owner('web', '172.17.0.2', { id: 'eebd81120ee4'.padEnd(64, '0') }));
  });

  it('dns-add and dns-remove take addresses, a container, or both', async () => {
    expect(await weft('dns-add', '192.0.2.7', '192.0.2.8', '-h', 'db.weave.local')).toEqual({
      code: 0,
      err: '',
      out: '',
    });
    await weft('dns-add', 'web', '-h', 'shop.weave.local');
    await weft('dns-add', '192.0.2.9', 'eebd81', '--hostname', 'shop.weave.local');
    expect(statics()).toEqual(['db 192.0.2.7', 'db 192.0.2.8', 'shop 172.17.0.2', 'shop 192.0.2.9']);
    await weft('dns-remove', '192.0.2.7', '-h', 'db.weave.local');
    await weft('dns-remove', 'web');
    expect(statics()).toEqual(['db 192.0.2.8', 'shop 192.0.2.9']);
    await weft('dns-remove', '192.0.2.9', 'gone');
    expect(statics()).toEqual(['db 192.0.2.8']);
  });

  it('dns-add takes a name for a name, also where the id of another container begins so', async () => {
    const { control } = agent;
    control.own('cafe', owner('cafe', '172.17.0.10'));
    control.own('cache', owner('cache', '172.17.0.11', { id: 'cafe77'.padEnd(64, '7') }));
    control.own('log', owner('log', '172.17.0.12', { id: 'cafe78'.padEnd(64, '7') }));
    expect(await weft('dns-add', 'cafe', '-h', 'shop.weave.local')).toMatchObject({ code: 0 });
    expect(statics()).toEqual(['shop 172.17.0.10']);
    await weft('dns-add', 'cafe78', '-h', 'shop.weave.local');
    expect(statics()).toEqual(['shop 172.17.0.10', 'shop 172.17.0.12']);
    expect(await weft('dns-remove', 'caf', '-h', 'shop.weave.local')).toMatchObject({ code: 2 });
    control.own('cafe');
    expect(await weft('dns-remove', 'cafe')).toEqual({
      code: 2,
      out: '',
      err: 'weft: the ids of 2 containers begin with "cafe": give more of it\n',
    });
    expect(statics()).toEqual(['shop 172.17.0.10', 'shop 172.17.0.12']);
  });

  it('dns-add without a name uses the name of the container, which it has already', async () => {
    expect(await weft('dns-add', 'web')).toMatchObject({ code: 0 });
    await weft('dns-add', '192.0.2.9', 'web');
    expect(statics()).toEqual(['web 192.0.2.9']);
  });

  it.each([
    [['dns-add', 'gone', '-h', 'a.weave.local'], 1, 'gone container is not running.'],
    [['dns-remove', 'gone'], 1, 'gone container is not running.'],
    [['dns-add', '192.0.2.7'], 2, 'give a container, or addresses and -h FQDN'],
    [['dns-add', '', '-h', 'a.weave.local'], 2, 'the name of the container is empty'],
    [['dns-add', 'web', '192.0.2.7'], 2, '"web" is out of place: give IP addresses first, then one container'],
    [['dns-add', 'web', 'app'], 2, '"app" is out of place: give IP addresses first, then one container'],
    [
      ['dns-add', '192.0.2.7', '192.0.2.300', '-h', 'db.weave.local'],
      2,
      expect.stringContaining('"192.0.2.300" must be'),
    ],
    [['dns-remove', '2001:db8::g'], 2, expect.stringContaining('address "2001:db8::g" must be')],
    [['dns-add', '192.0.2.7', '-h', ''], 2, 'give fqdn, a name below weave.local'],
    [['dns-add', '192.0.2.7', '-h', 'db.example'], 2, 'name "db.example." must end in .weave.local'],
  ])('%j says what is wrong', async (words, code, problem) => {
    const { err, ...ended } = await weft(...words);
    expect({ ...ended, problem: err.replace(/^weft: /, '').trimEnd() }).toEqual({ code, out: '', problem });
    expect(statics()).toEqual([]);
  });

  it('dns-args prints the flags for docker run, without an end of line; nothing and why without DNS', async () => {
    expect((await weft('dns-args')).out).toBe('--dns=172.17.0.1 --dns-search=weave.local');
    agent.control.dnsView = undefined;
    expect(await weft('dns-args')).toEqual({
      code: 0,
      out: '',
      err: 'weft: no --dns: this agent answers no questions: it was started with --no-dns\n',
    });
  });

  it('dns-args says where containers would not reach it, since they ask at port 53 only', async () => {
    const { control } = agent;
    control.dnsView = { listen: ['172.17.0.1:5353', '10.0.0.1:53'], ttlSeconds: 1, upstreams: [], queries: 0 };
    expect(await weft('dns-args')).toEqual({
      code: 0,
      out: '--dns=172.17.0.1 --dns-search=weave.local',
      err: 'weft: it answers at port 5353, and containers ask at port 53 only\n',
    });
  });

  it('dns-args prints an address that containers can ask, where every address is answered at', async () => {
    const { control } = agent;
    control.dnsView = { listen: ['0.0.0.0:53'], ttlSeconds: 1, upstreams: [], queries: 0 };
    expect(await weft('dns-args')).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining('no --dns: it answers at 0.0.0.0, every address of this host'),
    });
    const network = (name: string, ...gateways: string[]) =>
      ({
        key: `local:${name}` as NetworkKey,
        name,
        driver: 'bridge',
        subnets: [],
        gateways: gateways as Address[],
      }) as const;
    const self = hostView(host1, 'host1', { status: 'self' });
    const networks = [network('shop', '172.18.0.1'), network('bridge', '2001:db8::1', '172.17.0.1')];
    control.hostViews = [{ ...self, ...(self.record && { record: { ...self.record, networks } }) }];
    expect((await weft('dns-args')).out).toBe('--dns=172.17.0.1 --dns-search=weave.local');
    control.dnsView = { ...control.dnsView, listen: ['[::]:53'] };
    expect((await weft('dns-args')).out).toBe('--dns=2001:db8::1 --dns-search=weave.local');
  });

  it('report prints JSON, or what a template picks', async () => {
    expect(JSON.parse((await weft('report')).out)).toMatchObject({
      DNS: { Entries: [{ Hostname: 'web.weave.local.' }] },
    });
    expect((await weft('report', '-f', '{{len .DNS.Entries}} {{.DNS.Domain}}')).out).toBe('1 weave.local.\n');
  });
});
