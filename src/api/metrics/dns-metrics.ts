import { each, type Family, one } from './family.ts';
import type { Scrape } from './scrape.ts';

/** The name server of this host. */
export const dnsMetrics: readonly Family<Scrape>[] = [
  {
    name: 'weft_dns_questions_total',
    type: 'counter',
    help: 'Questions by type; types that Weft has no name for are `other`',
    labels: ['type'],
    read: ({ measured: { dns } }) => each('type', dns?.questions),
  },
  {
    name: 'weft_dns_replies_total',
    type: 'counter',
    help: 'Replies by response code; `NODATA` is NOERROR about a name of ours without that type',
    labels: ['rcode'],
    read: ({ measured: { dns } }) => each('rcode', dns?.replies),
  },
  {
    name: 'weft_dns_reply_duration_seconds',
    type: 'histogram',
    help: 'Time to a reply: `prompt` of our own names and from the cache (all counted, one in 17 timed), `awaited` from upstreams',
    labels: ['path'],
    read: ({ measured: { dns } }) =>
      dns === undefined
        ? []
        : [
            { labels: { path: 'prompt' }, value: dns.promptLatency },
            { labels: { path: 'awaited' }, value: dns.awaitedLatency },
          ],
  },
  {
    name: 'weft_dns_packets_total',
    type: 'counter',
    help: 'Messages that came, good or bad, by transport',
    labels: ['transport'],
    read: ({ measured: { dns } }) =>
      each('transport', dns && { udp: dns.counts.udpQuestions, tcp: dns.counts.tcpQuestions }),
  },
  {
    name: 'weft_dns_truncated_replies_total',
    type: 'counter',
    help: 'Replies cut to what the asker takes by UDP',
    read: ({ measured: { dns } }) => one(dns?.counts.truncated),
  },
  {
    name: 'weft_dns_bad_packets_total',
    type: 'counter',
    help: 'Messages that were no question: `dropped` without a reply, `malformed` with FORMERR',
    labels: ['outcome'],
    read: ({ measured: { dns } }) =>
      each('outcome', dns && { dropped: dns.counts.dropped, malformed: dns.counts.malformed }),
  },
  {
    name: 'weft_dns_rate_limited_total',
    type: 'counter',
    help: 'Replies to strangers that were `dropped`, or `truncated` so that they prove their address by TCP',
    labels: ['outcome'],
    read: ({ measured: { dns } }) =>
      each('outcome', dns && { dropped: dns.counts.rateDropped, truncated: dns.counts.rateTruncated }),
  },
  {
    name: 'weft_dns_tcp_connections_total',
    type: 'counter',
    help: 'Connections of askers by outcome; one that `timed_out` was `accepted` before',
    labels: ['outcome'],
    read: ({ measured: { dns } }) =>
      each(
        'outcome',
        dns && {
          accepted: dns.counts.tcpConnections,
          refused: dns.counts.tcpRefused,
          timed_out: dns.counts.tcpTimedOut,
        },
      ),
  },
  {
    name: 'weft_dns_answers_compiled_total',
    type: 'counter',
    help: 'Answers made anew since what they say changed, or nobody had asked',
    read: ({ measured: { dns } }) => one(dns?.counts.compiled),
  },
  {
    name: 'weft_dns_errors_total',
    type: 'counter',
    help: 'Errors of sockets, and of Weft itself, that cost one question its reply',
    read: ({ measured: { dns } }) => one(dns?.counts.errors),
  },
  {
    name: 'weft_dns_threads',
    type: 'gauge',
    help: 'Answering threads that run',
    read: ({ measured: { dns } }) => one(dns?.threads),
  },
  {
    name: 'weft_dns_thread_restarts_total',
    type: 'counter',
    help: 'Answering threads that died and were started again',
    read: ({ measured: { dns } }) => one(dns?.threadRestarts),
  },
  {
    name: 'weft_dns_thread_busy_seconds_total',
    type: 'counter',
    help: 'Time that an answering thread was not idle',
    labels: ['thread'],
    read: ({ measured: { dns } }) =>
      (dns?.busyMs ?? []).map((ms, thread) => ({ labels: { thread: String(thread) }, value: ms / 1000 })),
  },
];
