import type { Network } from '../record.ts';
import type { Explanation } from './explanation.ts';
import type { ForwardStats } from './forward/stats.ts';
import type { DnsOptions, ListenAddress } from './options.ts';
import type { ParcelText } from './parcel.ts';
import type { DnsStats } from './stats.ts';
import type { LogLine } from './thread-log.ts';

/** What a thread is told to do. `create` comes first, then what is known, then `bind`, so that the first asker is answered from all of it. */
export type ThreadTask =
  | { readonly type: 'create'; readonly options: DnsOptions }
  | { readonly type: 'update'; readonly parcel: ParcelText }
  | { readonly type: 'networks'; readonly networks: readonly Network[] }
  | { readonly type: 'bind'; readonly listen: readonly ListenAddress[] }
  | { readonly type: 'explain'; readonly name: string; readonly from: string | undefined }
  | { readonly type: 'stats' }
  | { readonly type: 'stop' };

/** A task on its way; its reply repeats the number. */
export interface ThreadRequest {
  readonly number: number;
  readonly task: ThreadTask;
}

/** What came of a task. */
export type ThreadResult =
  | { readonly type: 'done' }
  | { readonly type: 'bound'; readonly addresses: readonly ListenAddress[] }
  | { readonly type: 'explained'; readonly explanation: Explanation }
  | { readonly type: 'counted'; readonly stats: DnsStats; readonly forward: ForwardStats }
  | { readonly type: 'failed'; readonly failure: ThreadFailure };

/** What a thread says: the result of a task, or a line of its log. */
export type ThreadSaying =
  | { readonly type: 'result'; readonly number: number; readonly result: ThreadResult }
  | ({ readonly type: 'log' } & LogLine);

/** An error as it crosses between threads. */
export interface ThreadFailure {
  readonly message: string;
  /** The system's word for it, such as `EADDRINUSE`, and what it is about. */
  readonly code: string | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
}
