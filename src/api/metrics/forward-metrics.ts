import type { UpstreamMeasurements } from '../measurements.ts';
import { each, type Family, one } from './family.ts';
import type { Scrape } from './scrape.ts';

/** Questions about names that are not ours. */
export const forwardMetrics: readonly Family<Scrape>[] = [
  {
    name: 'weft_forward_questions_total',
    type: 'counter',
    help: 'Questions about other names',
    read: ({ measured: { forward } }) => one(forward?.counts.questions),
  },
  {
    name: 'weft_forward_cache_lookups_total',
    type: 'counter',
    help: 'Looks into the cache: `hit`, or `miss`, also where an answer is there past its time',
    labels: ['outcome'],
    read: ({ measured: { forward } }) =>
      each('outcome', forward && { hit: forward.counts.cached, miss: forward.counts.missed }),
  },
  {
    name: 'weft_forward_stale_answers_total',
    type: 'counter',
    help: 'Answers past their time, since upstreams failed or were late (RFC 8767)',
    read: ({ measured: { forward } }) => one(forward?.counts.stale),
  },
  {
    name: 'weft_forward_cache_entries',
    type: 'gauge',
    help: 'Answers in the cache',
    read: ({ measured: { forward } }) => one(forward?.cacheEntries),
  },
  {
    name: 'weft_forward_cache_bytes',
    type: 'gauge',
    help: 'Octets of the answers in the cache',
    read: ({ measured: { forward } }) => one(forward?.cacheOctets),
  },
  {
    name: 'weft_forward_joined_total',
    type: 'counter',
    help: 'Questions that waited for the answer to an equal one',
    read: ({ measured: { forward } }) => one(forward?.counts.joined),
  },
  {
    name: 'weft_forward_failures_total',
    type: 'counter',
    help: 'Questions that no upstream answered',
    read: ({ measured: { forward } }) => one(forward?.counts.failed),
  },
  {
    name: 'weft_forward_failures_remembered_total',
    type: 'counter',
    help: 'Questions answered with an error from memory, because asking failed a short while before (RFC 9520)',
    read: ({ measured: { forward } }) => one(forward?.counts.failedAgain),
  },
  {
    name: 'weft_forward_refused_total',
    type: 'counter',
    help: 'Questions of askers that may not have any forwarded',
    read: ({ measured: { forward } }) => one(forward?.counts.refused),
  },
  {
    name: 'weft_forward_dropped_total',
    type: 'counter',
    help: 'Questions given up: one client had too many out, all together had, or it waited too long',
    labels: ['reason'],
    read: ({ measured: { forward } }) =>
      each(
        'reason',
        forward && {
          client: forward.counts.droppedPerClient,
          overload: forward.counts.droppedOverload,
          late: forward.counts.droppedLate,
        },
      ),
  },
  {
    name: 'weft_forward_bad_replies_total',
    type: 'counter',
    help: 'What came from upstreams and did not fit a question (somebody may be guessing), or broke the format',
    labels: ['reason'],
    read: ({ measured: { forward } }) =>
      each('reason', forward && { mismatched: forward.counts.mismatched, malformed: forward.counts.malformed }),
  },
  {
    name: 'weft_forward_loops_total',
    type: 'counter',
    help: 'Our own probes that came back: an upstream asks us',
    read: ({ measured: { forward } }) => one(forward?.counts.loops),
  },
  {
    name: 'weft_forward_in_flight',
    type: 'gauge',
    help: 'Questions that upstreams are being asked',
    read: ({ measured: { forward } }) => one(forward?.inFlight),
  },
  {
    name: 'weft_forward_waiting',
    type: 'gauge',
    help: 'Questions that wait for their turn',
    read: ({ measured: { forward } }) => one(forward?.waiting),
  },
  {
    name: 'weft_forward_upstream_questions_total',
    type: 'counter',
    help: 'Times an upstream was asked, probes included',
    labels: ['upstream'],
    read: (scrape) => byUpstream(scrape, ({ asked }) => asked),
  },
  {
    name: 'weft_forward_upstream_failures_total',
    type: 'counter',
    help: 'Times it did not answer, broke the format, or refused',
    labels: ['upstream'],
    read: (scrape) => byUpstream(scrape, ({ failures }) => failures),
  },
  {
    name: 'weft_forward_upstream_in_flight',
    type: 'gauge',
    help: 'Questions that it owes an answer',
    labels: ['upstream'],
    read: (scrape) => byUpstream(scrape, ({ inFlight }) => inFlight),
  },
  {
    name: 'weft_forward_upstream_up',
    type: 'gauge',
    help: '1 while it answers and does not lead back here',
    labels: ['upstream'],
    read: (scrape) => byUpstream(scrape, ({ state }) => Number(state === 'up')),
  },
  {
    name: 'weft_forward_upstream_duration_seconds',
    type: 'histogram',
    help: 'Time to its answers',
    labels: ['upstream'],
    read: (scrape) => byUpstream(scrape, ({ latency }) => latency),
  },
];

function byUpstream<T>({ measured: { forward } }: Scrape, read: (upstream: UpstreamMeasurements) => T) {
  return (forward?.upstreams ?? []).map((upstream) => {
    const { address, port } = upstream;
    const name = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    return { labels: { upstream: name }, value: read(upstream) };
  });
}
