import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Distribution } from '../../histogram.ts';

/** One value of a metric, with the labels that tell it from the others. */
export interface Sample<T> {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: T;
}

interface Described {
  /** By the conventions of Prometheus: `weft_`, the base unit, `_total` of what only grows. */
  readonly name: string;
  /** A sentence without its end. */
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A metric, and how it is read out of what was measured. */
export type Family<From> =
  | (Described & { readonly type: 'counter' | 'gauge'; readonly read: (from: From) => readonly Sample<number>[] })
  | (Described & { readonly type: 'histogram'; readonly read: (from: From) => readonly Sample<Distribution>[] });

/** Adds a metric to a registry; `from` gives what it is read out of, at each scrape. */
export function register<From>(registry: Registry, family: Family<From>, from: () => From): void {
  const { name, help } = family;
  const config = { name, help, labelNames: family.labels ?? [], registers: [registry] };
  switch (family.type) {
    case 'counter': {
      const counter = new Counter({
        ...config,
        collect: () => {
          clear(counter);
          for (const { labels = {}, value } of family.read(from())) counter.inc(labels, value);
        },
      });
      break;
    }
    case 'gauge': {
      const gauge = new Gauge({
        ...config,
        collect: () => {
          clear(gauge);
          // Two hosts of one name are one series.
          for (const { labels = {}, value } of family.read(from())) gauge.inc(labels, value);
        },
      });
      break;
    }
    case 'histogram':
      new MeasuredHistogram(config, () => family.read(from()));
  }
}

/** One value without labels, or none. */
export function one<T>(value: T | undefined): Sample<T>[] {
  return value === undefined ? [] : [{ value }];
}

/** One value for each key, which becomes this label. */
export function each(label: string, values: Readonly<Record<string, number>> | undefined): Sample<number>[] {
  return Object.entries(values ?? {}).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

/** prom-client shows a metric without labels as 0 once it was reset; what was not measured is not shown. */
function clear(metric: Counter | Gauge): void {
  metric.reset();
  metric.remove({});
}

/** A histogram that was counted elsewhere. */
class MeasuredHistogram extends Histogram {
  readonly #described: Described;
  readonly #read: () => readonly Sample<Distribution>[];

  constructor(
    config: Described & ConstructorParameters<typeof Histogram>[0],
    read: () => readonly Sample<Distribution>[],
  ) {
    super(config);
    this.#described = config;
    this.#read = read;
  }

  /** What a registry writes its text from. */
  async getForPromString() {
    const { name, help } = this.#described;
    return { name, help, type: 'histogram', values: this.#read().flatMap((sample) => lines(name, sample)) };
  }
}

function lines(name: string, { labels = {}, value: { bounds, counts, sum } }: Sample<Distribution>) {
  let total = 0;
  const buckets = counts.map((count, bucket) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[bucket] ?? '+Inf' }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
