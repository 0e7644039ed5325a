import { hostAddress, hostMac, outsideAddress, outsideAddress6 } from './addresses.ts';
import { run as command } from './command.ts';

/** Every network behind a NAT looks the same, as it does in the field: two hosts have one address, each in its own. */
const insideRouter = '192.168.77.1';
const insideHost = '192.168.77.2';
/** The router's two legs. */
const inside = 'lan0';
const outsideLeg = 'wan0';

/** Where a host's link lies, and what a router in its way needs to know. */
export interface NatPlace {
  readonly wire: string;
  readonly hostNamespace: string;
  readonly router: string;
  readonly host: number;
  /** The wire's end of the host's link, and the bridge it hangs on. */
  readonly port: string;
  readonly bridge: string;
  /** The host's own end of its link. */
  readonly uplink: string;
}

/**
 * Puts a router between a host and the wire, which lets the host dial out under the router's own address, the one that
 * the host had, and lets nobody in. The wire's port keeps its name, so that the link can still be cut, slow or lossy.
 */
export async function putBehindNat(place: NatPlace): Promise<void> {
  const { wire, hostNamespace, router, host, port, bridge, uplink } = place;
  await command(['ip', 'netns', 'add', router]);
  await ip(wire, [
    `link set ${port} down`,
    `link set ${port} nomaster`,
    // At once: another host's port may be on its way to its own router by the same name.
    `link set ${port} netns ${router} name ${inside}`,
    `link add ${port} type veth peer name ${outsideLeg} address ${hostMac(host)} netns ${router}`,
    `link set ${port} master ${bridge} up`,
  ]);
  await ip(router, [
    'link set lo up',
    `addr add ${insideRouter}/24 dev ${inside}`,
    `addr add ${hostAddress(host)}/24 dev ${outsideLeg}`,
    `link set ${inside} up`,
    `link set ${outsideLeg} up`,
    `route add default via ${outsideAddress}`,
  ]);
  await within(router, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await within(router, ['iptables-restore'], masquerade);
  await ip(hostNamespace, [
    `addr flush dev ${uplink}`,
    `route del default via ${outsideAddress6}`,
    `addr add ${insideHost}/24 dev ${uplink}`,
    `route add default via ${insideRouter}`,
  ]);
}

/** What came in by itself goes no further than the router, and is not answered there either. */
const masquerade = `*nat
-A POSTROUTING -o ${outsideLeg} -j MASQUERADE
COMMIT
*filter
:INPUT DROP
:FORWARD DROP
-A INPUT -i ${inside} -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i ${inside} -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
COMMIT
`;

async function within(namespace: string, words: readonly string[], input = ''): Promise<string> {
  return command(['nsenter', `--net=/run/netns/${namespace}`, ...words], { input });
}

async function ip(namespace: string, lines: readonly string[]): Promise<string> {
  return command(['ip', '-n', namespace, '-batch', '-'], { input: lines.join('\n') });
}
