/** The plan of addresses of the lab; hosts are numbered from 1. All are of RFC 1918 and RFC 4193. */

/** The lab's way out of its network: where the hosts' resolv.conf points and a stand-in for the internet may answer. */
export const outsideAddress = '10.77.0.254';
export const outsideAddress6 = 'fd77::254';

export function hostAddress(host: number): string {
  return `10.77.0.${host}`;
}

export function hostAddress6(host: number): string {
  return `fd77::${host}`;
}

/** Fixed, so that a host keeps it when it is switched off and on, and rules can name it. */
export function hostMac(host: number): string {
  return `02:77:00:00:00:${host.toString(16).padStart(2, '0')}`;
}

/** The default bridge of host `host`; its gateway is where the agent answers. */
export function bridgeSubnet(host: number): string {
  return `10.77.${host}.0/24`;
}

export function bridgeGateway(host: number): string {
  return `10.77.${host}.1`;
}

/** The user networks of the lab are numbered too: networks of one name have one number on all hosts. */
export function networkSubnet(network: number, host: number): string {
  return `10.${78 + network}.${host}.0/24`;
}

export function networkSubnet6(network: number, host: number): string {
  return `fd78:${network}:${host}::/64`;
}
