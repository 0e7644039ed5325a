import { Registry } from 'prom-client';
import { type Clock, every } from '../../clock.ts';
import { Histogram } from '../../histogram.ts';
import type { AgentControl } from '../control.ts';
import { agentMetrics } from './agent-metrics.ts';
import { dnsMetrics } from './dns-metrics.ts';
import { type Family, register } from './family.ts';
import { forwardMetrics } from './forward-metrics.ts';
import { meshMetrics } from './mesh-metrics.ts';
import { measureProcess } from './process-measurements.ts';
import { countRecords } from './record-counts.ts';
import type { Scrape } from './scrape.ts';

export interface MetricsOptions {
  /** Hosts that have a label of their own. */
  readonly metricsHosts: number;
  /** How often it is looked whether the main thread is late, in milliseconds. */
  readonly loopProbeMs: number;
}

/** Every metric that there is, in the order of `/metrics`. */
export const families: readonly Family<Scrape>[] = [...dnsMetrics, ...forwardMetrics, ...meshMetrics, ...agentMetrics];

/** Upper bounds in seconds: from what nobody notices to what loses links. */
const loopBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The metrics of one agent, read when they are asked for. */
export class Metrics {
  readonly #control: AgentControl;
  readonly #clock: Clock;
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #loopDelay = new Histogram(loopBounds);
  #scrape: Scrape | undefined;
  #stopProbe = () => {};

  constructor(control: AgentControl, clock: Clock, options: MetricsOptions) {
    this.#control = control;
    this.#clock = clock;
    this.#options = options;
    for (const family of families) register(this.#registry, family, () => this.#read());
  }

  /** Begins to look how late the main thread is. */
  start(): void {
    const { loopProbeMs } = this.#options;
    let due = this.#clock.now() + loopProbeMs;
    this.#stopProbe = every(this.#clock, loopProbeMs, () => {
      const now = this.#clock.now();
      this.#loopDelay.add(Math.max(0, now - due) / 1000);
      due = now + loopProbeMs;
    });
  }

  /** May be called twice. */
  stop(): void {
    this.#stopProbe();
  }

  /** All of them in the text format of Prometheus, version 0.0.4. */
  async text(): Promise<string> {
    const [measured, records, process] = await Promise.all([
      this.#control.measure(),
      countRecords(this.#control, this.#options.metricsHosts),
      measureProcess(),
    ]);
    this.#scrape = { control: this.#control, measured, records, process, loopDelay: this.#loopDelay.distribution() };
    // Every metric is read before this returns its promise: scrapes at the same time do not mix.
    return this.#registry.metrics();
  }

  #read(): Scrape {
    if (this.#scrape === undefined) throw new Error('nothing was measured yet');
    return this.#scrape;
  }
}
