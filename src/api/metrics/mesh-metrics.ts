import type { LinkState } from '../control.ts';
import { each, type Family, one } from './family.ts';
import type { Scrape } from './scrape.ts';

/** The links to other hosts, and what came over them. */
export const meshMetrics: readonly Family<Scrape>[] = [
  {
    name: 'weft_mesh_links',
    type: 'gauge',
    help: 'Links to other agents, and attempts at them, by state',
    labels: ['state'],
    read: ({ control }) => each('state', { ...noLinks, ...counted(control.links(), ({ state }) => state) }),
  },
  {
    name: 'weft_mesh_link_rtt_seconds',
    type: 'gauge',
    help: 'Round trip of the last pulse on a link that this host dialled',
    labels: ['peer'],
    read: ({ control }) => {
      const names = new Map(control.hosts().map(({ id, record }) => [id, record?.name ?? id]));
      const measured = new Map<string, number>();
      for (const { peer, rttMs } of control.links())
        if (peer !== undefined && rttMs !== undefined) measured.set(names.get(peer) ?? peer, rttMs / 1000);
      return each('peer', Object.fromEntries(measured));
    },
  },
  {
    name: 'weft_mesh_received_bytes_total',
    type: 'counter',
    help: 'Octets of broadcasts, requests and answers that came, without what encryption and repetition add',
    read: ({ measured: { mesh } }) => one(mesh.bytesIn),
  },
  {
    name: 'weft_mesh_sent_bytes_total',
    type: 'counter',
    help: "The same for what this host said; a broadcast counts once, and others' that it passed on do not",
    read: ({ measured: { mesh } }) => one(mesh.bytesOut),
  },
  {
    name: 'weft_mesh_broadcasts_total',
    type: 'counter',
    help: 'Broadcasts by direction',
    labels: ['direction'],
    read: ({ measured: { mesh } }) => each('direction', { in: mesh.broadcastsIn, out: mesh.broadcastsOut }),
  },
  {
    name: 'weft_mesh_requests_total',
    type: 'counter',
    help: 'Requests by direction',
    labels: ['direction'],
    read: ({ measured: { mesh } }) => each('direction', { in: mesh.requestsIn, out: mesh.requestsOut }),
  },
  {
    name: 'weft_mesh_refused_connections_total',
    type: 'counter',
    help: 'Connections turned away, such as for a different secret',
    labels: ['reason'],
    read: ({ measured: { mesh } }) => each('reason', mesh.refused),
  },
  {
    name: 'weft_mesh_dropped_total',
    type: 'counter',
    help: 'Broadcasts, requests and answers dropped, by reason',
    labels: ['reason'],
    read: ({ measured: { mesh } }) => each('reason', mesh.dropped),
  },
  {
    name: 'weft_replication_envelopes_total',
    type: 'counter',
    help: 'Signed words of hosts by kind and what became of them: taken in, known already, early',
    labels: ['kind', 'outcome'],
    read: ({ measured: { replication } }) =>
      Object.entries(replication.envelopes)
        .filter(([what]) => goodEnvelope.test(what))
        .map(([what, value]) => {
          const [kind = '', ...outcome] = what.split(' ');
          return { labels: { kind, outcome: outcome.join(' ') }, value };
        }),
  },
  {
    name: 'weft_replication_bad_envelopes_total',
    type: 'counter',
    help: 'Those that were turned away, or taken without effect, by reason',
    labels: ['reason'],
    read: ({ measured: { replication } }) => {
      const bad = Object.entries(replication.envelopes).filter(([what]) => !goodEnvelope.test(what));
      return each('reason', Object.fromEntries(bad));
    },
  },
  {
    name: 'weft_replication_delay_seconds',
    type: 'histogram',
    help: 'How late changes of other hosts were here after the first word of them; 0 for a broadcast that came before any',
    read: ({ measured: { replication } }) => one(replication.delays),
  },
  {
    name: 'weft_replication_exchanges_total',
    type: 'counter',
    help: 'Comparisons with neighbours and fetches of what is missing, `done` or `failed`',
    labels: ['outcome'],
    read: ({ measured: { replication } }) =>
      each('outcome', {
        done: replication.exchanges - replication.exchangesFailed,
        failed: replication.exchangesFailed,
      }),
  },
  {
    name: 'weft_replication_stored_bytes',
    type: 'gauge',
    help: 'Octets of signed words kept for others to fetch',
    read: ({ measured: { replication } }) => one(replication.storedBytes),
  },
  {
    name: 'weft_replication_preserving',
    type: 'gauge',
    help: '1 while most hosts fell silent together, so that this one hides none of them',
    read: ({ measured: { replication } }) => one(Number(replication.preserving)),
  },
  {
    name: 'weft_replication_duplicate_identity',
    type: 'gauge',
    help: "1 when another agent signs with this host's key",
    read: ({ measured: { replication } }) => one(Number(replication.duplicateIdentity)),
  },
];

const noLinks: Readonly<Record<LinkState, number>> = {
  established: 0,
  connecting: 0,
  retrying: 0,
  failed: 0,
  refused: 0,
};

/** Of what replication counts: what is as it should be. */
const goodEnvelope = /^(snapshot|update|farewell|heartbeat|doubt|forget|edit) (new|merged|known|early)$/;

function counted<T>(of: readonly T[], key: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of of) counts[key(one)] = (counts[key(one)] ?? 0) + 1;
  return counts;
}
