import type { WeaveReport } from './weave-report.ts';

/** `weave status`: one block for each service, keys right-aligned to column 15. */
export function statusText(report: WeaveReport): string {
  const { Router: router } = report;
  const router15 = block([
    ['Service', 'router'],
    ['Protocol', `${router.Protocol} ${router.ProtocolMinVersion}`],
    ['Name', `${router.Name}(${router.NickName})`],
    ['Encryption', router.Encryption ? 'enabled' : 'disabled'],
    ['PeerDiscovery', router.PeerDiscovery ? 'enabled' : 'disabled'],
    ['Targets', String(router.Targets.length)],
    ['Connections', countConnections(report)],
    ['Peers', countPeers(report)],
    ['TrustedSubnets', listed(router.TrustedSubnets)],
  ]);
  return [block([['Version', report.Version]]), router15, ...dnsBlock(report), ...engineBlock(report)].join('\n');
}

/** `weave status dns`: name, address, container and origin of each address. */
export function dnsText({ DNS: dns }: WeaveReport): string {
  if (!dns) return '';
  return lines(
    (dns.Entries ?? []).map((entry) => {
      const name = entry.Hostname.slice(0, -dns.Domain.length - 1);
      const container = entry.ContainerID.slice(0, 12).padStart(12);
      return `${name.padEnd(12)} ${entry.Address.padEnd(15)} ${container} ${entry.Origin}`;
    }),
  );
}

/** `weave status peers`: every host and its links under it; a host that does not answer says so. */
export function peersText({ Router: router }: WeaveReport): string {
  return lines(
    router.Peers.flatMap((peer) => [
      `${peer.Name}(${peer.NickName})${['self', 'alive'].includes(peer.Status) ? '' : ` ${peer.Status}`}`,
      ...peer.Connections.map((link) => {
        const name = `${link.Name}(${link.NickName})`;
        const state = link.Established ? 'established' : 'pending';
        return `   ${arrow(link)} ${link.Address.padEnd(21)} ${name.padEnd(37)} ${state}`;
      }),
    ]),
  );
}

/** `weave status connections`: this agent's links and what each is at. */
export function connectionsText({ Router: router }: WeaveReport): string {
  return lines(
    router.Connections.map((link) =>
      `${arrow(link)} ${link.Address.padEnd(21)} ${link.State.padEnd(11)} ${link.Info}`.trimEnd(),
    ),
  );
}

/** `weave status targets`: the addresses that are dialled. */
export function targetsText({ Router: router }: WeaveReport): string {
  return lines(router.Targets);
}

function dnsBlock({ DNS: dns }: WeaveReport): string[] {
  if (!dns) return [];
  return [
    block([
      ['Service', 'dns'],
      ['Domain', dns.Domain],
      ['Upstream', listed(dns.Upstream)],
      ['TTL', String(dns.TTL)],
      ['Entries', String(dns.Entries?.length ?? 0)],
      ['Address', dns.Address],
    ]),
  ];
}

function engineBlock({ Weft: { Engine: engine } }: WeaveReport): string[] {
  if (!engine) return [];
  const version = engine.version === undefined ? '' : ` ${engine.version}`;
  const state = engine.connected
    ? `${engine.type ?? 'docker'}${version}`
    : `none (${engine.problem ?? 'not connected'})`;
  return [
    block([
      ['Service', 'engine'],
      ['Engine', state],
      ['Containers', String(engine.containers)],
    ]),
  ];
}

/** The column that weave's colons stand in. */
const keyWidth = 15;

function block(pairs: readonly (readonly [string, string])[]): string {
  return lines(pairs.map(([key, value]) => `${key.padStart(keyWidth)}: ${value}`.trimEnd()));
}

function countConnections({ Router: { Connections: links } }: WeaveReport): string {
  const states = ['established', 'pending', 'retrying', 'failed', 'connecting'];
  const counts = states
    .map((state) => `${links.filter((link) => link.State === state).length} ${state}`)
    .filter((count) => !count.startsWith('0 '));
  return counts.length === 0 ? '0' : `${links.length} (${counts.join(', ')})`;
}

/** weave counts what each peer says of its connections, and so each of them twice. */
function countPeers({ Router: { Peers: peers } }: WeaveReport): string {
  const connections = peers.flatMap((peer) => peer.Connections);
  if (connections.length === 0) return String(peers.length);
  const established = connections.filter((each) => each.Established).length;
  const pending = connections.length - established;
  const counts = [`${established} established`, `${pending} pending`].filter((count) => !count.startsWith('0 '));
  return `${peers.length} (with ${counts.join(', ')} connections)`;
}

function arrow({ Outbound }: { readonly Outbound: boolean }): string {
  return Outbound ? '->' : '<-';
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
