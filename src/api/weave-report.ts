import { isIPv6 } from 'node:net';
import type { HostId } from '../record.ts';
import type { AgentControl, HostView, LinkView } from './control.ts';
import type { RecordView } from './record-view.ts';

/** weave's report: the fields its users read by template; Weft's own data is under `Weft`. */
export function weaveReport(control: AgentControl, records: readonly RecordView[]) {
  const { agent } = control;
  return {
    Ready: control.readiness().ready,
    Version: agent.version,
    VersionCheck: null,
    Router: {
      Protocol: 'weft',
      ProtocolMinVersion: 1,
      ProtocolMaxVersion: 1,
      Encryption: control.encrypted(),
      PeerDiscovery: true,
      Name: agent.hostId,
      NickName: agent.hostName,
      Peers: reportPeers(control),
      Connections: reportConnections(control),
      Targets: targetsOf(control.links()),
      TrustedSubnets: [],
    },
    IPAM: null,
    DNS: reportDns(control, records),
    Proxy: null,
    Plugin: null,
    Weft: { Problems: control.problems(), Engine: control.engine() ?? null, Hosts: control.hosts() },
  };
}

export type WeaveReport = ReturnType<typeof weaveReport>;

/** The addresses that an operator asked to dial. */
export function targetsOf(links: readonly LinkView[]): string[] {
  return links.filter((link) => link.outbound).map((link) => link.address);
}

/** weave's entries: live addresses of the whole mesh. */
export function weaveEntries(records: readonly RecordView[]) {
  return records
    .filter(({ type, data }) => (type === 'A' || type === 'AAAA') && data !== '')
    .map((record) => ({
      Hostname: `${record.fullName}.`,
      Origin: record.host.name,
      ContainerID: record.container?.id ?? 'weave:extern',
      Address: record.data,
      Version: 0,
      Tombstone: 0,
    }));
}

/** weave shows upstream servers without their port, which is always 53. */
function withoutDnsPort(server: string): string {
  return isIPv6(server) ? server : server.replace(/:53$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** What weave's mesh knows of a peer's connections. */
interface PeerConnection {
  readonly Name: string;
  readonly NickName: string;
  readonly Address: string;
  readonly Outbound: boolean;
  readonly Established: boolean;
}

function reportPeers(control: AgentControl) {
  const hosts = control.hosts();
  const byId = new Map(hosts.map((host) => [host.id, host]));
  const connections = new Map<HostId, PeerConnection[]>(hosts.map(({ id }) => [id, []]));
  const own = control.agent.hostId;
  const connect = (host: HostId, to: HostId | undefined, how: Omit<PeerConnection, 'Name' | 'NickName'>) =>
    connections.get(host)?.push({ Name: to ?? '', NickName: nickname(to, byId), ...how });
  const elsewhere = (host: HostId, to: HostId, outbound: boolean) => {
    // Others do not say from which port they dialled; where they are is what a person looks for.
    const [address = ''] = byId.get(to)?.record?.meshAddresses ?? [];
    connect(host, to, { Address: address, Outbound: outbound, Established: true });
  };
  for (const { peer, address, outbound, state } of control.links()) {
    const established = state === 'established';
    connect(own, peer, { Address: address, Outbound: outbound, Established: established });
    if (established && outbound && peer !== undefined) elsewhere(peer, own, false);
  }
  for (const { from, to } of control.linksElsewhere()) {
    elsewhere(from, to, true);
    if (to !== own) elsewhere(to, from, false);
  }
  return hosts.map(({ id, record, status }) => ({
    Name: id,
    NickName: record?.name ?? '',
    Status: status,
    Connections: connections.get(id) ?? [],
  }));
}

function reportConnections(control: AgentControl) {
  const byId = new Map(control.hosts().map((host) => [host.id, host]));
  return control.links().map((link) => ({
    Address: link.address,
    Outbound: link.outbound,
    State: weaveState(link),
    Info: connectionInfo(link, nickname(link.peer, byId)),
  }));
}

/** weave has no word for refused: it retried for ever. */
function weaveState({ state }: LinkView): string {
  return state === 'refused' ? 'failed' : state;
}

function connectionInfo(link: LinkView, name: string): string {
  if (link.state === 'established') {
    const rtt = link.rttMs === undefined ? '' : ` rtt=${link.rttMs.toFixed(1)}ms`;
    return `encrypted   ${link.peer ?? ''}(${name})${rtt}`;
  }
  const retry = link.nextRetryMs === undefined ? '' : `, retry: in ${Math.ceil(link.nextRetryMs / 1_000)}s`;
  return link.error === undefined ? '' : `${link.error}${retry}`;
}

function nickname(host: HostId | undefined, byId: ReadonlyMap<HostId, HostView>): string {
  return (host && byId.get(host)?.record?.name) ?? '';
}

function reportDns(control: AgentControl, records: readonly RecordView[]) {
  const dns = control.dns();
  if (!dns) return null;
  const entries = weaveEntries(records);
  return {
    Domain: `${control.domains()[0]}.`,
    Upstream: dns.upstreams.map(withoutDnsPort),
    Address: dns.listen[0] ?? '',
    TTL: dns.ttlSeconds,
    Entries: entries.length > 0 ? entries : null,
  };
}
