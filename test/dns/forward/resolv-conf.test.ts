import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { parseResolvConf } from '../../../src/dns/forward/resolv-conf.ts';
import { Source } from '../../../src/dns/forward/source.ts';
import { silentLog } from '../../../src/log.ts';
import { until } from './until.ts';

describe('resolv.conf', () => {
  it('names its upstreams in order, by IPv4 and IPv6, with zones', () => {
    const text = [
      '# nameserver 192.0.2.99',
      'search example.com',
      'nameserver 192.0.2.53',
      'nameserver\t2001:db8::53 # ours',
      'nameserver fe80::1%eth0',
      'options ndots:5',
      'nameserverx 192.0.2.98',
    ].join('\n');
    expect(addresses(text)).toEqual(['192.0.2.53', '2001:db8::53', 'fe80::1%eth0']);
  });

  it('tells of lines that hold no address, and takes eight upstreams at most', () => {
    expect(parseResolvConf('nameserver resolver.example\n').unreadable).toEqual(['resolver.example']);
    const many = Array.from({ length: 100 }, (_, index) => `nameserver 192.0.2.${index}\n`).join('');
    expect(addresses(many)).toHaveLength(8);
  });

  it.each(['', '\0\0\0', 'nameserver', 'nameserver \n', '\r\nnameserver'])('finds nothing in %j', (text) => {
    expect(addresses(text)).toEqual([]);
  });

  it('reads lines that end as on other systems', () => {
    expect(addresses('nameserver 192.0.2.53\r\n')).toEqual(['192.0.2.53']);
  });
});

describe('the file with the upstreams, followed live', () => {
  let directory: string;
  let path: string;
  let heard: string[][];
  let source: Source;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weft-resolv-'));
    path = join(directory, 'resolv.conf');
    heard = [];
    source = new Source(systemClock, silentLog, 20, (upstreams) => heard.push(upstreams.map(({ address }) => address)));
    await writeFile(path, 'nameserver 192.0.2.1\n');
  });

  afterEach(async () => {
    source.stop();
    await rm(directory, { recursive: true });
  });

  it('is read before it starts', async () => {
    await source.follow({ resolvConf: path });
    expect(heard).toEqual([['192.0.2.1']]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['written in place', () => writeFile(path, 'nameserver 192.0.2.2\n')],
    ['renamed over', () => writeFile(`${path}.new`, 'nameserver 192.0.2.2\n').then(() => rename(`${path}.new`, path))],
    ['removed and made again', () => unlink(path).then(() => writeFile(path, 'nameserver 192.0.2.2\n'))],
  ])('is read again when it is %s', async (_, change) => {
    await source.follow({ resolvConf: path });
    await change();
    await until(() => expect(heard).toEqual([['192.0.2.1'], ['192.0.2.2']]));
  });

  it('is read again when it is a symbolic link that is turned elsewhere, or whose target changes', async () => {
    const run = join(directory, 'run');
    await mkdir(run);
    await writeFile(join(run, 'stub.conf'), 'nameserver 192.0.2.2\n');
    await writeFile(join(run, 'real.conf'), 'nameserver 192.0.2.3\n');
    await rm(path);
    await symlink(join(run, 'stub.conf'), path);
    await source.follow({ resolvConf: path });
    await symlink(join(run, 'real.conf'), `${path}.new`);
    await rename(`${path}.new`, path);
    await until(() => expect(heard.at(-1)).toEqual(['192.0.2.3']));
    await writeFile(join(run, 'real.conf'), 'nameserver 192.0.2.4\n');
    await until(() => expect(heard.at(-1)).toEqual(['192.0.2.4']));
  });

  it('keeps what it knew when it cannot be read, and takes it up when it can', async () => {
    await source.follow({ resolvConf: join(directory, 'later', 'resolv.conf') });
    expect(heard).toEqual([]);
    await mkdir(join(directory, 'later'));
    await writeFile(join(directory, 'later', 'resolv.conf'), 'nameserver 192.0.2.5\n');
    await until(() => expect(heard).toEqual([['192.0.2.5']]));
    await rm(join(directory, 'later'), { recursive: true });
    await source.follow({ resolvConf: directory });
    expect(heard).toEqual([['192.0.2.5']]);
  });

  it('believes that there are no upstreams only when it stays empty', async () => {
    await source.follow({ resolvConf: path });
    await writeFile(path, '');
    await until(() => expect(heard).toEqual([['192.0.2.1'], []]));
  });
});

function addresses(text: string): string[] {
  return parseResolvConf(text).upstreams.map(({ address }) => address);
}
