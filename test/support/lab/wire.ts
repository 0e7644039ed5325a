import { hostAddress, hostAddress6, hostMac, outsideAddress, outsideAddress6 } from './addresses.ts';
import { run as command } from './command.ts';
import { putBehindNat } from './nat.ts';
import type { Run } from './run.ts';
import { SlowLine } from './slow-line.ts';

/** The bridge all hosts hang on. */
const bridge = 'br0';
/** A host's end of its link. */
const uplink = 'wire0';

/** How a link is at the moment. */
interface Link {
  joined: boolean;
  slowLine: SlowLine | undefined;
}

/** A subnet behind a host, which all other hosts reach through it. */
interface Route {
  readonly subnet: string;
  readonly host: number;
}

/**
 * The network between the hosts: one Ethernet, a link for each host, and what can happen to a link. It lives in a
 * namespace of its own and in those of the hosts; nothing of the machine's own network is touched.
 */
export class Wire {
  readonly namespace: string;
  readonly #run: Run;
  readonly #links = new Map<number, Link>();
  readonly #routes: Route[] = [];
  /** Hosts behind a router. */
  readonly #routers = new Set<number>();

  private constructor(run: Run) {
    this.#run = run;
    this.namespace = run.namespace('wire');
  }

  static async create(run: Run): Promise<Wire> {
    const wire = new Wire(run);
    await command(['ip', 'netns', 'add', wire.namespace]);
    await wire.#ip(
      'link set lo up',
      `link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `addr add ${outsideAddress}/24 dev ${bridge}`,
      `addr add ${outsideAddress6}/64 dev ${bridge} nodad`,
      `link set ${bridge} up`,
    );
    return wire;
  }

  /** Makes the host's network namespace and its link: addresses, forwarding, routes to all subnets known. */
  async attach(host: number): Promise<void> {
    const namespace = this.hostNamespace(host);
    await command(['ip', 'netns', 'add', namespace]);
    await command(['nsenter', `--net=/run/netns/${namespace}`, 'sysctl', '-qw', ...hostSettings]);
    await this.#ip(
      `link add ${portOf(host)} type veth peer name ${uplink} address ${hostMac(host)} netns ${namespace}`,
      `link set ${portOf(host)} master ${bridge} up`,
    );
    await ip(namespace, [...hostCommands(host), ...this.#routesBut(host)]);
    this.#links.set(host, { joined: true, slowLine: undefined });
  }

  /** Takes the host's namespace away, and its link with it; nothing may run in it any more. */
  async detach(host: number): Promise<void> {
    await this.shape(host, { delayMs: 0, lossPercent: 0 });
    this.#links.delete(host);
    await this.#ip(`link del ${portOf(host)}`);
    for (const namespace of [
      this.hostNamespace(host),
      ...(this.#routers.has(host) ? [this.#routerNamespace(host)] : []),
    ])
      await command(['ip', 'netns', 'del', namespace]);
    this.#routers.delete(host);
  }

  /** Puts the host behind a router that lets it dial out and nobody in, until it is switched off. */
  async hide(host: number): Promise<void> {
    const router = this.#routerNamespace(host);
    this.#routers.add(host);
    const hostNamespace = this.hostNamespace(host);
    await putBehindNat({ wire: this.namespace, hostNamespace, router, host, port: portOf(host), bridge, uplink });
    await ip(router, this.#routesBut(host));
  }

  /** Tells the outside and every other host, also those that are attached later, to reach `subnet` through this one. */
  async route(subnet: string, host: number): Promise<void> {
    const route = { subnet, host };
    this.#routes.push(route);
    const others = [...this.#links.keys()].filter((other) => other !== host);
    const namespaces = [this.namespace, ...others.map((other) => this.hostNamespace(other))];
    await Promise.all(namespaces.map((namespace) => ip(namespace, [routeCommand(route)])));
  }

  /** Lets the host's frames pass, or vanish without a word: the link stays up. */
  async join(host: number, joined: boolean): Promise<void> {
    this.#link(host).joined = joined;
    await this.#plug(host);
  }

  /** Sets the carrier of the host's link, as a cable put in or pulled out does. */
  async carry(host: number, up: boolean): Promise<void> {
    await this.#ip(`link set ${portOf(host)} ${up ? 'up' : 'down'}`);
  }

  /** Delays each frame to and from the host by `delayMs` and loses `lossPercent` of them; 0 and 0 restore the plain link. */
  async shape(host: number, { delayMs, lossPercent }: { delayMs: number; lossPercent: number }): Promise<void> {
    const link = this.#link(host);
    const old = link.slowLine;
    link.slowLine = undefined;
    await old?.close();
    if (delayMs > 0 || lossPercent > 0) {
      link.slowLine = await SlowLine.open(this.namespace, bridge, host, { delayMs, lossPercent });
    }
    await this.#plug(host);
  }

  /** Drops every frame between two hosts, in both directions; others still reach both. */
  async part(one: number, other: number): Promise<void> {
    await this.#filter('-A', one, other);
  }

  /** Undoes one `part` of the same two hosts. */
  async reunite(one: number, other: number): Promise<void> {
    await this.#filter('-D', one, other);
  }

  hostNamespace(host: number): string {
    return this.#run.namespace(`h${host}`);
  }

  /** What leads to the subnets behind all other hosts. */
  #routesBut(host: number): string[] {
    return this.#routes.filter((route) => route.host !== host).map(routeCommand);
  }

  #routerNamespace(host: number): string {
    return this.#run.namespace(`nat${host}`);
  }

  async #plug(host: number): Promise<void> {
    const { joined, slowLine } = this.#link(host);
    await this.#ip(`link set ${portOf(host)} ${joined ? `master ${slowLine?.bridge ?? bridge}` : 'nomaster'}`);
  }

  async #filter(verb: '-A' | '-D', one: number, other: number): Promise<void> {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      await this.#inside('ebtables-nft', verb, 'FORWARD', '-s', hostMac(from), '-d', hostMac(to), '-j', 'DROP');
    }
  }

  #link(host: number): Link {
    const link = this.#links.get(host);
    if (link === undefined) throw new Error(`host ${host} is not on the wire`);
    return link;
  }

  #inside(...words: string[]): Promise<string> {
    return command(['nsenter', `--net=/run/netns/${this.namespace}`, ...words]);
  }

  #ip(...lines: string[]): Promise<string> {
    return ip(this.namespace, lines);
  }
}

/** Containers are routed in both families, and answers may come in by another way than questions went out. */
const hostSettings = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
];

function hostCommands(host: number): string[] {
  return [
    'link set lo up',
    `addr add ${hostAddress(host)}/24 dev ${uplink}`,
    `addr add ${hostAddress6(host)}/64 dev ${uplink} nodad`,
    `link set ${uplink} up`,
    `route add default via ${outsideAddress}`,
    `route add default via ${outsideAddress6}`,
  ];
}

function routeCommand({ subnet, host }: Route): string {
  return `route add ${subnet} via ${subnet.includes(':') ? hostAddress6(host) : hostAddress(host)}`;
}

/** The wire's end of a host's link. */
function portOf(host: number): string {
  return `h${host}`;
}

async function ip(namespace: string, lines: readonly string[]): Promise<string> {
  return command(['ip', '-n', namespace, '-batch', '-'], { input: lines.join('\n') });
}
