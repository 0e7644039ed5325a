import { parentPort } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { ofThread, Tidying } from '../tidying.ts';
import { createForwarder, type UpstreamForwarder } from './forward/forwarder.ts';
import { Nameserver } from './nameserver.ts';
import type { DnsOptions } from './options.ts';
import { type PackedName, Unpacker } from './parcel.ts';
import { inParts, inTurn } from './parts.ts';
import { createThreadLog } from './thread-log.ts';
import type { ThreadFailure, ThreadRequest, ThreadResult, ThreadSaying, ThreadTask } from './thread-messages.ts';
import { preferThisThread } from './thread-priority.ts';

// The entry of an answering thread: a name server that is told what to do by messages.

/** Names that are taken over between two looks for questions: less than half a millisecond. */
const maxEntriesAtOnce = 32;

interface Running {
  readonly server: Nameserver;
  readonly forwarder: UpstreamForwarder;
}

const done: ThreadResult = { type: 'done' };
const log = createThreadLog((line) => say({ type: 'log', ...line }));
const parcels = new Unpacker();
const tidying = new Tidying(systemClock, ofThread);
const isPreferred = preferThisThread();
let running: Running | undefined;
/** Several messages come at once; each speaks of owners that the one before told of, and may have news of the same names. */
const afterOthers = inTurn();
/** Answers compiled so far, as far as they were looked at: each leaves as much behind as a name that is taken over. */
let compiled = 0;

parentPort?.on('message', ({ number, task }: ThreadRequest) => {
  obey(task)
    .catch((error: unknown): ThreadResult => ({ type: 'failed', failure: failureOf(error) }))
    .then((result) => say({ type: 'result', number, result }))
    .finally(() => {
      if (task.type === 'stop') parentPort?.close();
    });
});

async function obey(task: ThreadTask): Promise<ThreadResult> {
  if (task.type === 'create') {
    running = create(task.options);
    return done;
  }
  if (running === undefined) throw new Error(`the thread was told to ${task.type} before it was created`);
  const { server, forwarder } = running;
  switch (task.type) {
    case 'update':
      await afterOthers(() => takeOver(parcels.take(task.parcel), server));
      return done;
    case 'networks':
      server.setNetworks(task.networks);
      forwarder.setAllowed(task.networks.flatMap(({ subnets }) => subnets));
      return done;
    case 'bind':
      await server.start(task.listen);
      return { type: 'bound', addresses: server.boundAddresses() };
    case 'explain':
      return { type: 'explained', explanation: server.explain(task.name, task.from) };
    case 'stats': {
      const stats = server.stats();
      tidying.took(stats.counts.compiled - compiled);
      compiled = stats.counts.compiled;
      return { type: 'counted', stats, forward: forwarder.stats() };
    }
    case 'stop':
      tidying.stop();
      await server.stop();
      return done;
  }
}

async function takeOver(names: readonly PackedName[], server: Nameserver): Promise<void> {
  await inParts(names, maxEntriesAtOnce, (part) => server.update(parcels.read(part)));
  tidying.took(names.length);
}

function create(options: DnsOptions): Running {
  const forwarder = createForwarder(options.forward, {
    clock: systemClock,
    log,
    isAllowed: (address) => isNear(address),
  });
  if (!isPreferred) log.debug({}, 'this DNS thread may not go before other programs');
  return { forwarder, server: new Nameserver({ options, forwarder, clock: systemClock, log }) };
}

function isNear(address: string): boolean {
  return running?.server.isNear(address) ?? false;
}

function say(saying: ThreadSaying): void {
  parentPort?.postMessage(saying);
}

function failureOf(error: unknown): ThreadFailure {
  const message = error instanceof Error ? error.message : String(error);
  return {
    message,
    code: textOf(error, 'code'),
    address: textOf(error, 'address'),
    port: Number(textOf(error, 'port') ?? 0),
  };
}

function textOf(error: unknown, key: string): string | undefined {
  if (!(error instanceof Error) || !Object.hasOwn(error, key)) return undefined;
  return String(Object.getOwnPropertyDescriptor(error, key)?.value);
}
