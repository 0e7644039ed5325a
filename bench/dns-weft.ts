import { parseArgs } from 'node:util';
import { systemClock } from '../src/clock.ts';
import { dnsDefaults, forwardDefaults } from '../src/config.ts';
import { createForwarder } from '../src/dns/forward/forwarder.ts';
import { Nameserver } from '../src/dns/nameserver.ts';
import { DnsService } from '../src/dns/service.ts';
import { createLog } from '../src/log.ts';
import type { Address, Domain } from '../src/record.ts';
import { dnsOptions, fixed } from '../test/dns/zone-words.ts';
import { benchAddresses, benchDomain, benchName } from './dns-zone.ts';

// Weft's name server as an agent runs it, without the rest of the agent: one process of the benchmark.

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    names: { type: 'string', default: '1000' },
    threads: { type: 'string', default: '1' },
    upstream: { type: 'string' },
    /** So many names take another address each second. */
    churn: { type: 'string', default: '0' },
    /** In the main thread, where the profiler looks. */
    'main-thread': { type: 'boolean', default: false },
  },
});
/** Changes come in this many batches a second, as they would from so many hosts. */
const batchesPerSecond = 100;
/** A timer that comes this late was stopped. */
const standstillMs = 500;
const names = Number(values.names);
const churn = Number(values.churn);
const listen = [{ address: '127.0.0.1' as Address, port: Number(values.port) }];
const upstreams = values.upstream === undefined ? [] : [{ address: '127.0.0.1', port: Number(values.upstream) }];

const options = dnsOptions({
  domains: [benchDomain as Domain],
  listen,
  limits: dnsDefaults.limits,
  forward: { ...dnsOptions().forward, ...forwardDefaults, upstreams },
});
const log = createLog('warn');
const parts = { options, clock: systemClock, log };
const known = () => Array.from({ length: names }, (_, index) => fixed(benchName(index), ...benchAddresses(index)));
const service = values['main-thread']
  ? new Nameserver({ ...parts, forwarder: createForwarder(options.forward, parts) })
  : new DnsService({ ...parts, known, threads: Number(values.threads), shares: false });
if (service instanceof Nameserver) service.update(known());
await service.start();

let next = 0;
let began = performance.now();
let last = began;
if (churn > 0) setInterval(change, 1000 / batchesPerSecond);
process.on('SIGTERM', () => void service.stop().then(() => process.exit()));
setInterval(() => {}, 1_000_000);

function change(): void {
  const now = performance.now();
  // A timer that comes late has more to change, so that the rate is kept; but nothing changed while the process stood still.
  if (now - last > standstillMs) began += now - last;
  last = now;
  const due = Math.max(0, Math.floor(((now - began) * churn) / 1000) - next);
  const batch = Array.from({ length: due }, () => {
    next++;
    return fixed(benchName(next % names), ...benchAddresses(next % 100_000));
  });
  service.update(batch);
}
