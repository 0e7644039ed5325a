import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { outsideAddress } from '../support/lab/addresses.ts';
import { run } from '../support/lab/command.ts';
import type { ContainerSpec } from '../support/lab/container.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answered, answeredOnAll } from './answered.ts';

/**
 * weave's own smoke tests that concern names, played again: each is named after weave's number and marked
 * - equal: the same steps, the same answers;
 * - better: weave's answers, and more;
 * - different: on purpose, for the reason given.
 * Where weave's tests attached containers to its own network, the engine's networks are used here, as Weft has none.
 */

let lab: Lab;
let one: LabHost;
let two: LabHost;
let three: LabHost;

beforeAll(async () => {
  lab = await Lab.create(3);
  [one, two, three] = [lab.host(1), lab.host(2), lab.host(3)];
  await startInternet();
  await one.startAgent();
  await Promise.all([two, three].map((host) => host.startAgent([one.address])));
  await Promise.all(lab.hosts.map((host) => host.runContainer({ name: 'asker', image: 'glibc' })));
});

/** Each test leaves the hosts as it found them: with nothing but their askers. */
afterEach(async () => {
  await Promise.all(lab.hosts.map(clear));
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('names of containers', () => {
  it('200 (better): forward and back; hosts get names by hand; --add-host works', async () => {
    const options = (line: string) => ({ image: 'glibc', options: ['--add-host', line] });
    await start(one, { name: 'c2', hostname: 'seetwo.weave.local', ...options('aone:10.2.2.1') });
    await start(one, { name: 'c1', ...options('atwo:10.2.2.2') });
    await forwardAndBack(one, 'c1', 'seetwo.weave.local', [await one.addressOf('c2')]);
    // weave's `expose -h` named its bridge; here whatever address the host is reached at gets a name, on every host.
    for (const name of ['n1', 'n2']) {
      expect((await one.weft(['add', name, one.address])).code).toBe(0);
      await answeredOnAll(lab.hosts, name, [one.address]);
    }
    await answered(one, 'c1', 'n1.weave.local', [one.address]);
    await answered(one, 'c1', 'atwo', ['10.2.2.2']);
    await answered(one, 'c2', 'aone', ['10.2.2.1']);
    for (const name of ['n1', 'n2']) await one.weft(['rm', name]);
  });

  it('245 (equal): in any case, also of reverse questions; names that differ in case are one', async () => {
    await start(one, { name: 'c1', hostname: 'SeEtWo.weave.local' });
    await start(one, { name: 'c2', hostname: 'seetwo.weave.local' });
    await start(one, { name: 'c3', hostname: 'seeone.weave.local' });
    const both = [await one.addressOf('c1'), await one.addressOf('c2')];
    for (const name of ['seetwo.weave.local', 'SEETWO.weave.local', 'SeEtWo.WEAVE.Local'])
      await answered(one, 'asker', name, both);
    const reverse = (await one.addressOf('c3')).split('.').reverse().join('.');
    for (const zone of ['in-addr.arpa', 'IN-ADDR.ARPA']) {
      const { answer } = await one.digInside('asker', `${reverse}.${zone}.`, 'PTR');
      expect(answer.map(({ data }) => data)).toContain('seeone.weave.local.');
    }
  });

  it('260, 265 (equal): go with the container; an address that has a new owner is called after that one', async () => {
    const same = (await one.createNetwork('fixed')).replace(/0\/24$/, '200');
    for (const name of ['acontainer', 'bcontainer', 'ccontainer']) {
      await start(one, { name, network: 'fixed', ip: same });
      await forwardAndBack(one, 'asker', `${name}.weave.local`, [same]);
      await one.removeContainer(name);
      await answered(one, 'asker', name, []);
      expect(await one.ask('asker', same, 'PTR')).toEqual([]);
    }
  });

  it('270 (better): from --name and from the host name, where weave took one of them only', async () => {
    const rows: readonly [string, string | undefined, readonly string[]][] = [
      ['name1', undefined, ['name1']],
      ['name2', 'host2', ['name2', 'host2']],
      ['name3', 'host3.weave.local', ['name3', 'host3']],
      // Unlike with weave, a foreign host name takes nothing away.
      ['name4', 'host4.example.com', ['name4']],
    ];
    for (const [name, hostname, names] of rows) {
      await start(one, { name, ...(hostname && { hostname }) });
      for (const each of names) await answered(one, 'asker', `${each}.weave.local`, [await one.addressOf(name)]);
    }
    const id = await start(one, { name: 'name5' });
    await answered(two, 'asker', `${id.slice(0, 12)}.weave.local`, [await one.addressOf('name5')]);
  });

  it('230, 635 (equal): of one label are found with the search list and without, also those made by hand', async () => {
    await start(one, { name: 'c1', hostname: 'seeone' });
    await start(one, { name: 'searching', image: 'glibc' });
    await start(one, { name: 'bare', image: 'glibc', dnsSearch: ['.'] });
    await one.weft(['dns-add', '192.0.2.33', '-h', 'mysql.weave.local']);
    for (const asker of ['searching', 'bare']) {
      await answered(one, asker, 'seeone', [await one.addressOf('c1')]);
      await answered(one, asker, 'mysql', ['192.0.2.33']);
    }
    await one.weft(['dns-remove', '192.0.2.33', '-h', 'mysql.weave.local']);
    await answered(one, 'bare', 'mysql', []);
  });

  it('280, 630 (different): a container asks only if it is told to, and is found unless it says no', async () => {
    // weave's proxy set --dns for what it started; Weft sits in nobody's way: `dns-args` or daemon.json does it.
    await start(one, { name: 'c1' });
    await start(one, { name: 'without', image: 'glibc', dns: false, options: ['--add-host', 'aone:10.2.2.1'] });
    await start(one, { name: 'unseen', labels: { 'weft.ignore': '' } });
    await answered(one, 'asker', 'c1', [await one.addressOf('c1')]);
    await answered(one, 'asker', 'without', [await one.addressOf('without')]);
    await answered(one, 'without', 'c1.weave.local', []);
    await answered(one, 'without', 'aone', ['10.2.2.1']);
    expect(await one.ask('asker', 'unseen')).toEqual([]);
    expect((await one.weft(['dns-args'])).stdout).toBe(`--dns=${one.gateway} --dns-search=weave.local`);
  });
});

describe('names on several hosts', () => {
  it('210 (better): gather the addresses of all hosts, and follow them five times down and up', async () => {
    const names = ['foo', 'bar'];
    for (const name of names)
      await Promise.all(
        lab.hosts.map((host) => start(host, { name: `${name}-${host.number}`, labels: { 'weft.name': name } })),
      );
    const everyone = async (wanted: (name: string) => Promise<string[]>) => {
      for (const name of names) await answeredOnAll(lab.hosts, name, await wanted(name));
    };
    const all = (name: string) => Promise.all(lab.hosts.map((host) => host.addressOf(`${name}-${host.number}`)));
    const containers = (host: LabHost) => names.map((name) => `${name}-${host.number}`);
    await everyone(all);
    for (let turn = 0; turn < 5; turn += 1) {
      await Promise.all(lab.hosts.map((host) => host.docker('kill', ...containers(host))));
      await everyone(async () => []);
      await Promise.all(lab.hosts.map((host) => host.docker('start', ...containers(host))));
      await everyone(all);
    }
    // weave forgot these with the container or its peer; here they stay until somebody removes them, anywhere.
    for (const ip of ['192.0.2.1', '192.0.2.2']) await one.weft(['dns-add', ip, 'foo-1', '-h', 'extra.weave.local']);
    await one.weft(['dns-add', 'foo-1', '-h', 'extra.weave.local']);
    const extra = ['192.0.2.1', '192.0.2.2', await one.addressOf('foo-1')];
    await answeredOnAll(lab.hosts, 'extra', extra);
    await three.weft(['rm', 'extra']);
    await answeredOnAll(lab.hosts, 'extra', []);
  });

  it('215 (better): what a host learnt before it was cut off does not bring a removed container back', async () => {
    // weave needed a chain without discovery for this; agents of Weft find each other, so the third host is cut off.
    await start(one, { name: 'c1' });
    await answered(three, 'asker', 'c1', [await one.addressOf('c1')]);
    await three.cut();
    await one.stopAgent();
    await one.removeContainer('c1');
    await one.startAgent([three.address]);
    await answered(two, 'asker', 'c1', []);
    await three.heal();
    await answered(three, 'asker', 'c1', []);
    await until('all hosts are together', async () =>
      (await Promise.all(lab.hosts.map(seesAll))).every((sees) => sees),
    );
    for (const host of lab.hosts) expect(await host.ask('asker', 'c1')).toEqual([]);
  });

  it('255 (better): are back when an agent is, and meanwhile stay on the other hosts', async () => {
    await start(one, { name: 'c1' });
    await start(two, { name: 'c2' });
    await answered(two, 'asker', 'c1', [await one.addressOf('c1')]);
    await one.stopAgent();
    expect(await two.ask('asker', 'c1')).toEqual([await one.addressOf('c1')]);
    await one.startAgent();
    await answered(one, 'asker', 'c1', [await one.addressOf('c1')]);
    await answered(one, 'asker', 'c2', [await two.addressOf('c2')]);
  });

  it('500 (different): follow the networks of a container, which the engine connects instead of weave', async () => {
    await one.createNetwork('second');
    await one.createNetwork('third');
    await start(one, { name: 'c1' });
    const networks = ['bridge', 'second', 'third'];
    const addresses = (names: readonly string[]) => Promise.all(names.map((name) => one.addressOf('c1', name)));
    for (const name of networks.slice(1)) await one.docker('network', 'connect', name, 'c1');
    // Asked from afar, where no network is nearer than another one.
    await answered(two, 'asker', 'c1', await addresses(networks));
    for (const name of networks.slice(1)) await one.docker('network', 'disconnect', name, 'c1');
    await answered(two, 'asker', 'c1', await addresses(['bridge']));
    await one.docker('network', 'disconnect', 'bridge', 'c1');
    await answered(two, 'asker', 'c1', []);
    await one.docker('network', 'connect', 'bridge', 'c1');
    await answered(two, 'asker', 'c1', await addresses(['bridge']));
  });

  it('640 (better): survive every way in which a container, an agent and an engine start again', async () => {
    await start(one, { name: 'c2', options: ['--restart', 'always'] });
    const found = async () => answeredOnAll([one, two], 'c2', [await one.addressOf('c2')]);
    await found();
    await one.docker('restart', 'c2');
    await found();
    await one.stopAgent('SIGKILL');
    await one.startAgent();
    await found();
    const pid = await one.docker('inspect', '--format', '{{.State.Pid}}', 'c2');
    await one.machine.run(['kill', '-KILL', pid]);
    await until('the engine started it again', async () => {
      const now = await one.docker('inspect', '--format', '{{.State.Pid}}', 'c2');
      return now !== pid && now !== '0';
    });
    await found();
    await one.restartEngine();
    await one.startContainer('asker');
    await found();
  });
});

describe('names made by hand', () => {
  it('240 (different): dns-add and dns-remove by address, by container and by both', async () => {
    // weave had to be told every name of a container that was attached --without-dns; here such a name is one more.
    await start(one, { name: 'c1' });
    const own = await one.addressOf('c1');
    const weft = async (...words: string[]) => expect(await one.weft(words)).toMatchObject({ code: 0, stderr: '' });
    const other = ['-h', 'other.weave.local'];
    const has = (addresses: string[]) => answeredOnAll([one, two], 'other', addresses);
    await weft('dns-add', own, 'c1', ...other);
    await has([own]);
    await weft('dns-remove', own, 'c1', ...other);
    await has([]);
    await weft('dns-add', 'c1', ...other);
    await has([own]);
    await weft('dns-remove', 'c1', ...other);
    await has([]);
    await weft('dns-add', '192.0.2.9', ...other);
    await has(['192.0.2.9']);
    await weft('dns-remove', '192.0.2.9', ...other);
    await has([]);
    await answered(one, 'asker', 'c1', [own]);
  });

  it('295 (equal): fifty addresses of one name all arrive, however they are asked for', async () => {
    const fifty = Array.from({ length: 50 }, (_, index) => `198.51.100.${index + 1}`);
    await one.weft(['add', 'many', ...fifty]);
    await until('all are known', async () => (await two.digInside('asker', 'many.weave.local.')).answer.length === 50);
    for (const options of [[], ['+tcp'], ['+bufsize=700'], ['+noedns'], ['+tcp', '+bufsize=700']]) {
      const { answer } = await two.digInside('asker', 'many.weave.local.', 'A', ...options);
      expect(new Set(answer.map(({ data }) => data))).toEqual(new Set(fifty));
    }
    await two.weft(['rm', 'many']);
  });
});

describe('questions', () => {
  it('250, 290 (better): of any type, about our names and those of others', async () => {
    await start(one, { name: 'c1' });
    await answered(one, 'asker', 'c1', [await one.addressOf('c1')]);
    const dig = (name: string, type = 'A') => one.digInside('asker', name, type);
    // weave left out the SOA record, without which caches cannot keep the answer.
    for (const [name, type, rcode] of [
      ['c1.weave.local.', 'MX', 'NOERROR'],
      ['nobody.weave.local.', 'MX', 'NXDOMAIN'],
      ['nobody.weave.local.', 'A', 'NXDOMAIN'],
    ] as const) {
      const reply = await dig(name, type);
      expect(reply).toMatchObject({ rcode, answer: [] });
      expect(reply.authority.map((record) => record.type)).toEqual(['SOA']);
    }
    expect((await dig('nobody.example.', 'MX')).rcode).toBe('NXDOMAIN');
    expect((await dig('example.org.', 'MX')).answer.map(({ data }) => data)).toEqual(['10 mail.example.org.']);
    expect((await dig('7.2.0.192.in-addr.arpa.', 'PTR')).answer.map(({ data }) => data)).toEqual(['www.example.org.']);
    await answered(one, 'asker', 'www.example.org', ['192.0.2.7']);
  });
});

describe('settings of the agent', () => {
  it('205 (equal): without DNS there are no arguments for it, and other names still resolve', async () => {
    await restart(one, ['--no-dns']);
    expect((await one.weft(['dns-args'])).stdout).toBe('');
    await start(one, { name: 'plain', image: 'glibc', dns: false });
    await answered(one, 'plain', 'www.example.org', ['192.0.2.7']);
  });

  it.each(['foo.bar', 'foo.bar.'])('220 (equal): a domain of its own, given as %s', async (domain) => {
    await restart(one, ['--domain', domain]);
    await start(one, { name: 'c2', hostname: 'seetwo.foo.bar' });
    await start(one, { name: 'c1', image: 'glibc', dnsSearch: ['foo.bar'] });
    await forwardAndBack(one, 'c1', 'seetwo.foo.bar', [await one.addressOf('c2')]);
    await answered(one, 'c1', 'seetwo', [await one.addressOf('c2')]);
    await answered(one, 'c1', 'seetwo.weave.local', []);
  });
});

describe('settings of names', () => {
  beforeAll(async () => {
    const rules = ['--hostname-match', '^aws-[0-9]+-(?P<service>.*)$', '--hostname-replacement', 'my-app-$service'];
    await restart(one, ['--domain', 'foo.bar', ...rules, '--hostname-from-label', 'hostname-label']);
  });

  it('225 (equal): sub-domains, found by full name and by search list', async () => {
    await start(one, { name: 'c1', hostname: 'c1.sub1.foo.bar', image: 'glibc', dnsSearch: ['sub1.foo.bar'] });
    await start(one, { name: 'c2', hostname: 'c2.sub1.foo.bar' });
    await start(one, { name: 'c3', hostname: 'c3.sub2.foo.bar', image: 'glibc', dnsSearch: ['sub1.foo.bar'] });
    const c2 = [await one.addressOf('c2')];
    await answered(one, 'c1', 'c2.sub1.foo.bar', c2);
    await answered(one, 'c1', 'c3.sub2.foo.bar', [await one.addressOf('c3')]);
    for (const asker of ['c1', 'c3']) await answered(one, asker, 'c2', c2);
  });

  it('680 (equal): names taken from a label and rewritten by a regular expression', async () => {
    await start(one, { name: 'aws-12798186823-foo' });
    await start(one, { name: 'plain' });
    await start(one, { name: 'labelled', labels: { 'hostname-label': 'from-label' } });
    await start(one, { name: 'both', labels: { 'hostname-label': 'aws-1-baz' } });
    for (const [container, name] of [
      ['aws-12798186823-foo', 'my-app-foo'],
      ['plain', 'plain'],
      ['labelled', 'from-label'],
      ['both', 'my-app-baz'],
    ] as const)
      await answered(one, 'asker', `${name}.foo.bar`, [await one.addressOf(container)]);
  });
});

function start(host: LabHost, spec: ContainerSpec): Promise<string> {
  return host.runContainer(spec);
}

async function clear(host: LabHost): Promise<void> {
  const names = (await host.docker('ps', '--all', '--format', '{{.Names}}')).split('\n');
  const made = names.filter((name) => name !== 'asker' && name !== '');
  if (made.length > 0) await host.docker('rm', '--force', ...made);
}

async function restart(host: LabHost, args: readonly string[]): Promise<void> {
  await host.stopAgent();
  await host.startAgent(args);
}

/** weave's `assert_dns_record`: the name gives the addresses, and each of them gives the name. */
async function forwardAndBack(host: LabHost, asker: string, name: string, addresses: readonly string[]) {
  await answered(host, asker, name, addresses);
  for (const address of addresses) {
    const reverse = `${address.split('.').reverse().join('.')}.in-addr.arpa`;
    const { answer } = await host.query(host.gateway, reverse, 'PTR');
    expect(answer.map(({ data }) => data)).toContain(`${name}.`);
  }
}

async function seesAll(host: LabHost): Promise<boolean> {
  const { stdout } = await host.weft(['status', '--json']);
  const { hosts } = JSON.parse(stdout) as { hosts: readonly { status: string }[] };
  return hosts.length === lab.hosts.length && hosts.every(({ status }) => status === 'self' || status === 'alive');
}

/** A name server where the hosts' resolv.conf says, with records of several types; it is gone with the lab. */
async function startInternet(): Promise<void> {
  const records = [
    ...['--host-record=www.example.org,192.0.2.7', '--mx-host=example.org,mail.example.org,10'],
    '--ptr-record=7.2.0.192.in-addr.arpa,www.example.org',
  ];
  const enter = ['nsenter', `--net=/run/netns/${lab.wire.namespace}`];
  const server = ['dnsmasq', '--no-resolv', '--no-hosts', '--local=/#/', '--pid-file', '--user=root', ...records];
  await run([...enter, ...server, `--listen-address=${outsideAddress}`, '--bind-interfaces']);
}
