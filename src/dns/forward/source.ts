import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Endpoint, UpstreamSource } from './options.ts';
import { parseResolvConf } from './resolv-conf.ts';
import { type FileReading, ResolvConfFile } from './resolv-conf-file.ts';

/** Where the default upstreams come from: named once, or a file that is followed. */
export class Source {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pollMs: number;
  readonly #changed: (upstreams: readonly Endpoint[]) => void;
  #file: ResolvConfFile | undefined;
  #cancelEmpty = () => {};
  #known: readonly Endpoint[] = [];

  constructor(clock: Clock, log: Log, pollMs: number, changed: (upstreams: readonly Endpoint[]) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#pollMs = pollMs;
    this.#changed = changed;
  }

  /** Follows this one from now on; resolves when its upstreams are known, or known to be unreadable. */
  async follow(source: UpstreamSource): Promise<void> {
    this.stop();
    if (!('resolvConf' in source)) {
      this.#take(source);
      return;
    }
    const path = source.resolvConf;
    const file = new ResolvConfFile(path, this.#clock, this.#pollMs, (reading) => this.#read(path, reading));
    this.#file = file;
    await file.start();
  }

  stop(): void {
    this.#cancelEmpty();
    this.#file?.stop();
    this.#file = undefined;
  }

  #read(path: string, reading: FileReading): void {
    this.#cancelEmpty();
    if (reading.type === 'error') {
      this.#log.warn(
        { path, problem: reading.problem },
        'cannot read the file with the upstreams; keeping those known',
      );
      return;
    }
    const { upstreams, unreadable } = parseResolvConf(reading.text);
    if (unreadable.length > 0) this.#log.warn({ path, unreadable }, 'nameserver lines that hold no IP address');
    // Some writers empty the file first: believe in no upstreams at all only when it stays so.
    const emptied = upstreams.length === 0 && this.#known.length > 0;
    if (emptied) this.#cancelEmpty = this.#clock.after(this.#pollMs, () => this.#take(upstreams));
    else this.#take(upstreams);
  }

  #take(upstreams: readonly Endpoint[]): void {
    this.#known = upstreams;
    this.#changed(upstreams);
  }
}
