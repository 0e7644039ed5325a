import { readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeGateway } from '../support/lab/addresses.ts';
import { repository } from '../support/lab/bundle.ts';
import { run } from '../support/lab/command.ts';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';

/** The recipes of docs/recipes, followed on a host of the lab: what they tell to write is read from their pages. */

const gateway = bridgeGateway(1);
let lab: Lab;
let host: LabHost;

beforeAll(async () => {
  lab = await Lab.create(1, { engineSettings: JSON.parse(codeOf('daemon-json.md', 'json')) });
  host = lab.host(1);
  await lab.startOutside({ 'www.example.com': '192.0.2.80' });
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('daemon.json', () => {
  it('makes containers ask Weft that were told nothing, on the bridge and on networks of their own', async () => {
    await host.startAgent();
    await host.createNetwork('shop');
    for (const network of ['bridge', 'shop'])
      await host.runContainer({ name: `web-${network}`, image: 'glibc', network, dns: false });
    for (const asker of ['web-bridge', 'web-shop']) {
      const wanted = [await host.addressOf('web-bridge')];
      await until(
        `${asker} finds web-bridge`,
        async () => (await host.ask(asker, 'web-bridge')).join() === wanted.join(),
      );
      expect(await host.ask(asker, 'www.example.com')).toEqual(['192.0.2.80']);
    }
    await host.stopAgent();
  });
});

describe('a host that has something on port 53', () => {
  it('at 127.0.0.53 only: the agent answers at the bridge', async () => {
    const other = await dnsmasq('--listen-address=127.0.0.53', '--bind-interfaces');
    await host.startAgent();
    expect(await host.agent.request('GET', '/readyz')).toMatchObject({ status: 200 });
    await host.stopAgent();
    await other.stop();
  });

  it('at every address: it says who, and answers as soon as that one leaves the bridge alone', async () => {
    const other = await dnsmasq();
    const agent = await host.startAgent([], { untilReady: false });
    const said = new RegExp(
      `No questions are answered: cannot answer DNS on ${gateway}:53: the port is taken by dnsmasq`,
    );
    await until('it says who has the port', async () => said.test((await host.weft(['status'])).stdout));
    await other.stop();
    const polite = await dnsmasq('--bind-dynamic', '--except-interface=docker0');
    await agent.ready();
    expect((await host.query(gateway, 'web-bridge.weave.local')).rcode).toBe('NOERROR');
    await host.stopAgent();
    await polite.stop();
  });
});

describe('systemd-resolved', () => {
  it('asks Weft for its domain, and everybody else for the rest, though the agent asks what it asks', async () => {
    const program = await systemdResolved();
    const config = '/run/systemd/resolved.conf.d/weft.conf';
    await host.machine.run(['sh', '-euc', prepareResolved]);
    await host.machine.run(['tee', config], { input: codeOf('systemd-resolved.md', 'ini') });
    const resolved = await host.machine.start('systemd-resolved', [program]);
    const resolvConf = '/run/systemd/resolve/resolv.conf';
    await until('it runs', () => host.machine.attempt(['test', '-s', resolvConf]).then(({ code }) => code === 0));
    await host.startAgent(['--resolv-conf', resolvConf]);
    const wanted = await host.addressOf('web-bridge');
    const ask = async (name: string) =>
      (await host.machine.attempt(['dig', '+short', '@127.0.0.53', name])).stdout.trim();
    await until('the host finds web-bridge', async () => (await ask('web-bridge.weave.local')) === wanted);
    await host.stopAgent();
    await resolved.stop();
  });
});

/** The first block of code in this language on a page of the recipes, for this host of the lab. */
function codeOf(page: string, language: string): string {
  const text = readFileSync(join(repository, 'docs/recipes', page), 'utf8');
  const [, code] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(text) ?? [];
  if (code === undefined) throw new Error(`${page} has no ${language}`);
  return code.replaceAll('172.17.0.1', gateway);
}

async function dnsmasq(...options: string[]): Promise<Daemon> {
  const own = [
    '--keep-in-foreground',
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    '--pid-file',
    '--user=root',
  ];
  const daemon = await host.machine.start('dnsmasq', ['dnsmasq', ...own, ...options]);
  await until('dnsmasq listens', async () => (await host.machine.run(['ss', '-lnu'])).includes(':53 '));
  return daemon;
}

/**
 * Taken out of its Debian package and not installed: that would turn the machine's own resolv.conf to it. Not in the
 * packages' list for the same reason.
 */
async function systemdResolved(): Promise<string> {
  const cache = join(repository, 'node_modules/.cache/weft-lab/systemd-resolved');
  const program = join(cache, 'lib/systemd/systemd-resolved');
  if ((await run(['sh', '-c', `test -x ${program} && echo there || true`])).includes('there')) return program;
  const work = `${cache}-new`;
  await mkdir(work, { recursive: true });
  await run(['sh', '-euc', `cd ${work} && apt-get -qq download systemd-resolved && dpkg -x *.deb .`]);
  await rename(work, cache);
  return program;
}

/** A user and directories that installing it would have made, for this machine of the lab only. */
const prepareResolved = `
  mkdir -p /run/systemd/resolve /run/systemd/resolved.conf.d
  for table in passwd group; do cp /etc/$table /run/$table; done
  echo 'systemd-resolve:x:990:990::/:/usr/sbin/nologin' >> /run/passwd
  echo 'systemd-resolve:x:990:' >> /run/group
  for table in passwd group; do mount --bind /run/$table /etc/$table; done
  chown 990:990 /run/systemd/resolve
`;
