import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from './dns-load.ts';
import { benchAddresses, benchDomain, benchName, foreignDomain, podmanDomain } from './dns-zone.ts';

/** What a server of the benchmark is started with. */
export interface Setting {
  readonly port: number;
  readonly names: number;
  /** Addresses of each name; all three unless said. */
  readonly each?: number;
  /** An empty directory of its own. */
  readonly directory: string;
  /** Where it asks for names outside. */
  readonly upstream: number | undefined;
}

/** A server that takes part. */
export interface Peer {
  readonly name: string;
  readonly domain: string;
  readonly forwards: boolean;
  readonly isHere: () => boolean;
  readonly start: (setting: Setting) => Server;
}

const here = (...paths: string[]) => paths.some((path) => existsSync(path));
const bench = (file: string) => join(import.meta.dirname, file);
const node = process.execPath;

export const peers: readonly Peer[] = [
  {
    name: 'Weft',
    domain: benchDomain,
    forwards: true,
    isHere: () => true,
    start: ({ port, names, upstream }) => {
      const more = upstream === undefined ? [] : ['--upstream', String(upstream)];
      return new Server([node, bench('dns-weft.ts'), '--port', String(port), '--names', String(names), ...more], port);
    },
  },
  {
    name: 'dns2',
    domain: benchDomain,
    forwards: false,
    isHere: () => true,
    start: ({ port, names }) => new Server([node, bench('dns-dns2.ts'), String(port), String(names)], port),
  },
  {
    name: 'dnsmasq',
    domain: benchDomain,
    forwards: true,
    isHere: () => here('/usr/sbin/dnsmasq'),
    start: ({ port, names, each, directory, upstream }) => {
      const lines = everyAddress(names, (name, address) => `${address} ${name}.${benchDomain}`, each);
      const hosts = write(directory, 'hosts', lines);
      const outside = upstream === undefined ? [] : [`--server=127.0.0.1#${upstream}`];
      const options = [
        '-k',
        '-C',
        '/dev/null',
        '-h',
        '-R',
        '-p',
        String(port),
        '-H',
        hosts,
        '-a',
        '127.0.0.1',
        '-z',
        '-c',
        '10000',
        '-u',
        'root',
        `--local=/${benchDomain}/`,
      ];
      return new Server(['/usr/sbin/dnsmasq', ...options, ...outside, '--local-ttl=1'], port);
    },
  },
  {
    name: 'unbound',
    domain: benchDomain,
    forwards: true,
    isHere: () => here('/usr/sbin/unbound'),
    start: ({ port, names, each, directory, upstream }) => {
      const data = everyAddress(names, (name, address) => `local-data: "${name}.${benchDomain}. 1 A ${address}"`, each);
      const outside = upstream === undefined ? '' : `forward-zone:\n name: "."\n forward-addr: 127.0.0.1@${upstream}\n`;
      const config = `server:\n interface: 127.0.0.1@${port}\n do-daemonize: no\n username: ""\n chroot: ""\n pidfile: ""\n use-syslog: no\n num-threads: 1\n do-not-query-localhost: no\n module-config: "iterator"\n local-zone: "${benchDomain}." static\n${data}\n${outside}remote-control:\n control-enable: no\n`;
      return new Server(['/usr/sbin/unbound', '-d', '-c', write(directory, 'unbound.conf', config)], port);
    },
  },
  {
    name: 'BIND',
    domain: benchDomain,
    forwards: true,
    isHere: () => here('/usr/sbin/named'),
    start: ({ port, names, directory, upstream }) => {
      const zone = write(directory, 'zone', zoneFile(names));
      const outside =
        upstream === undefined
          ? 'recursion no;'
          : `recursion yes; forward only; forwarders { 127.0.0.1 port ${upstream}; }; dnssec-validation no;`;
      const config = `options { directory "${directory}"; pid-file none; session-keyfile "${directory}/session.key"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; ${outside} };\ncontrols { };\nzone "${benchDomain}" { type primary; file "${zone}"; };\n`;
      return new Server(['/usr/sbin/named', '-f', '-n', '1', '-c', write(directory, 'named.conf', config)], port);
    },
  },
  {
    name: 'NSD',
    domain: benchDomain,
    forwards: false,
    isHere: () => here('/usr/sbin/nsd'),
    start: ({ port, names, directory }) => {
      const zone = write(directory, 'zone', zoneFile(names));
      const config = `server:\n ip-address: 127.0.0.1@${port}\n username: ""\n server-count: 1\n zonesdir: "${directory}"\n pidfile: ""\n xfrdfile: "${directory}/xfrd.state"\n zonelistfile: "${directory}/zone.list"\n xfrdir: "${directory}"\n rrl-ratelimit: 0\nremote-control:\n control-enable: no\nzone:\n name: ${benchDomain}\n zonefile: "${zone}"\n`;
      return new Server(['/usr/sbin/nsd', '-d', '-c', write(directory, 'nsd.conf', config)], port);
    },
  },
  {
    name: 'Knot',
    domain: benchDomain,
    forwards: false,
    isHere: () => here('/usr/sbin/knotd'),
    start: ({ port, names, directory }) => {
      const zone = write(directory, 'zone', zoneFile(names));
      const config = `server:\n  listen: 127.0.0.1@${port}\n  rundir: "${directory}"\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\ndatabase:\n  storage: "${directory}"\nzone:\n  - domain: ${benchDomain}\n    file: "${zone}"\n`;
      return new Server(['/usr/sbin/knotd', '-c', write(directory, 'knot.conf', config)], port);
    },
  },
  {
    name: 'aardvark-dns',
    domain: podmanDomain,
    forwards: false,
    isHere: () => here('/usr/lib/podman/aardvark-dns'),
    start: ({ port, names, each, directory }) => {
      let container = 0;
      const lines = everyAddress(
        names,
        (name, address) => `${'0'.repeat(56)}${(container++).toString(16).padStart(8, '0')} ${address}  ${name}`,
        each,
      );
      mkdirSync(join(directory, 'networks'));
      write(directory, 'networks/podman', ['127.0.0.1', lines, ''].join('\n'));
      return new Server(
        ['/usr/lib/podman/aardvark-dns', '--config', join(directory, 'networks'), '--port', String(port), 'run'],
        port,
      );
    },
  },
];

/** The questions of a row, as dnsperf reads them, in an order without pattern. */
export function questionFile(directory: string, name: string, lines: readonly string[]): string {
  const stride = 7919;
  const mixed = lines.map((_, index) => lines[(index * stride) % lines.length] ?? '');
  return write(directory, name, `${(lines.length % stride === 0 ? lines : mixed).join('\n')}\n`);
}

export function foreignName(index: number): string {
  return `host${index}.${foreignDomain}`;
}

function write(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function everyAddress(names: number, line: (name: string, address: string) => string, each = 3): string {
  return Array.from({ length: names }, (_, index) =>
    benchAddresses(index)
      .slice(0, each)
      .map((address) => line(benchName(index), address)),
  )
    .flat()
    .join('\n');
}

function zoneFile(names: number): string {
  const head = `$ORIGIN ${benchDomain}.\n@ 1 SOA ns hostmaster 1 7200 1800 86400 1\n@ 1 NS ns\nns 1 A 192.0.2.53\n`;
  return `${head}${everyAddress(names, (name, address) => `${name} 1 A ${address}`)}\n`;
}
