import type { ServerResponse } from 'node:http';
import { every } from '../clock.ts';
import { fullName, type Name, type NameEntry } from '../record.ts';
import type { RouteParts } from './app.ts';
import { HttpProblem } from './problem.ts';
import { primaryDomain } from './record-view.ts';
import type { WatchEvent } from './schema.ts';

export interface WatchLimits {
  readonly maxWatchers: number;
  readonly heartbeatMs: number;
  readonly watcherBufferBytes: number;
}

interface Watcher {
  readonly response: ServerResponse;
  /** The names asked for; undefined for all. */
  readonly names: ReadonlySet<Name> | undefined;
  /** Octets that may wait for it: the limit, and its snapshot, which it had no time to read. */
  allowedBytes: number;
}

/**
 * The open watch streams: server-sent events (WHATWG HTML section 9.2) of what changes. A stream begins with a
 * `snapshot` of all names, or, where the last event of an earlier stream is still known, with what changed since; then
 * `change` events follow. Each has the whole state of its names, so that repeating or merging events does no harm.
 */
export class Watchers {
  readonly #parts: RouteParts;
  readonly #limits: WatchLimits;
  readonly #watchers = new Set<Watcher>();
  /** Another run of the agent counts its revisions from 1 again: its ids must not be taken for ours. */
  readonly #run: string;
  readonly #stopBeating: () => void;

  constructor(parts: RouteParts, limits: WatchLimits) {
    this.#parts = parts;
    this.#limits = limits;
    this.#run = parts.control.agent.startedAt.toString(36);
    this.#stopBeating = every(parts.clock, limits.heartbeatMs, () => {
      for (const watcher of this.#watchers) this.#write(watcher, ': still here\n\n');
    });
  }

  /** Throws where one more stream is too many. */
  admit(): void {
    const { maxWatchers } = this.#limits;
    if (this.#watchers.size >= maxWatchers)
      throw new HttpProblem(503, `${maxWatchers} watch streams are open already; close one`);
  }

  /** Begins a stream on a reply whose header is not yet written. */
  open(response: ServerResponse, names: readonly Name[] | undefined, lastEventId: string | undefined): void {
    const watcher = { response, names: names && new Set(names), allowedBytes: Number.MAX_VALUE };
    const forget = () => this.#watchers.delete(watcher);
    response.on('close', forget).on('error', forget);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx keeps a stream back until its buffer is full unless told otherwise.
      'x-accel-buffering': 'no',
    });
    this.#watchers.add(watcher);
    this.#greet(watcher, lastEventId);
    watcher.allowedBytes = this.#limits.watcherBufferBytes + response.writableLength;
  }

  /** Tells all of them what changed; `revision` is the change's own. */
  publish(changed: readonly NameEntry[], revision: number): void {
    for (const watcher of this.#watchers) this.#send(watcher, 'change', changed, revision);
  }

  /** Ends all streams. May be called twice. */
  stop(): void {
    this.#stopBeating();
    for (const { response } of this.#watchers) response.end();
  }

  #greet(watcher: Watcher, lastEventId = ''): void {
    const { control, changes } = this.#parts;
    const [run, revision] = lastEventId.split('-');
    const since = run === this.#run ? changes.namesSince(Number(revision)) : undefined;
    const entries = since ? [...since].map((name) => control.entry(name)) : [...control.entries()];
    this.#send(watcher, since ? 'change' : 'snapshot', entries, changes.revision);
  }

  #send(watcher: Watcher, type: WatchEventType, entries: readonly NameEntry[], revision: number): void {
    const asked = entries.filter(({ name }) => watcher.names?.has(name) ?? true);
    if (type === 'change' && asked.length === 0) return;
    const { control, view } = this.#parts;
    const domain = primaryDomain(control.domains());
    const data: WatchEvent = {
      revision,
      names: asked.map((entry) => ({ name: entry.name, fullName: fullName(entry.name, domain), records: view(entry) })),
    };
    this.#write(watcher, `event: ${type}\nid: ${this.#run}-${revision}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #write({ response, allowedBytes }: Watcher, text: string): void {
    response.write(text);
    // One that does not read is cut off; it comes back with the id of the last event that it got.
    if (response.writableLength > allowedBytes) response.destroy();
  }
}

type WatchEventType = 'snapshot' | 'change';
