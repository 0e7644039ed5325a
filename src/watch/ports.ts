import { type Address, type ContainerPort, parseAddress } from '../record.ts';
import type { Inspection } from './inspection.ts';

/** An image may expose a range of thousands; nobody asks for more of one container than this. */
const maxPorts = 64;
const protocols = ['tcp', 'udp', 'sctp'] as const;

/** A container's ports, published ones first: each way one is published once, and the exposed ones that are not. */
export function portsOf({ exposedPorts, publishedPorts }: Inspection): ContainerPort[] {
  const published = publishedPorts.flatMap(({ port, hostPort, hostAddress }): ContainerPort[] => {
    const parsed = parsePort(port);
    return parsed ? [{ ...parsed, hostPort, ...specificAddress(hostAddress) }] : [];
  });
  const isPublished = (one: ContainerPort) =>
    published.some((other) => other.port === one.port && other.protocol === one.protocol);
  const exposed = exposedPorts.flatMap((text) => parsePort(text) ?? []).filter((port) => !isPublished(port));
  return [...withoutRepeats(published), ...exposed].slice(0, maxPorts);
}

function parsePort(text: string): ContainerPort | undefined {
  const [number = '', name = 'tcp'] = text.split('/');
  const protocol = protocols.find((each) => each === name);
  const port = Number(number);
  if (protocol === undefined || !/^\d{1,5}$/.test(number) || port < 1 || port > 65_535) return undefined;
  return { port, protocol };
}

/** Nothing for "all addresses", which engines write as empty, `0.0.0.0` and `::`. */
function specificAddress(text: string): { hostAddress?: Address } {
  const address = parseAddress(text);
  return address.ok && text !== '0.0.0.0' && text !== '::' ? { hostAddress: address.value } : {};
}

/** A port published on all addresses comes twice, for IPv4 and for IPv6. */
function withoutRepeats(ports: readonly ContainerPort[]): ContainerPort[] {
  return [...new Map(ports.map((port) => [JSON.stringify(port), port])).values()];
}
