import type { Distribution } from '../../histogram.ts';
import type { AgentControl } from '../control.ts';
import type { Measurements } from '../measurements.ts';
import type { ProcessMeasurements } from './process-measurements.ts';
import type { RecordCounts } from './record-counts.ts';

/** All that the metrics of one scrape are read out of. */
export interface Scrape {
  readonly control: AgentControl;
  readonly measured: Measurements;
  readonly records: RecordCounts;
  readonly process: ProcessMeasurements;
  /** Seconds that timers of the main thread were late. */
  readonly loopDelay: Distribution;
}
