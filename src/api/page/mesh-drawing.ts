import type { Host, Link, LinkElsewhere } from './replies.ts';

/** A host as it is drawn. */
export interface DrawnHost {
  readonly host: Host;
  readonly x: number;
  readonly y: number;
  /** The best link of this agent to it; undefined where it has none, and knows the host from others. */
  readonly link: Link | undefined;
}

/** A link as it is drawn: of this agent with its state or `none`, or `elsewhere`. */
export interface DrawnLink {
  readonly ends: readonly [DrawnHost, DrawnHost];
  readonly state: string;
}

/** A drawing with more nodes tells nothing; the list has them all. */
export const mostDrawn = 40;

/** The states of a link, the best first. */
const linkStates = ['established', 'connecting', 'retrying', 'failed', 'refused'];

/** Hosts in the order in which an operator wants them: itself, then what is wrong, then by name. */
export function inOrder(hosts: readonly Host[]): Host[] {
  const rank = ({ status }: Host) => ['self', 'quiet', 'stale', 'restarting', 'alive'].indexOf(status);
  return hosts.toSorted((one, other) => rank(one) - rank(other) || order.compare(hostName(one), hostName(other)));
}

const order = new Intl.Collator('en', { numeric: true });

/** Places this host in the middle of a box of the given size and the others around it, clockwise from the left. */
export function drawMesh(hosts: readonly Host[], links: readonly Link[], width: number, height: number): DrawnHost[] {
  const drawn = inOrder(hosts).slice(0, mostDrawn);
  const others = drawn
    .filter(({ status }) => status !== 'self')
    .sort((one, other) => order.compare(hostName(one), hostName(other)));
  return drawn.map((host) => {
    const link = bestLink(host, links);
    if (host.status === 'self') return { host, x: width / 2, y: height / 2, link };
    const angle = (2 * Math.PI * others.indexOf(host)) / others.length + Math.PI;
    const x = width / 2 + Math.cos(angle) * width * 0.36;
    const y = height / 2 + Math.sin(angle) * height * 0.36;
    return { host, x: Math.round(x), y: Math.round(y), link };
  });
}

/** The lines between the hosts that are drawn: those of others first, so that this agent's own lie above them. */
export function drawLinks(drawn: readonly DrawnHost[], elsewhere: readonly LinkElsewhere[]): DrawnLink[] {
  const self = drawn.find(({ host }) => host.status === 'self');
  const others = new Map(drawn.filter((each) => each !== self).map((each) => [each.host.id, each]));
  const lines = new Map<string, DrawnLink>();
  for (const { from, to } of elsewhere) {
    const [one, other] = [others.get(from), others.get(to)];
    if (one && other) lines.set([from, to].sort().join(' '), { ends: [one, other], state: 'elsewhere' });
  }
  const own = self ? [...others.values()].map((other) => lineTo(self, other)) : [];
  return [...lines.values(), ...own];
}

function lineTo(self: DrawnHost, other: DrawnHost): DrawnLink {
  return { ends: [self, other], state: other.link?.state ?? 'none' };
}

/** What people call a host: the end of its id, while no more is known of it. */
export function hostName({ id, record }: Host): string {
  return record?.name ?? `…${id.slice(-6)}`;
}

function bestLink({ id }: Host, links: readonly Link[]): Link | undefined {
  return links
    .filter(({ peer }) => peer === id)
    .toSorted((one, other) => linkStates.indexOf(one.state) - linkStates.indexOf(other.state))[0];
}
