import type { HostStatus } from '../../record.ts';
import { each, type Family, one, type Sample } from './family.ts';
import type { Scrape } from './scrape.ts';

/** What is known, who is there, and how the agent itself does. */
export const agentMetrics: readonly Family<Scrape>[] = [
  {
    name: 'weft_build_info',
    type: 'gauge',
    help: '1; the versions that run are in the labels',
    labels: ['version', 'node'],
    read: ({ control }) => [{ labels: { version: control.agent.version, node: process.versions.node }, value: 1 }],
  },
  {
    name: 'weft_ready',
    type: 'gauge',
    help: '1 while the agent can do its work, as /readyz says',
    read: ({ control }) => one(Number(control.readiness().ready)),
  },
  {
    name: 'weft_problems',
    type: 'gauge',
    help: 'Problems that `weft status` tells of',
    read: ({ control }) => one(control.problems().length),
  },
  {
    name: 'weft_names',
    type: 'gauge',
    help: 'Names that somebody has',
    read: ({ records }) => one(records.names),
  },
  {
    name: 'weft_records',
    type: 'gauge',
    help: "Containers' records, as `weft ls` lists them; hosts beyond the first 200 are `others`",
    labels: ['host', 'state'],
    read: ({ records }) => recordSamples(records.byHost),
  },
  {
    name: 'weft_static_records',
    type: 'gauge',
    help: 'Records made by hand',
    read: ({ records }) => one(records.statics),
  },
  {
    name: 'weft_bad_records',
    type: 'gauge',
    help: 'Records of hosts that are not used, since their content is not what a host may say',
    read: ({ control }) => one(control.hosts().reduce((sum, { badRecords }) => sum + badRecords, 0)),
  },
  {
    name: 'weft_hosts',
    type: 'gauge',
    help: 'Hosts of the mesh by status, this one as `self`',
    labels: ['status'],
    read: ({ control }) => {
      const counts: Record<HostStatus, number> = { self: 0, alive: 0, restarting: 0, quiet: 0, stale: 0 };
      for (const { status } of control.hosts()) counts[status]++;
      return each('status', counts);
    },
  },
  {
    name: 'weft_engine_connected',
    type: 'gauge',
    help: '1 while the container engine is followed',
    read: ({ measured: { engine } }) => one(engine && Number(engine.connected)),
  },
  {
    name: 'weft_engine_containers',
    type: 'gauge',
    help: 'Containers of this host with a record',
    read: ({ measured: { engine } }) => one(engine?.containers),
  },
  {
    name: 'weft_engine_event_lag_seconds',
    type: 'gauge',
    help: 'How far the last event lay back when it arrived, by the wall clocks of engine and agent',
    read: ({ measured: { engine } }) => one(seconds(engine?.eventLagMs)),
  },
  {
    name: 'weft_engine_compared_seconds',
    type: 'gauge',
    help: "Time since all records were compared with the engine's own listing",
    read: ({ measured: { engine } }) => one(seconds(engine?.comparedMsAgo)),
  },
  {
    name: 'weft_engine_occurrences_total',
    type: 'counter',
    help: 'What happened with the engine: events, comparisons, and what was caught and mended',
    labels: ['what'],
    read: ({ measured: { engine } }) =>
      Object.entries(engine?.counts ?? {}).map(([what, value]) => ({ labels: { what: snakeCase(what) }, value })),
  },
  {
    name: 'weft_event_loop_delay_seconds',
    type: 'histogram',
    help: 'How late the main thread was, looked at ten times a second; the answering threads have their own',
    read: ({ loopDelay }) => one(loopDelay),
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time of all threads',
    read: ({ process }) => one(process.cpuSeconds),
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory in use',
    read: ({ process }) => one(process.residentBytes),
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process started, in seconds since 1970',
    read: ({ process }) => one(process.startedAtSeconds),
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open files and sockets',
    read: ({ process }) => one(process.openFiles),
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'Memory of the main thread that holds objects',
    read: ({ process }) => one(process.heapBytes),
  },
];

function recordSamples(byHost: Scrape['records']['byHost']): Sample<number>[] {
  return [...byHost].flatMap(([host, states]) =>
    Array.from(states, ([state, value]) => ({ labels: { host, state }, value })),
  );
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function snakeCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(' ', '_');
}
