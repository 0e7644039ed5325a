import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { weaveHint } from '../src/cli/weave-hints.ts';
import type { Name } from '../src/record.ts';
import { ApiAgent, type Reply } from './support/api-agent.ts';
import { type Ran, weft as run } from './support/cli-run.ts';
import { host2, hostView, owner } from './support/control-twin.ts';
import { DnsResponder } from './support/dns-responder.ts';

/** Each row of docs/weave-commands.md, tried. */

const page = readFileSync(join(import.meta.dirname, '../docs/weave-commands.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([^`]+)` \| (same|better|other|none) \| (.*?) ?\|$/gm)].map(
  ([, what = '', state = '', note = '']) => ({ what, state, note }),
);

let agent: ApiAgent;
let dns: DnsResponder;
const weft = (words: string): Promise<Ran> => run(agent, words.split(' '));

beforeEach(async () => {
  agent = await ApiAgent.start();
  dns = await DnsResponder.start();
  const { control } = agent;
  control.dnsView = { listen: [dns.address], ttlSeconds: 1, upstreams: ['192.0.2.53'], queries: 0 };
  dns.answers.set('web.weave.local 1', [Buffer.from([172, 17, 0, 2])]);
  control.own('web', owner('web', '172.17.0.2'));
  control.hostViews.push(hostView(host2, 'host2', { status: 'quiet' }));
  control.linkViews = [{ peer: host2, address: '192.0.2.2:6783', outbound: true, state: 'established', sinceMs: 1 }];
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

/** Static records as `name address`. */
function made(): string[] {
  return agent.control.statics.map(({ name, data }) => `${name} ${data.type === 'address' ? data.address : ''}`);
}

/** Nothing said, and done. */
const silent = { code: 0, out: '', err: '' };

/** What weave's scripts rely on, for each row that does what weave did. */
const checks: Readonly<Record<string, () => Promise<void>>> = {
  'weave dns-add IP… -h FQDN': async () => {
    expect(await weft('dns-add 192.0.2.7 192.0.2.8 -h db.weave.local')).toEqual(silent);
    expect(made()).toEqual(['db 192.0.2.7', 'db 192.0.2.8']);
    expect((await weft('dns-add 192.0.2.7 -h db.example')).code).not.toBe(0);
  },
  'weave dns-add CONTAINER -h FQDN': async () => {
    expect(await weft('dns-add web -h www.weave.local')).toEqual(silent);
    expect(made()).toEqual(['www 172.17.0.2']);
    expect(await weft('dns-add nobody -h x.weave.local')).toMatchObject({
      code: 1,
      err: 'weft: nobody container is not running.\n',
    });
  },
  'weave dns-add IP… CONTAINER': async () => {
    expect(await weft('dns-add 172.17.0.2 192.0.2.9 web')).toEqual(silent);
    expect(made()).toEqual(['web 192.0.2.9']);
  },
  'weave dns-remove IP… -h FQDN': async () => {
    await weft('dns-add 192.0.2.7 192.0.2.8 -h db.weave.local');
    expect(await weft('dns-remove 192.0.2.7 -h db.weave.local')).toEqual(silent);
    expect(made()).toEqual(['db 192.0.2.8']);
  },
  'weave dns-remove CONTAINER': async () => {
    await weft('dns-add web -h www.weave.local');
    expect(await weft('dns-remove web')).toEqual(silent);
    expect(made()).toEqual([]);
  },
  'weave dns-lookup NAME': async () => {
    expect(await weft('dns-lookup web')).toEqual({ ...silent, out: '172.17.0.2\n' });
    expect(await weft('dns-lookup nobody')).toEqual(silent);
  },
  'weave dns-args': async () => {
    const { dnsView } = agent.control;
    if (dnsView) agent.control.dnsView = { ...dnsView, listen: ['127.0.0.1:53'] };
    expect(await weft('dns-args')).toEqual({ ...silent, out: '--dns=127.0.0.1 --dns-search=weave.local' });
  },
  'weave status': async () => {
    expect((await weft('status')).out).toMatch(
      / {8}Service: router\n.* {8}Service: dns\n {9}Domain: weave\.local\.\n/s,
    );
  },
  'weave status dns': () => printsPath('status dns', '/status/dns', /^web {10}172\.17\.0\.2 {6}web-17217020 host1\n$/),
  'weave status peers': () =>
    printsPath('status peers', '/status/peers', /^TESTHOST1\(host1\)\n {3}-> 192\.0\.2\.2:6783 /),
  'weave status connections': () =>
    printsPath('status connections', '/status/connections', /^-> 192\.0\.2\.2:6783 {8}established /),
  'weave status targets': () => printsPath('status targets', '/status/targets', /^192\.0\.2\.2:6783\n$/),
  'weave status ipam': async () => expect((await weft('status ipam')).code).toBe(2),
  'weave report': async () => {
    const report = JSON.parse((await weft('report')).out);
    expect(report).toMatchObject({ Ready: true, DNS: { Domain: 'weave.local.', TTL: 1 }, IPAM: null, Proxy: null });
    expect(report.Router).toMatchObject({ NickName: 'host1', Encryption: true, Targets: ['192.0.2.2:6783'] });
  },
  'weave report -f FORMAT': async () => {
    expect((await weft('report -f {{.DNS.Domain}}')).out).toBe('weave.local.\n');
    expect((await run(agent, ['report', '-f', '{{len .DNS.Entries}}'])).out).toBe('1\n');
  },
  'weave connect PEER…': async () => {
    expect(await weft('connect 192.0.2.5 192.0.2.6:6783')).toEqual(silent);
    expect(agent.control.asked).toEqual(['connect 192.0.2.5', 'connect 192.0.2.6:6783']);
  },
  'weave connect --replace PEER…': async () => {
    expect(await weft('connect --replace 192.0.2.5')).toEqual(silent);
    expect(agent.control.asked).toEqual(['connect 192.0.2.5', 'forget 192.0.2.2:6783']);
  },
  'weave forget PEER…': async () => {
    expect(await weft('forget host2 192.0.2.5')).toEqual(silent);
    expect(agent.control.asked).toEqual(['forget host2', 'forget 192.0.2.5']);
  },
  'weave help': async () => expect((await weft('help')).out).toContain('Usage: weft'),
  'GET /domain': async () => expect(await get('/domain')).toMatchObject({ status: 200, text: 'weave.local.' }),
  'GET /dns-address': async () => expect((await get('/dns-address')).text).toBe('127.0.0.1'),
  'GET /dns-address-port': async () => expect((await get('/dns-address-port')).text).toBe(dns.address),
  'PUT /name/{container}/{ip}?fqdn=': async () => {
    expect((await agent.ask('PUT', '/name/web/192.0.2.7?fqdn=db.weave.local.')).status).toBe(204);
    expect((await agent.ask('PUT', '/name/web/2001:db8::7?fqdn=db.weave.local')).status).toBe(204);
    expect(made()).toEqual(['db 192.0.2.7', 'db 2001:db8::7']);
    for (const bad of ['192.0.2.7?fqdn=db.example', '192.0.2.7', 'nonsense?fqdn=db.weave.local'])
      expect((await agent.ask('PUT', `/name/web/${bad}`)).status).toBe(400);
  },
  'PUT /name/{container}/{ip}?fqdn=&check-alive=true': async () => {
    const query = 'fqdn=db.weave.local&check-alive=true';
    expect((await agent.ask('PUT', `/name/gone/192.0.2.7?${query}`)).status).toBe(204);
    expect((await agent.ask('PUT', `/name/web/192.0.2.8?${query}`)).status).toBe(204);
    expect(made()).toEqual(['db 192.0.2.8']);
  },
  'DELETE /name/{container}/{ip}?fqdn=': async () => {
    await weft('dns-add 192.0.2.7 -h db.weave.local');
    await weft('dns-add 192.0.2.7 -h www.weave.local');
    expect((await agent.ask('DELETE', '/name/weave:extern/192.0.2.7?fqdn=db.weave.local')).status).toBe(204);
    expect(made()).toEqual(['www 192.0.2.7']);
  },
  'DELETE /name/{container}': async () => {
    await weft('dns-add web -h www.weave.local');
    await weft('dns-add 192.0.2.7 -h db.weave.local');
    expect((await agent.ask('DELETE', '/name/web')).status).toBe(204);
    expect(made()).toEqual(['db 192.0.2.7']);
  },
  'DELETE /name': async () => {
    await weft('dns-add 192.0.2.7 -h db.weave.local');
    const [own] = agent.control.statics;
    if (own) await agent.control.addStatic([{ ...own, name: 'far' as Name, madeOn: 'host2' }]);
    expect((await agent.ask('DELETE', '/name')).status).toBe(204);
    expect(made()).toEqual(['far 192.0.2.7']);
  },
  'GET /name': async () => {
    expect((await get('/name')).json).toMatchObject([
      { Hostname: 'web.weave.local.', Origin: 'host1', Addr: '172.17.0.2', Version: 0, Tombstone: 0 },
    ]);
    agent.control.own('web');
    expect((await get('/name')).json).toBe(null);
  },
  'GET /status': async () => {
    expect((await get('/status')).status).toBe(200);
    agent.control.readinessView = { ready: false, reasons: ['not yet'] };
    expect(await get('/status')).toMatchObject({ status: 503, text: expect.stringContaining('Service: router') });
  },
  'GET /status/dns': () => servesText('/status/dns'),
  'GET /status/peers': () => servesText('/status/peers'),
  'GET /status/connections': () => servesText('/status/connections'),
  'GET /status/targets': () => servesText('/status/targets'),
  'GET /report': async () => expect((await get('/report')).json).toMatchObject({ Ready: true }),
  'GET /report?format=': async () => {
    expect((await get('/report?format={{json .DNS.TTL}}')).text).toBe('1');
    expect((await get('/report?format={{')).status).toBe(400);
  },
  'GET /metrics': async () => expect((await get('/metrics')).text).toContain('weft_names 1\n'),
  'POST /connect': async () => {
    expect(await agent.ask('POST', '/connect?peer=192.0.2.5&peer=192.0.2.6')).toMatchObject({ status: 200, text: '' });
    expect((await agent.ask('POST', '/connect?peer=a%20b')).status).toBe(400);
  },
  'POST /forget': async () => {
    expect(await agent.ask('POST', '/forget?peer=192.0.2.5')).toMatchObject({ status: 200, text: '' });
    expect(agent.control.asked).toEqual(['forget 192.0.2.5']);
  },
};

describe('the table of what weave had', () => {
  it('has a row for each check, and none twice', () => {
    const named = rows.map(({ what }) => what);
    expect(named).toHaveLength(page.split('\n').filter((line) => line.startsWith('| `')).length);
    expect(new Set(named).size).toBe(named.length);
    expect(Object.keys(checks).filter((what) => !named.includes(what))).toEqual([]);
  });

  it.each(rows)('$what is $state', async ({ what, state, note }) => {
    const check = checks[what];
    if (check !== undefined) return check();
    const [verb = '', path = ''] = what.split(' ');
    if (verb !== 'weave') {
      const real = path.replace('{ip}', '10.32.0.1').replace('{prefixlen}', '12').replace('{id}', host2);
      expect([state, (await agent.ask(verb, real)).status]).toEqual(['none', 404]);
      return;
    }
    // What Weft does another way, or not at all, is said to whoever types it.
    const { code, out, err } = await weft(path);
    expect({ code, out, said: err.split('\n').length }).toEqual({ code: 2, out: '', said: 2 });
    const [instead] = note.match(/(weft|docker) [a-z-]+/) ?? [];
    if (state === 'other') expect(weaveHint(path)).toContain(instead);
    else expect(weaveHint(path)).toMatch(/^not needed/);
  });
});

/** A command prints what its path serves. */
async function printsPath(words: string, path: string, wanted: RegExp): Promise<void> {
  const { out } = await weft(words);
  expect(out).toMatch(wanted);
  expect(out).toBe((await get(path)).text);
}

async function servesText(path: string): Promise<void> {
  const { status, headers, text } = await get(path);
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(text).not.toBe('');
}

function get(path: string): Promise<Reply> {
  return agent.ask('GET', path.replaceAll(' ', '%20').replaceAll('{', '%7B').replaceAll('}', '%7D'));
}
