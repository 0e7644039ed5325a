import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setup as buildBundle } from '../test/support/lab/bundle.ts';
import type { Daemon } from '../test/support/lab/daemon.ts';
import type { LabHost } from '../test/support/lab/host.ts';
import { Lab } from '../test/support/lab/lab.ts';
import { until } from '../test/support/lab/until.ts';
import { dockerContainers, podmanContainers, startWish } from './scenarios-engines.ts';
import type { Containers, Operator, Peer } from './scenarios-peer.ts';

/** The columns of the table, each on three hosts of a lab of its own. */
export const startPeer = { weft: startWeft, docker: startDocker, dnsmasq: startDnsmasq, aardvark: startAardvark };

const hosts = 3;
const domain = 'weave.local';
/** The user network that those need who do not answer on the default one. */
const network = 'peers';

async function startWeft(): Promise<Peer> {
  const lab = await createLab();
  const first = lab.host(1);
  buildBundle();
  await first.startAgent();
  for (const host of lab.hosts.slice(1)) await host.startAgent([first.address]);
  const containers = await withAskers(await dockerContainers(lab), []);
  return {
    title: 'Weft',
    setup:
      'an agent on each host, bundled as in its image, with its defaults; containers on the default bridge, named by a label; upgraded with `weft up --takeover`',
    reasons: unexplained,
    lab,
    containers,
    start: (wish) => {
      const service = wish.httpPort === undefined ? [] : ['--label', `weft.srv=_http._tcp:${wish.httpPort}`];
      return startWish(containers, wish, ['--label', `weft.name=${wish.name}`, ...service]);
    },
    question: (name) => `${name}.${domain}`,
    server: (host) => lab.host(host).gateway,
    restart: async () => {
      await first.stopAgent();
      await first.startAgent();
    },
    upgrade: async () => {
      const { agent } = first;
      await first.startAgent(['--takeover']);
      await agent.exited;
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

async function startDocker(): Promise<Peer> {
  const lab = await createLab({ 'live-restore': true });
  await Promise.all(lab.hosts.map((host) => host.createNetwork(network)));
  const containers = await withAskers(await dockerContainers(lab), ['--network', network]);
  return {
    title: "Docker's own resolver",
    setup: 'a user network of one name on each host, names as network aliases, `live-restore` set; no Swarm',
    reasons: {
      ...unexplained,
      across: 'it knows the containers of its own engine only',
      health: 'it does not look at health outside of Swarm',
      srv: 'it makes no SRV records of containers',
    },
    lab,
    containers,
    start: (wish) => startWish(containers, wish, ['--network', network, '--network-alias', `${wish.name}.${domain}`]),
    question: (name) => `${name}.${domain}`,
    server: () => '127.0.0.11',
    restart: () => lab.host(1).restartEngine(),
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

async function startDnsmasq(): Promise<Peer> {
  const lab = await createLab();
  const containers = await withAskers(await dockerContainers(lab), []);
  const operator: Operator = async (records) => {
    const lines = records.map(({ address, name }) => `${address} ${name}.${domain}\n`).join('');
    await Promise.all(lab.hosts.filter(({ machine }) => machine.isOn).map((host) => writeFile(hostsFile(host), lines)));
    for (const daemon of daemons) daemon.signal('SIGHUP');
  };
  for (const host of lab.hosts) await writeFile(hostsFile(host), '');
  const daemons: Daemon[] = await Promise.all(lab.hosts.map(startDnsmasqOn));
  const first = lab.host(1);
  return {
    title: 'dnsmasq, hosts file',
    setup:
      'one on each host with the same hosts file; an operator writes the file once for each row, when its containers run, and sends SIGHUP',
    reasons: {
      across: 'a container that nobody wrote down is not known',
      gone: 'nobody takes a line away but its operator',
      health: 'a hosts file has no health',
      srv: '',
    },
    lab,
    containers,
    operator,
    start: (wish) => startWish(containers, wish, []),
    question: (name) => `${name}.${domain}`,
    server: (host) => lab.host(host).gateway,
    restart: async () => {
      await daemons[0]?.stop();
      daemons[0] = await startDnsmasqOn(first);
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

/** SRV is an option and not in the hosts file: it has to be known when dnsmasq starts. */
function startDnsmasqOn(host: LabHost): Promise<Daemon> {
  return host.machine.start('dnsmasq', [
    ...['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root'],
    ...[`--addn-hosts=${hostsFile(host)}`, '--pid-file', `--local=/${domain}/`],
    ...[
      `--listen-address=${host.gateway}`,
      '--bind-interfaces',
      `--srv-host=_http._tcp.shop.${domain},shop.${domain},80`,
    ],
  ]);
}

function hostsFile({ machine }: LabHost): string {
  return join(machine.options.disk, 'hosts');
}

async function startAardvark(): Promise<Peer> {
  const lab = await createLab();
  const podman = await podmanContainers(lab);
  for (const { number } of lab.hosts)
    await podman.run(number, ['network', 'create', '--subnet', `10.99.${number}.0/24`, network]);
  const containers = await withAskers(podman, ['--network', network]);
  const { machine } = lab.host(1);
  for (const host of lab.hosts) await host.machine.run(['sh', '-euc', keepBridgeAddresses]);
  const pidFile = machine.path('/run/containers/networks/aardvark-dns/aardvark.pid');
  return {
    title: 'aardvark-dns',
    setup: 'Podman with netavark on each host, a user network of one name on each, names as network aliases',
    reasons: {
      ...unexplained,
      across: 'it knows the containers of its own host only',
      health: 'Podman does not tell it about health',
      srv: 'it has A, AAAA and PTR only',
    },
    lab,
    containers,
    start: (wish) => startWish(containers, wish, ['--network', network, '--network-alias', wish.name]),
    question: (name) => `${name}.dns.podman`,
    server: (host) => `10.99.${host}.1`,
    // Nobody supervises it: the next container that Podman starts or stops brings it back. Here it is back at once.
    restart: async () => {
      const restarting = `
        pid=$(cat "$1"); xargs -0 -n 1 < /proc/$pid/cmdline > /run/aardvark-words
        kill $pid; while kill -0 $pid 2> /dev/null; do sleep 0.01; done
        tr '\\n' '\\0' < /run/aardvark-words | xargs -0 setsid > /dev/null 2>&1 &
      `;
      await machine.run(['sh', '-euc', restarting, 'restart', pidFile.replace(/^\/proc\/\d+\/root/, '')]);
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

/**
 * A bridge takes the lowest hardware address of its ports, which come and go with containers, until it is given one;
 * containers send to the old one until they find out. Netavark gives it one since 1.9 (containers/netavark#833).
 */
const keepBridgeAddresses = `
  ip -o link show type bridge | sed -nE 's,^[0-9]+: (podman[0-9]+): .* link/ether ([0-9a-f:]+) .*,\\1 \\2,p' |
    while read -r link address; do ip link set dev "$link" address "$address"; done
`;

/** For a peer that needs no excuse. */
const unexplained = { across: '', gone: '', health: '', srv: '' };

async function createLab(engineSettings = {}): Promise<Lab> {
  const lab = await Lab.create(hosts, { engineSettings });
  // Whoever forwards what it does not know is told at once that nobody does.
  await lab.startOutside({});
  return lab;
}

async function withAskers(containers: Containers, words: readonly string[]): Promise<Containers> {
  const numbers = Array.from({ length: hosts }, (_, index) => index + 1);
  await Promise.all(numbers.map((host) => startWish(containers, { host, container: 'asker', name: 'asker' }, words)));
  await until('they run', async () => (await containers.inspect(1, 'asker')).address !== '');
  return containers;
}
