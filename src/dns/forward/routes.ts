import type { DomainUpstreams, Endpoint } from './options.ts';
import type { SkippedUpstream, UpstreamStats } from './stats.ts';
import { endpointText, Upstream } from './upstream.ts';

/** Which upstreams a name's questions go to: those of its longest configured domain, else the default ones. */
export class Routes {
  readonly #listen: readonly Endpoint[];
  readonly #isOwn: (address: string) => boolean;
  readonly #failuresAllowed: number;
  readonly #perDomain: readonly DomainUpstreams[];
  #defaults: readonly Endpoint[] = [];
  /** By domain as on the wire; the default ones under the root. */
  #byDomain: ReadonlyMap<string, readonly Upstream[]> = new Map();
  #upstreams: ReadonlyMap<string, Upstream> = new Map();
  #skipped: readonly SkippedUpstream[] = [];

  constructor(parts: {
    readonly listen: readonly Endpoint[];
    readonly perDomain: readonly DomainUpstreams[];
    readonly failures: number;
    readonly isOwn: (address: string) => boolean;
  }) {
    this.#listen = parts.listen;
    this.#isOwn = parts.isOwn;
    this.#failuresAllowed = parts.failures;
    this.#perDomain = parts.perDomain;
    this.#rebuild();
  }

  get upstreams(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }

  get skipped(): readonly SkippedUpstream[] {
    return this.#skipped;
  }

  /** Takes these as the default upstreams; those that stay keep what is known of their health. True if any changed. */
  setDefaults(defaults: readonly Endpoint[]): boolean {
    const before = this.#defaults.map(endpointText).join();
    this.#defaults = defaults;
    this.#rebuild();
    return this.#defaults.map(endpointText).join() !== before;
  }

  /** The upstreams for a name in lower case as on the wire. */
  find(name: string): readonly Upstream[] {
    if (this.#byDomain.size > 1) {
      for (let at = 0; at < name.length; at += 1 + name.charCodeAt(at)) {
        const upstreams = this.#byDomain.get(name.slice(at));
        if (upstreams) return upstreams;
      }
    }
    return this.#byDomain.get(root) ?? [];
  }

  stats(now: number): UpstreamStats[] {
    return this.upstreams.map((upstream) => ({
      ...upstream.endpoint,
      domains: this.#domainsOf(upstream),
      state: upstream.looping ? 'looping' : upstream.down ? 'down' : 'up',
      asked: upstream.asked,
      inFlight: upstream.inFlight,
      answers: upstream.answers,
      failures: upstream.failures,
      latency: upstream.latency.distribution(),
      plain: upstream.isPlain(now),
      rttMs: upstream.rttMs,
    }));
  }

  #rebuild(): void {
    const upstreams = new Map<string, Upstream>();
    const skipped = new Map<string, SkippedUpstream>();
    const take = (endpoint: Endpoint): Upstream[] => {
      const text = endpointText(endpoint);
      const reason = this.#reasonToSkip(endpoint);
      if (reason !== undefined) skipped.set(text, { text, reason });
      if (reason !== undefined) return [];
      const upstream =
        upstreams.get(text) ?? this.#upstreams.get(text) ?? new Upstream(endpoint, this.#failuresAllowed);
      upstreams.set(text, upstream);
      return [upstream];
    };
    const unique = (endpoints: readonly Endpoint[]) => [...new Set(endpoints.flatMap(take))];
    const domains = this.#perDomain.map(({ domain }) => wireName(domain));
    const endpoints = (name: string) => this.#perDomain.filter((one) => wireName(one.domain) === name);
    this.#byDomain = new Map([
      [root, unique(this.#defaults)],
      ...domains.map((name) => [name, unique(endpoints(name).flatMap((one) => one.upstreams))] as const),
    ]);
    this.#upstreams = upstreams;
    this.#skipped = [...skipped.values()];
  }

  #reasonToSkip({ address, port }: Endpoint): string | undefined {
    if (this.#listen.some((own) => own.port === port && this.#leadsTo(address, own.address)))
      return 'it is where we answer ourselves';
    if (address === dockerResolver && port === dnsPort) return "it is the engine's resolver, which asks its host's: us";
    return undefined;
  }

  /** Whether a packet for `address` reaches a socket bound to `own`: sockets on all addresses take any of this host's. */
  #leadsTo(address: string, own: string): boolean {
    if (address === own) return true;
    const isLocal =
      unspecified.test(address) || address.startsWith('127.') || address === '::1' || this.#isOwn(address);
    return isLocal && (unspecified.test(own) || (unspecified.test(address) && loopback.test(own)));
  }

  #domainsOf(upstream: Upstream): string[] {
    const domains = this.#perDomain.filter(({ domain }) => this.#byDomain.get(wireName(domain))?.includes(upstream));
    const names = [...new Set(domains.map(({ domain }) => domain))];
    return this.#byDomain.get(root)?.includes(upstream) ? ['.', ...names] : names;
  }
}

const root = '\0';
const dnsPort = 53;
/** Docker gives it to containers on user networks. */
const dockerResolver = '127.0.0.11';
/** Linux sends packets for these to the loopback. */
const unspecified = /^(0\.0\.0\.0|::)$/;
const loopback = /^(127\.|::1$)/;

/** As on the wire and in lower case, one character an octet. */
function wireName(domain: string): string {
  const labels = domain.toLowerCase().split('.').filter(Boolean);
  return `${labels.map((label) => String.fromCharCode(label.length) + label).join('')}${root}`;
}
