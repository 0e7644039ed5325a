import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The rooms; they never import each other. */
const rooms = ['watch', 'crdt', 'mesh', 'dns', 'api', 'cli'];
/** What every room may import, besides packages and itself. */
const sharedWords = [
  'record.ts',
  'record-limits.ts',
  'result.ts',
  'subnet.ts',
  'called.ts',
  'clock.ts',
  'log.ts',
  'file-problem.ts',
  'histogram.ts',
  'make-directory.ts',
  'held-container.ts',
  'multimap.ts',
  'pool.ts',
  'socket-holder.ts',
  'tidying.ts',
  'warning-header.ts',
];
/** The only files that import rooms: they build the whole from the parts. */
const wiring = ['agent.ts', 'answering.ts', 'demo.ts', 'main.ts', 'operator.ts', 'rooms.ts', 'secrets.ts'];
/** The only files that open sockets, files, processes or threads. */
const edges = [
  'api/metrics/process-measurements.ts',
  'api/page-files.ts',
  'api/server.ts',
  'api/socket-file.ts',
  'cli/client.ts',
  'cli/resolver.ts',
  'demo.ts',
  'dns/forward/resolv-conf-file.ts',
  'dns/forward/tcp-line.ts',
  'dns/forward/udp-exchange.ts',
  'dns/port-holder.ts',
  'dns/tcp.ts',
  'dns/thread-handle.ts',
  'dns/thread-priority.ts',
  'dns/thread.ts',
  'dns/udp.ts',
  'lock.ts',
  'main.ts',
  'make-directory.ts',
  'mesh/look-up.ts',
  'mesh/secret.ts',
  'secrets.ts',
  'service-manager.ts',
  'socket-holder.ts',
  'store.ts',
  'watch/docker-engine.ts',
  'watch/embedded-engine.ts',
];
/** Modules of Node that reach outside the process. */
const outside = /^node:(fs|net|dgram|tls|http|https|http2|child_process|worker_threads|dns|cluster)(\/|$)/;
/** Of those, what only computes on text. */
const pureNames = /^(isIP|isIPv4|isIPv6|BlockList|STATUS_CODES)$/;

interface Import {
  readonly from: string;
  readonly target: string;
  readonly names: readonly string[];
}

const source = join(import.meta.dirname, '../src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap(importsOf);

describe('the house', () => {
  it('has rooms that do not import each other', () => {
    const crossings = imports.filter(({ from, target }) => {
      const room = roomOf(from);
      return room !== undefined && isOurs(target) && roomOf(target) !== room && !sharedWords.includes(target);
    });
    expect(crossings.map(describeImport)).toEqual([]);
  });

  it('wires rooms together in the agent, the command line and the demo only', () => {
    const wirings = imports.filter(({ from, target }) => roomOf(from) === undefined && roomOf(target) !== undefined);
    expect(wirings.filter(({ from }) => !wiring.includes(from)).map(describeImport)).toEqual([]);
  });

  it('has shared words that import nothing but each other', () => {
    const strays = imports.filter(
      ({ from, target }) => sharedWords.includes(from) && isOurs(target) && !sharedWords.includes(target),
    );
    expect(strays.map(describeImport)).toEqual([]);
  });

  it('opens sockets, files, processes and threads in edge files only', () => {
    const openers = imports.filter(
      ({ target, names }) => outside.test(target) && !names.every((n) => pureNames.test(n)),
    );
    const strays = openers.filter(({ from }) => !edges.includes(from));
    expect(strays.map(describeImport)).toEqual([]);
    expect(edges.filter((edge) => !files.includes(edge))).toEqual([]);
  });

  it('has no barrels and no rooms for leftovers', () => {
    const names = files.map((file) => file.replace(/^.*\//, ''));
    expect(names.filter((name) => /^(index|utils?|helpers?|common|misc)\.ts$/.test(name))).toEqual([]);
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name))).toEqual([]);
  });

  it('leaves no unfinished marks behind', () => {
    const tests = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'layout.test.ts')
      .map((file) => join(import.meta.dirname, file));
    const marked = [...files.map((file) => join(source, file)), ...tests].filter((file) =>
      /\b(it|test|describe)\.(skip|todo|only)\b|\bTODO\b|\bFIXME\b|@ts-ignore|@ts-nocheck/.test(
        readFileSync(file, 'utf8'),
      ),
    );
    expect(marked).toEqual([]);
  });
});

function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8');
  const pattern = /^(?:import|export)\s(type\s)?([^'";]*?)from '([^']+)'/gm;
  return [...text.matchAll(pattern)]
    .filter(([, type]) => type === undefined)
    .map(([, , names = '', target = '']) => ({
      from: file,
      target: target.startsWith('.') ? relative(source, join(source, dirname(file), target)) : target,
      names: [...names.matchAll(/(type\s+)?(\w+)(?:\s+as\s+\w+)?/g)].flatMap(([, type, name = '']) =>
        type ? [] : [name],
      ),
    }))
    .filter(({ names }) => names.length > 0);
}

function roomOf(file: string): string | undefined {
  return rooms.find((room) => file.startsWith(`${room}/`));
}

function isOurs(target: string): boolean {
  return files.includes(target);
}

function describeImport({ from, target, names }: Import): string {
  return `${from} imports ${names.join(', ')} from ${target}`;
}
