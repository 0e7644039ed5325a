import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NameEntry } from '../record.ts';
import { Backlog } from './backlog.ts';
import type { DnsOptions } from './options.ts';
import { Packer } from './parcel.ts';
import type { ThreadFailure, ThreadRequest, ThreadResult, ThreadSaying, ThreadTask } from './thread-messages.ts';

/** After so long without a change the owners told so far are forgotten: less than a thread waits before it collects garbage. */
const forgetMs = 500;
/** Messages on their way at once, where much waits: the thread goes on while this one is busy with what else a load brings. */
const maxUnderWay = 4;

/** Beside this file while it runs as it was written; beside the bundle once it is bundled. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './dns-thread.js', import.meta.url);

export interface ThreadParts {
  readonly options: DnsOptions;
  readonly log: Log;
  readonly clock: Clock;
  readonly onDeath: (reason: string) => void;
}

/** A task that a thread could not do. */
export class ThreadError extends Error {
  readonly failure: ThreadFailure;

  constructor(failure: ThreadFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** One answering thread as the main thread sees it. */
export class ThreadHandle {
  private readonly worker: Worker;
  private readonly log: Log;
  private readonly waiting = new Map<number, PromiseWithResolvers<ThreadResult>>();
  private readonly backlog = new Backlog();
  private readonly packer = new Packer();
  private readonly clock: Clock;
  private underWay = 0;
  private cancelForgetting = () => {};
  private readonly whenFed: (() => void)[] = [];
  private lastNumber = 0;
  private gone = false;
  /** Resolves when the name server in it is there; rejects as `ask` does. */
  readonly created: Promise<unknown>;

  /** `onDeath` is called once if the thread ends without having been told to. */
  constructor({ options, log, clock, onDeath }: ThreadParts) {
    this.clock = clock;
    this.log = log;
    this.worker = new Worker(entry, { execArgv: [] });
    let reason = 'it ended';
    this.worker.on('message', (saying: ThreadSaying) => this.hear(saying));
    this.worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    this.worker.on('exit', () => {
      const expected = this.gone;
      this.abandon(reason);
      if (!expected) onDeath(reason);
    });
    this.created = this.ask({ type: 'create', options });
    // Whoever binds it hears of a failure; nobody may, where it is stopped before that.
    this.created.catch(() => {});
  }

  /** Resolves with what came of the task; rejects with a `ThreadError` if it failed or the thread died. */
  ask(task: ThreadTask): Promise<ThreadResult> {
    if (this.gone) return Promise.reject(new ThreadError(deathOf('it is gone')));
    const number = ++this.lastNumber;
    const answer = Promise.withResolvers<ThreadResult>();
    this.waiting.set(number, answer);
    const request: ThreadRequest = { number, task };
    this.worker.postMessage(request);
    return answer.promise;
  }

  /** Hands over names as fast as the thread takes them; a small change that finds it waiting stays whole. */
  feed(entries: readonly NameEntry[]): void {
    this.backlog.add(entries);
    this.pump();
  }

  /** Resolves when all that was fed so far has been taken. */
  async fed(): Promise<void> {
    if (this.underWay > 0 && !this.gone) await new Promise<void>((resolve) => this.whenFed.push(resolve));
  }

  /** Milliseconds that its loop was busy since it started; 0 before that. */
  busyMs(): number {
    return this.worker.performance.eventLoopUtilization().active;
  }

  /** Lets the thread answer what it owes; ends it by force after `patienceMs`. */
  async stop(patience: Promise<void>): Promise<void> {
    if (this.gone) return;
    const ended = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.ask({ type: 'stop' }).catch(() => {});
    this.gone = true;
    this.cancelForgetting();
    await Promise.race([ended, patience]);
    await this.worker.terminate();
  }

  /** Ends it as if it had died. */
  kill(): void {
    void this.worker.terminate();
  }

  private pump(): void {
    while (!this.gone && this.hasTurn()) this.send(this.backlog.take());
    if (this.underWay > 0) return;
    this.allFed();
    this.cancelForgetting();
    this.cancelForgetting = this.clock.after(forgetMs, () => this.forget());
  }

  /** Whether names are to be told of now: the next few changes wait for the ones before, and are told of together. */
  private hasTurn(): boolean {
    return this.underWay === 0 ? this.backlog.size > 0 : this.underWay < maxUnderWay && !this.backlog.isLittle;
  }

  private send(entries: readonly NameEntry[]): void {
    this.cancelForgetting();
    this.underWay += 1;
    this.ask({ type: 'update', parcel: this.packer.pack(entries) })
      .catch((error: unknown) => {
        // That a thread died is said once, by whoever starts the next.
        if (!this.gone) this.log.error({ err: error }, 'a DNS thread could not take over changed names');
      })
      .finally(() => {
        this.underWay -= 1;
        this.pump();
      });
  }

  /** Names are told of in bursts: what the last one brought is of no use to the next. */
  private forget(): void {
    if (this.gone || this.packer.size === 0) return;
    this.packer.forget();
    this.ask({ type: 'update', parcel: this.packer.pack([]) }).catch(() => {});
  }

  private hear(saying: ThreadSaying): void {
    if (saying.type === 'log') {
      this.log[saying.level](saying.fields, saying.sentence);
      return;
    }
    const answer = this.waiting.get(saying.number);
    this.waiting.delete(saying.number);
    if (saying.result.type === 'failed') answer?.reject(new ThreadError(saying.result.failure));
    else answer?.resolve(saying.result);
  }

  private allFed(): void {
    for (const resolve of this.whenFed.splice(0)) resolve();
  }

  private abandon(reason: string): void {
    this.gone = true;
    this.cancelForgetting();
    this.allFed();
    for (const answer of this.waiting.values()) answer.reject(new ThreadError(deathOf(reason)));
    this.waiting.clear();
  }
}

function deathOf(reason: string): ThreadFailure {
  return { message: `the DNS thread does not answer: ${reason}`, code: undefined, address: undefined, port: undefined };
}
