import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readHostsFile } from '../../src/cli/hosts-file.ts';
import { readZoneFile } from '../../src/cli/zone-file.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { weft as run } from '../support/cli-run.ts';
import { owner } from '../support/control-twin.ts';

let agent: ApiAgent;
const weft = (...words: string[]) => run(agent, words);
const importing = (file: string, ...words: string[]) => run(agent, ['import', 'file', ...words], { files: { file } });

beforeEach(async () => {
  agent = await ApiAgent.start();
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
});

async function fill(): Promise<void> {
  agent.control.own('web', owner('web', '172.17.0.2', { ttlSeconds: 9 }), owner('web', '172.18.0.2'));
  agent.control.shadowed.set('172.18.0.2', 'somebody else here');
  await weft('add', 'db', '192.0.2.7', '2001:db8::7', '--ttl', '5');
  await weft('add', '_x._tcp.db', '--srv', '1 2 3 node0');
  await weft('add', 'info', '--txt', 'say "a\\b" ü');
  await weft('add', 'www', '--cname', 'shop.example');
}

describe('weft export', () => {
  it('writes a hosts file', async () => {
    await fill();
    expect((await weft('export')).out).toBe(`192.0.2.7 db.weave.local db
2001:db8::7 db.weave.local db
172.17.0.2 web.weave.local web
`);
  });

  it('writes a zone file, of static records only when asked to', async () => {
    await fill();
    const statics = `$ORIGIN weave.local.
$TTL 1
_x._tcp.db 1 IN SRV 1 2 3 node0.weave.local.
db 5 IN A 192.0.2.7
db 5 IN AAAA 2001:db8::7
info 1 IN TXT "say \\"a\\\\b\\" \\195\\188"
`;
    expect((await weft('export', '--format', 'zone')).out).toBe(
      `${statics}web 9 IN A 172.17.0.2\nwww 1 IN CNAME shop.example.\n`,
    );
    expect((await weft('export', '--format', 'zone', '--static')).out).toBe(`${statics}www 1 IN CNAME shop.example.\n`);
  });
});

describe('weft import', () => {
  it('makes of the report of one mesh what was added there by hand', async () => {
    await fill();
    const { out: report } = await weft('report');
    for (const name of ['db', '_x._tcp.db', 'info', 'www']) await weft('rm', name);
    expect(await importing(report)).toMatchObject({ code: 0, err: expect.stringContaining("is a container's") });
    expect((await weft('export', '--static')).out).toBe('192.0.2.7 db.weave.local db\n2001:db8::7 db.weave.local db\n');
  });

  it('makes of an exported hosts file what it was, also of names with dots', async () => {
    await weft('add', 'db.shop', '192.0.2.7');
    const { out: file } = await weft('export');
    await weft('rm', 'db.shop');
    expect(await importing(file)).toEqual({ code: 0, out: 'added db.shop.weave.local 192.0.2.7\n', err: '' });
  });

  it('makes of an exported zone what it was', async () => {
    await fill();
    agent.control.own('web');
    const { out: zone } = await weft('export', '--format', 'zone');
    for (const name of ['db', '_x._tcp.db', 'info', 'www']) await weft('rm', name);
    expect(await importing(zone)).toMatchObject({ code: 0, err: '' });
    expect((await weft('export', '--format', 'zone')).out).toBe(zone);
  });

  it('makes of an exported text what it was, whatever is in it', async () => {
    await weft('add', 'info', '--txt', 'a\tb\u0085c');
    const { out: zone } = await weft('export', '--format', 'zone');
    expect(zone).toContain(String.raw`"a\009b\194\133c"`);
  });

  it('takes a hosts file, and leaves out what is every host’s own or not ours', async () => {
    const file = `127.0.0.1 localhost # own\n192.0.2.7 db.weave.local db\n\n192.0.2.8\tWEB other.example\nnonsense\n`;
    expect(await importing(file)).toEqual({
      code: 0,
      out: 'added db.weave.local 192.0.2.7\nadded web.weave.local 192.0.2.8\n',
      err:
        "left out: line 1: 127.0.0.1 is every host's own\nleft out: line 5: no address with names\n" +
        'left out: other.example is not below weave.local\n',
    });
  });

  it('knows a hosts file by its lines, whatever its comments say', async () => {
    const file = '# An address should be placed in the first column.\n192.0.2.7 db # in use now, in a rack\n';
    expect(await importing(file)).toEqual({ code: 0, out: 'added db.weave.local 192.0.2.7\n', err: '' });
    expect(await importing('db in a 192.0.2.8 ; of the zone\n')).toMatchObject({
      out: 'added db.weave.local 192.0.2.8\n',
    });
  });

  it.each(['192.0.2.7 db', 'db IN A 192.0.2.7', '$TTL 5\ndb A 192.0.2.7', '{"DNS":{"Entries":[]}}'])(
    'takes %j with the mark of UTF-8 before it as without',
    async (text) => {
      expect(await importing(`\ufeff${text}`)).toEqual(await importing(text));
    },
  );

  it.each([
    ['db 604801 IN A 192.0.2.7', 'time to live'],
    [`db IN TXT ${`"${'x'.repeat(255)}" `.repeat(9)}`, '2048 characters'],
  ])('tells also without adding anything that %.30s… cannot be', async (line, problem) => {
    for (const words of [['--dry-run'], []]) {
      const { code, out, err } = await importing(`$TTL 5\n${line}\n`, ...words);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain(problem);
    }
  });

  it('takes what weave added by hand from its report', async () => {
    const entry = { Origin: 'a', Version: 0, Tombstone: 0 };
    const report = {
      DNS: {
        Entries: [
          { ...entry, Hostname: 'db.weave.local.', ContainerID: 'weave:extern', Address: '192.0.2.7' },
          { ...entry, Hostname: 'Old.weave.local.', ContainerID: 'weave:extern', Address: '192.0.2.8', Tombstone: 7 },
          { ...entry, Hostname: 'web.weave.local.', ContainerID: 'eebd81120ee4', Address: '10.32.0.1' },
          { nonsense: true },
          null,
        ],
      },
    };
    expect(await importing(JSON.stringify(report))).toEqual({
      code: 0,
      out: 'added db.weave.local 192.0.2.7\n',
      err:
        "left out: entry 3: web.weave.local. is a container's, which Weft finds by itself\n" +
        'left out: entry 4: no name with an address\nleft out: entry 5: no name with an address\n',
    });
    expect((await importing(JSON.stringify(report.DNS), '--dry-run')).out).toBe('would add db.weave.local 192.0.2.7\n');
    expect((await importing('{')).err).toContain('this is no JSON');
    expect((await importing('{"a":1}')).err).toBe(
      'weft: this JSON is no output of "weave report": it has no DNS.Entries\n',
    );
    expect(await importing('{"DNS":{"Entries":null}}')).toEqual({ code: 0, out: '', err: 'nothing to import\n' });
  });

  it('shows no text that would steer the terminal', async () => {
    const file = String.raw`db IN TXT "\194\1552J\027[2J\127"`;
    for (const words of [[], ['--json'], ['--dry-run']])
      expect((await importing(file, ...words)).out).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it('tells of each record in a line of JSON when asked to', async () => {
    const record = { fullName: 'db.weave.local', content: { type: 'address', address: '192.0.2.7' } };
    const told = async (...words: string[]) => JSON.parse((await importing('192.0.2.7 db\n', '--json', ...words)).out);
    expect(await told('--dry-run')).toEqual({ added: false, ...record });
    expect(await told()).toEqual({ added: true, ...record });
  });

  it('only tells what it would do when asked to', async () => {
    expect((await importing('192.0.2.7 db\n', '--dry-run')).out).toBe('would add db.weave.local 192.0.2.7\n');
    expect(agent.control.statics).toEqual([]);
  });

  it('tells what is wrong, in a dry run too', async () => {
    const zone = `$ORIGIN weave.local.
web IN A 192.0.2.7
mail IN A 192.0.2.300
x--_ IN CNAME a..b.example.
twice IN CNAME a
twice IN CNAME b
once IN CNAME a
once IN CNAME a
`;
    const err =
      'mail.weave.local: address "192.0.2.300" must be an IPv4 address such as 192.0.2.7 or an IPv6 address such as 2001:db8::7\n' +
      'x--_.weave.local: name "a..b.example" has an empty label (two dots, or one at the start)\n' +
      'twice.weave.local: an alias must be alone, and the file has more of this name (RFC 1034 section 3.6.2)\n' +
      'weft: 3 names could not be imported\n';
    expect(await importing(zone, '--dry-run')).toMatchObject({ code: 1, err });
    expect(agent.control.statics).toEqual([]);
    expect(await importing(zone)).toMatchObject({ code: 1, err });
    expect(agent.control.statics.map(({ name }) => name)).toEqual(['web', 'once']);
  });

  it('says how far a long one has come, in one line on a terminal and in a few in a log', async () => {
    const file = Array.from({ length: 300 }, (_, index) => `192.0.2.${index % 250} n${index}\n`).join('');
    let now = 0;
    const options = { files: { file }, now: () => (now += 1_500) };
    const log = await run(agent, ['import', 'file'], options);
    expect(log.out.split('\n')).toHaveLength(301);
    expect(log.err).toBe(
      '128 of 300 records done, 21 a second\n256 of 300 records done, 21 a second\n' +
        '300 of 300 records done, 18 a second\n',
    );
    const { out, err } = await run(agent, ['import', 'file'], { ...options, terminal: { rows: 24, columns: 80 } });
    expect(err).toBe('');
    const lines = out.split('\r\u001b[K').slice(1);
    expect(lines).toHaveLength(11);
    expect(lines[0]).toBe('32 of 300 records done, 21 a second');
    expect(lines.at(-1)).toBe('300 of 300 records done, 18 a second\n');
    expect(
      (
        await run(agent, ['import', 'file', '--dry-run'], { ...options, terminal: { rows: 24, columns: 80 } })
      ).out.split('\n'),
    ).toHaveLength(301);
  });

  it('ends at once where the agent does not answer any more, and says how far it came', async () => {
    const file = Array.from({ length: 300 }, (_, index) => `192.0.2.${index % 250} n${index}\n`).join('');
    let stopped: Promise<void> | undefined;
    const onOutput = () => {
      stopped ??= agent.server.stop();
    };
    const { code, err } = await run(agent, ['import', 'file'], { files: { file }, onOutput });
    await stopped;
    expect(code).not.toBe(0);
    expect(err).toMatch(/^\d+ of 300 records done\nweft: .+\n$/);
  });

  it('goes on after a name that is refused, and fails at the end', async () => {
    const zone =
      '$ORIGIN weave.local.\na IN A nonsense\nb IN SRV x 2 3 c\nc IN CNAME d\nc IN A 192.0.2.1\ne IN A 192.0.2.7\n';
    const { code, out, err } = await importing(zone);
    expect({ code, out }).toEqual({ code: 1, out: 'added e.weave.local 192.0.2.7\n' });
    expect(err.split('\n').map((line) => line.slice(0, 40))).toEqual([
      'a.weave.local: address "nonsense" must b',
      'b.weave.local: SRV takes PRIORITY WEIGHT',
      'c.weave.local: an alias must be alone, a',
      'weft: 3 names could not be imported',
      '',
    ]);
  });
});

describe('a zone file', () => {
  it('may have all that RFC 1035 section 5.1 allows', () => {
    const zone = `; a comment
$TTL 1h
@  IN SOA ns hostmaster ( 1 ; serial
        3600 600 86400 60 )
   IN NS ns
db 1d2h IN A 192.0.2.7
   IN 30 AAAA 2001:db8::7
*.apps A 192.0.2.8
$ORIGIN shop.weave.local.
web CNAME db.weave.local.
@ TXT "two words" "; no comment" plain\\;end
$INCLUDE other
`;
    expect(readZoneFile(zone, 'weave.local')).toEqual({
      records: [
        { fullName: 'db.weave.local', content: { type: 'address', address: '192.0.2.7' }, ttlSeconds: 93_600 },
        { fullName: 'db.weave.local', content: { type: 'address', address: '2001:db8::7' }, ttlSeconds: 30 },
        { fullName: '*.apps.weave.local', content: { type: 'address', address: '192.0.2.8' }, ttlSeconds: 3_600 },
        { fullName: 'web.shop.weave.local', content: { type: 'cname', target: 'db.weave.local' }, ttlSeconds: 3_600 },
        {
          fullName: 'shop.weave.local',
          content: { type: 'txt', text: 'two words; no commentplain;end' },
          ttlSeconds: 3_600,
        },
      ],
      skipped: ['line 3: type SOA is left out', 'line 5: type NS is left out', 'line 12: $INCLUDE is not supported'],
    });
  });
});

describe('a hosts file', () => {
  it('may be empty', () => {
    expect(readHostsFile('', 'weave.local')).toEqual({ records: [], skipped: [] });
  });
});
