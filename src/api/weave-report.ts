import { isIPv6 } from 'node:net';
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
      Peers: control.hosts().map((host) => reportPeer(host, control)),
      Connections: control.links().map((link) => reportConnection(link, control.hosts())),
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

function reportPeer(host: HostView, control: AgentControl) {
  const own = host.id === control.agent.hostId ? control.links() : [];
  return {
    Name: host.id,
    NickName: host.record?.name ?? '',
    Status: host.status,
    Connections: own.map((link) => ({
      Name: link.peer ?? '',
      NickName: nickname(link, control.hosts()),
      Address: link.address,
      Outbound: link.outbound,
      Established: link.state === 'established',
    })),
  };
}

function reportConnection(link: LinkView, hosts: readonly HostView[]) {
  return {
    Address: link.address,
    Outbound: link.outbound,
    State: weaveState(link),
    Info: connectionInfo(link, nickname(link, hosts)),
  };
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

function nickname(link: LinkView, hosts: readonly HostView[]): string {
  return hosts.find((host) => host.id === link.peer)?.record?.name ?? '';
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
