import { byId, drawing, element } from './element.ts';
import { type DrawnHost, type DrawnLink, drawLinks, drawMesh, hostName, inOrder } from './mesh-drawing.ts';
import type { Host, Link, LinkElsewhere, Status } from './replies.ts';
import { age, count } from './words.ts';

/** The box that the drawing is made for; the browser scales it. */
const width = 360;
const height = 160;
/** With more around the middle, names would lie over each other. */
const mostNamed = 16;
/** A list of a thousand hosts is for `weft status peers`. */
const mostListed = 100;

/** The hosts of the mesh and the links between them: a drawing, and the same as a list. */
export class MeshView {
  readonly #drawing = byId('mesh', SVGElement);
  readonly #list = byId('hosts', HTMLElement);
  #shown = '';

  /** Shows the mesh; leaves the page as it is while nothing of it changed. */
  show({ hosts, links }: Pick<Status, 'hosts' | 'links'>, elsewhere: readonly LinkElsewhere[]): void {
    const drawn = drawMesh(hosts, links, width, height);
    const lines = drawLinks(drawn, elsewhere);
    const listed = inOrder(hosts).slice(0, mostListed);
    const rows = listed.map((host) => rowOf(host, linksOf(host, links)));
    const shape = JSON.stringify([rows, lines.map(({ ends, state }) => [...ends.map(placeOf), state]), hosts.length]);
    if (shape === this.#shown) return;
    this.#shown = shape;
    this.#drawing.replaceChildren(
      drawing('title', {}, summary(hosts, links, elsewhere)),
      ...lines.map(drawLine),
      ...drawn.map((each) => drawHost(each, drawn.length <= mostNamed)),
    );
    const strangers = links.filter(({ peer, state }) => peer === undefined && state !== 'established');
    const more = hosts.length - listed.length;
    this.#list.replaceChildren(
      ...rows.map(tellHost),
      ...strangers.map((link) => tellHost({ name: link.address, status: link.state, text: tellLink(link) })),
      ...(more > 0 ? [element('li', { class: 'quiet' }, `and ${count(more, 'host')} more`)] : []),
    );
  }
}

interface Row {
  readonly name: string;
  readonly status: string;
  readonly text: string;
}

function placeOf({ x, y }: DrawnHost): string {
  return `${x} ${y}`;
}

function drawLine({ ends: [one, other], state }: DrawnLink): SVGElement {
  return drawing('line', { x1: one.x, y1: one.y, x2: other.x, y2: other.y, 'data-link': state });
}

function drawHost({ host, x, y }: DrawnHost, named: boolean): SVGElement {
  const name = hostName(host);
  const short = name.length > 14 ? `${name.slice(0, 13)}…` : name;
  const label = named || host.status !== 'alive' ? [drawing('text', { x, y: y + 22 }, short)] : [];
  return drawing(
    'g',
    { 'data-status': host.status },
    drawing('circle', { cx: x, cy: y, r: host.status === 'self' ? 9 : 7 }),
    ...label,
  );
}

function rowOf(host: Host, links: readonly Link[]): Row {
  const heard =
    host.status === 'quiet' && host.heardMsAgo !== undefined ? [`not heard for ${age(host.heardMsAgo)}`] : [];
  const version = host.record?.version === undefined ? [] : [`weft ${host.record.version}`];
  const bad = host.badRecords > 0 ? [`${count(host.badRecords, 'record')} refused`] : [];
  const parts = [count(host.records, 'container'), ...heard, ...bad, ...links.map(tellLink), ...version];
  return { name: hostName(host), status: host.status, text: parts.join(', ') };
}

function linksOf({ id }: Host, links: readonly Link[]): Link[] {
  return links.filter(({ peer }) => peer === id).slice(0, 1);
}

function tellLink({ state, rttMs, error }: Link): string {
  if (state === 'established')
    return rttMs === undefined ? 'linked' : `linked, ${rttMs < 1 ? '< 1' : Math.round(rttMs)} ms away`;
  return error === undefined ? state : `${state}: ${error}`;
}

function tellHost({ name, status, text }: Row): Node {
  return element(
    'li',
    { 'data-status': status },
    element('span', { class: 'dot', 'aria-hidden': 'true' }),
    element('b', {}, name),
    element('span', { class: 'status' }, status === 'self' ? 'this host' : status),
    element('span', { class: 'quiet' }, text),
  );
}

function summary(hosts: readonly Host[], links: readonly Link[], elsewhere: readonly LinkElsewhere[]): string {
  const established = links.filter(({ state }) => state === 'established').length;
  const self = hosts.find(({ status }) => status === 'self');
  const between = elsewhere.filter(({ to }) => to !== self?.id).length;
  return `${count(hosts.length, 'host')}, ${count(established, 'established link')} of this one, ${between} between others`;
}
