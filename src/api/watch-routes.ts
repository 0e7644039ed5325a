import type { ServerResponse } from 'node:http';
import { every } from '../clock.ts';
import { fullName, type NameEntry, parseName } from '../record.ts';
import type { App, RouteParts } from './app.ts';
import { HttpProblem, mustParse } from './problem.ts';
import { primaryDomain } from './record-view.ts';
import { type WatchEvent, watchQuery } from './schema.ts';

export interface WatchLimits {
  readonly maxWatchers: number;
  readonly heartbeatMs: number;
  readonly watcherBufferBytes: number;
}

interface Watcher {
  readonly response: ServerResponse;
  /** The names asked for; undefined for all. */
  readonly names: ReadonlySet<string> | undefined;
  /** Octets that may wait for it: the limit, and its snapshot, which it had no time to read. */
  allowedBytes: number;
}

/** The verbs that the server has for its watch streams. */
export interface Watchers {
  /** Tells all of them what changed; `revision` is the change's own. */
  publish(changed: readonly NameEntry[], revision: number): void;
  /** Ends all streams. */
  stop(): void;
}

/**
 * Server-sent events (WHATWG HTML section 9.2) of what changes. A stream begins with a `snapshot` of all names, or,
 * where the `Last-Event-ID` of an earlier stream is still known, with what changed since; then `change` events follow.
 * Each event has the whole state of its names, so that repeating or merging events does no harm.
 */
export function watchRoutes(app: App, parts: RouteParts, limits: WatchLimits): Watchers {
  const { control, changes, clock, view } = parts;
  const watchers = new Set<Watcher>();
  // Another run of the agent counts its revisions from 1 again: its ids must not be taken for ours.
  const run = control.agent.startedAt.toString(36);
  const stopBeating = every(clock, limits.heartbeatMs, () => {
    for (const watcher of watchers) write(watcher, ': still here\n\n');
  });

  app.get(
    '/v1/watch',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'Server-sent events: a snapshot of all names, then every change; resumable by Last-Event-ID',
        querystring: watchQuery,
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => {
      if (watchers.size >= limits.maxWatchers)
        throw new HttpProblem(503, `${limits.maxWatchers} watch streams are open already; close one`);
      const names = request.query.name?.map((text) => mustParse(parseName(text, control.domains(), true)));
      reply.hijack();
      const watcher = { response: reply.raw, names: names && new Set<string>(names), allowedBytes: Number.MAX_VALUE };
      reply.raw.on('close', () => watchers.delete(watcher)).on('error', () => watchers.delete(watcher));
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // nginx keeps a stream back until its buffer is full unless told otherwise.
        'x-accel-buffering': 'no',
      });
      watchers.add(watcher);
      greet(watcher, header(request.headers['last-event-id']));
      watcher.allowedBytes = limits.watcherBufferBytes + reply.raw.writableLength;
    },
  );

  function greet(watcher: Watcher, lastEventId: string | undefined): void {
    const [lastRun, lastRevision] = (lastEventId ?? '').split('-');
    const since = lastRun === run ? changes.namesSince(Number(lastRevision)) : undefined;
    const entries = since ? [...since].map((name) => control.entry(name)) : [...control.entries()];
    send(watcher, since ? 'change' : 'snapshot', entries, changes.revision);
  }

  function send(watcher: Watcher, type: 'snapshot' | 'change', entries: readonly NameEntry[], revision: number): void {
    const asked = entries.filter(({ name }) => watcher.names?.has(name) ?? true);
    if (type === 'change' && asked.length === 0) return;
    const domain = primaryDomain(control.domains());
    const data: WatchEvent = {
      revision,
      names: asked.map((entry) => ({ name: entry.name, fullName: fullName(entry.name, domain), records: view(entry) })),
    };
    write(watcher, `event: ${type}\nid: ${run}-${revision}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  function write(watcher: Watcher, text: string): void {
    watcher.response.write(text);
    // One that does not read is cut off; it comes back with the id of the last event that it got.
    if (watcher.response.writableLength > watcher.allowedBytes) watcher.response.destroy();
  }

  return {
    publish: (changed, revision) => {
      for (const watcher of watchers) send(watcher, 'change', changed, revision);
    },
    stop: () => {
      stopBeating();
      for (const { response } of watchers) response.end();
    },
  };
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
