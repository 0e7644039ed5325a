import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reverseName } from '../../src/cli/resolver.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { weft as run } from '../support/cli-run.ts';
import { owner } from '../support/control-twin.ts';
import { DnsResponder, wireName } from '../support/dns-responder.ts';

let agent: ApiAgent;
let dns: DnsResponder;
const weft = (...words: string[]) => run(agent, words);

beforeEach(async () => {
  agent = await ApiAgent.start();
  dns = await DnsResponder.start();
  agent.control.dnsView = { listen: [dns.address], ttlSeconds: 1, upstreams: [], queries: 0 };
  dns.answers.set('web.weave.local 1', [Buffer.from([172, 17, 0, 2]), Buffer.from([172, 17, 0, 3])]);
  dns.answers.set('web.weave.local 28', [Buffer.from('20010db8000000000000000000000007', 'hex')]);
  dns.answers.set('shop.example 1', [Buffer.from([192, 0, 2, 7])]);
  dns.answers.set('app.shop.weave.local 1', [Buffer.from([172, 17, 0, 4])]);
  dns.answers.set('_x._tcp.db.weave.local 33', [
    Buffer.concat([Buffer.from([0, 1, 0, 2, 0, 80]), wireName('node0.weave.local')]),
  ]);
  dns.answers.set('info.weave.local 16', [Buffer.from('\u0003a b')]);
  dns.answers.set('2.0.17.172.in-addr.arpa 12', [wireName('web.weave.local')]);
  dns.answers.set('broken.weave.local 1', 2);
  dns.answers.set('broken.weave.local 28', 2);
  dns.answers.set('refused.example 1', 5);
  dns.answers.set('refused.example 28', 5);
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

describe('weft lookup', () => {
  it('shows texts as UTF-8, and none that would steer the terminal', async () => {
    const text = Buffer.from('sü\u009b2J\u001b[2J\u007f');
    dns.answers.set('evil.example 16', [Buffer.concat([Buffer.from([text.length]), text])]);
    dns.answers.set('evil.example 5', [wireName('x\u001b\u009b2J.example')]);
    expect((await weft('lookup', 'evil.example', 'TXT')).out).toBe('"sü\ufffd2J\\u001b[2J\ufffd"\n');
    const { out } = await weft('lookup', 'evil.example', 'TXT', '--json');
    expect(out).not.toMatch(/(?!\n)\p{Cc}/u);
    const { answers } = JSON.parse(out) as { answers: string[] };
    expect(answers.map((answer) => JSON.parse(answer))).toEqual([text.toString()]);
    for (const words of [[], ['--json']]) {
      const alias = await weft('lookup', 'evil.example', 'CNAME', ...words);
      expect(alias.out + alias.err).not.toMatch(/(?!\n)\p{Cc}/u);
    }
  });

  it.each([
    [['web'], '172.17.0.2\n172.17.0.3\n2001:db8::7\n'],
    [['web.weave.local', 'a'], '172.17.0.2\n172.17.0.3\n'],
    [['WEB.weave.local.', 'AAAA'], '2001:db8::7\n'],
    [['shop.example'], '192.0.2.7\n'],
    [['shop.example.', 'A'], '192.0.2.7\n'],
    [['_x._tcp.db', 'SRV'], '1 2 80 node0.weave.local.\n'],
    [['info', 'TXT'], '"a b"\n'],
    [['172.17.0.2'], 'web.weave.local.\n'],
    [['172.17.0.2', 'PTR'], 'web.weave.local.\n'],
  ])('%j prints the records', async (words, out) => {
    expect(await weft('lookup', ...words)).toEqual({ code: 0, err: '', out });
  });

  it('asks at the loopback where every address is answered at', async () => {
    const listen = [dns.address.replace('127.0.0.1', '0.0.0.0')];
    agent.control.dnsView = { listen, ttlSeconds: 1, upstreams: [], queries: 0 };
    expect(await weft('lookup', 'web', 'A')).toEqual({ code: 0, err: '', out: '172.17.0.2\n172.17.0.3\n' });
  });

  it('completes a name of several labels that the mesh knows', async () => {
    agent.control.own('app.shop', owner('app', '172.17.0.4'));
    expect((await weft('lookup', 'app.shop')).out).toBe('172.17.0.4\n');
  });

  it.each([
    [['nobody'], 'there is no name nobody.weave.local (NXDOMAIN)'],
    [['nobody.example'], 'there is no name nobody.example (NXDOMAIN)'],
    [['info'], 'info.weave.local has no A or AAAA record'],
    [['web', 'TXT'], 'web.weave.local has no TXT record'],
    [['refused.example', 'A'], expect.stringContaining('refuses to answer for refused.example')],
    [['broken', 'A'], expect.stringContaining('could not find out about broken.weave.local (SERVFAIL)')],
  ])('%j fails with one sentence', async (words, problem) => {
    const { code, out, err } = await weft('lookup', ...words);
    expect({ code, out, problem: err.replace(/^weft: /, '').trimEnd() }).toEqual({ code: 1, out: '', problem });
  });

  it('prints JSON when asked to', async () => {
    expect(JSON.parse((await weft('lookup', 'web', 'A', '--json')).out)).toEqual({
      name: 'web.weave.local',
      types: ['A'],
      server: dns.address,
      answers: ['172.17.0.2', '172.17.0.3'],
    });
    expect(JSON.parse((await weft('lookup', 'nobody', '--json')).out)).toMatchObject({
      answers: [],
      code: 'ENOTFOUND',
    });
  });

  it.each([
    ['', 'name ".weave.local" has an empty label (two dots, or one at the start)'],
    [
      'bad name',
      'name "bad name.weave.local" has the label "bad name": only letters, digits, "_" and inner "-" are allowed',
    ],
    ['x'.repeat(64), expect.stringMatching(/ has the label "x+" of more than 63 characters$/)],
  ])('%j is wrong usage', async (name, problem) => {
    const { code, out, err } = await weft('lookup', name);
    expect({ code, out, problem: err.replace(/^weft: /, '').trimEnd() }).toEqual({ code: 2, out: '', problem });
  });

  it('says why an agent answers no questions', async () => {
    agent.control.dnsView = { listen: [], ttlSeconds: 1, upstreams: [], queries: 0 };
    const reason = 'No questions are answered: the container bridge has no address yet';
    agent.control.readinessView = { ready: false, reasons: [reason] };
    expect(await weft('lookup', 'web')).toEqual({ code: 1, out: '', err: `weft: ${reason}\n` });
    agent.control.dnsView = undefined;
    expect(await weft('lookup', 'web')).toEqual({
      code: 1,
      out: '',
      err: 'weft: this agent answers no questions: it was started with --no-dns\n',
    });
  });
});

describe('weft dns-lookup', () => {
  it("prints addresses, and nothing where there are none, as weave's did", async () => {
    expect(await weft('dns-lookup', 'web')).toEqual({ code: 0, err: '', out: '172.17.0.2\n172.17.0.3\n' });
    expect(await weft('dns-lookup', 'nobody')).toEqual({ code: 0, err: '', out: '' });
    expect(await weft('dns-lookup', 'info')).toEqual({ code: 0, err: '', out: '' });
    expect(await weft('dns-lookup', 'broken')).toMatchObject({ code: 1 });
  });
});

describe('the reverse name', () => {
  it.each([
    ['192.0.2.7', '7.2.0.192.in-addr.arpa'],
    ['2001:db8::567:89ab', 'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
    ['::1', `1.${'0.'.repeat(31)}ip6.arpa`],
    ['::', `${'0.'.repeat(32)}ip6.arpa`],
  ])('of %s is %s', (address, name) => {
    expect(reverseName(address)).toBe(name);
  });
});
