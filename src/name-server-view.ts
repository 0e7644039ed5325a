import type { DnsView, UpstreamView } from './api/control.ts';
import type { UpstreamStats } from './dns/forward/stats.ts';
import type { ServiceStats } from './dns/service.ts';

/** RFC 1035 section 4.2: where name servers are, unless told. */
const dnsPort = 53;

/** What operators see of a name server's counts, which are `ageMs` old; undefined until its threads were heard. */
export function countedView(stats: ServiceStats | undefined, ageMs: number): Omit<DnsView, 'listen' | 'ttlSeconds'> {
  if (stats === undefined) return { upstreams: [], queries: 0 };
  const { counts, forward } = stats;
  return {
    upstreams: (forward?.upstreams ?? []).map(serverOf),
    ...(forward && { forwarding: forward.upstreams.map(upstreamView) }),
    queries: counts.udpQuestions + counts.tcpQuestions,
    countedMsAgo: ageMs,
    counts: countsOf(stats),
  };
}

/** `IP:PORT`, with brackets around IPv6. */
export function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function serverOf({ address, port }: UpstreamStats): string {
  return port === dnsPort ? address : endpointText(address, port);
}

function upstreamView(upstream: UpstreamStats): UpstreamView {
  const { domains, state, asked, failures, rttMs } = upstream;
  return {
    server: serverOf(upstream),
    ...(!domains.includes('.') && { domains }),
    state,
    asked,
    failures,
    ...(rttMs !== undefined && { rttMs }),
  };
}

function countsOf({ counts, replies }: ServiceStats): Record<string, number> {
  const byCode = Object.entries(replies).map(([code, count]) => [`replies ${code}`, count]);
  return { ...counts, ...Object.fromEntries(byCode) };
}
