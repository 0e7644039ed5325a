import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The server has one core, the load the other, so that neither takes time from the other. */
export const serverCore = '0';
const loadCore = availableParallelism() > 1 ? '1' : '0';
/** Puts a program on one core (util-linux). */
const pinner = 'taskset';
/** Puts a program before all others on its core (util-linux), where this user may. */
const first = ['chrt', '--fifo', '1'];
/** As dnsperf counts: sockets, and questions that are out at once. */
const clients = '4';
const outstanding = '100';
/** `/proc/PID/stat` counts in hundredths of a second on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** A server that has not ended by then is ended by force. */
const stopMs = 5000;
/**
 * Before all others, dnsperf's own two threads can wait for each other for ever: one turns around for what the other may
 * not do meanwhile. So long after its time it is ended, and begins again.
 */
const overdueMs = 3000;
const attempts = 5;

/** Where a server answers. */
export interface Place {
  readonly port: number;
  /** 127.0.0.1 unless said. */
  readonly address?: string;
  /** The words that bring a command to where that address can be reached. */
  readonly inside?: readonly string[];
}

export interface Load extends Place {
  readonly questions: string;
  readonly seconds: number;
  readonly transport?: 'udp' | 'tcp';
}

export interface Throughput {
  readonly answered: number;
  readonly lost: number;
  readonly perSecond: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: number;
}

/** As many questions as the server answers. */
export async function fullLoad({ questions, seconds, transport = 'udp', ...place }: Load): Promise<Throughput> {
  const out = await dnsperf(place, [
    '-d',
    questions,
    '-l',
    String(seconds),
    '-m',
    transport,
    '-c',
    clients,
    '-q',
    outstanding,
  ]);
  return {
    answered: figure(out, /Queries completed:\s+(\d+)/),
    lost: figure(out, /Queries lost:\s+(\d+)/),
    perSecond: Math.round(figure(out, /Queries per second:\s+([\d.]+)/)),
  };
}

/** Every question once, so that whatever a server prepares at the first one is ready. */
export async function warmUp({ questions, transport = 'udp', ...place }: Load): Promise<void> {
  await dnsperf(place, ['-d', questions, '-n', '1', '-m', transport, '-c', clients, '-q', outstanding]);
}

/**
 * So many questions a second, each timed. Where it may, the load goes before all else on its core, so that the time is the
 * server's and not the load's own.
 */
export async function pacedLoad(
  { questions, seconds, transport = 'udp', ...place }: Load,
  perSecond: number,
): Promise<Latency> {
  const pace = ['-Q', String(perSecond), '-v'];
  const out = await dnsperfFirst(place, seconds, [
    '-d',
    questions,
    '-l',
    String(seconds),
    '-m',
    transport,
    '-c',
    clients,
    '-q',
    '1000',
    ...pace,
  ]);
  const times = [...out.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)]
    .map(([, time]) => Number(time) * 1000)
    .sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), lost: figure(out, /Queries lost:\s+(\d+)/) };
}

let lastServer = 0;

/** What a server under measurement has used. */
export interface Usage {
  /** Seconds of processor time that its processes have used. */
  cpuSeconds(): number;
  /** What is resident. */
  memoryMegabytes(): number;
  /** The same without pages of files, which all processes of the same programs share. */
  ownMegabytes(): number;
}

/** What processes have used. */
export function usageOf(pids: () => readonly string[]): Usage {
  return {
    cpuSeconds: () => sum(pids().map(ticks)) / ticksPerSecond,
    memoryMegabytes: () => Math.round(sum(pids().map((pid) => kilobytes(pid, 'VmRSS'))) / 1024),
    ownMegabytes: () => Math.round(sum(pids().map((pid) => kilobytes(pid, 'RssAnon'))) / 1024),
  };
}

/** A server under measurement. A mark in the environment finds all its processes, also those that leave their parent. */
export class Server implements Usage, Place {
  private readonly child: ChildProcess;
  private readonly output: string[] = [];
  private readonly usage = usageOf(() => this.pids());
  private readonly mark = `WEFT_BENCH_SERVER=${process.pid}-${++lastServer}`;
  readonly port: number;

  constructor(command: readonly string[], port: number, { pinned = true }: { pinned?: boolean } = {}) {
    const [program = '', ...rest] = pinned ? [pinner, '-c', serverCore, ...command] : command;
    this.port = port;
    const [variable = '', value = ''] = this.mark.split('=');
    const env = { ...process.env, [variable]: value };
    this.child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk) => this.output.push(String(chunk)));
    this.child.on('error', (error) => this.output.push(error.message));
  }

  /** Resolves when it answers `name` with an address, or at all. */
  async ready(name: string, { anyReply = false, patienceMs = 60_000 } = {}): Promise<void> {
    const end = performance.now() + patienceMs;
    while (performance.now() < end) {
      const { stdout } = await run('dig', [
        ...(anyReply ? [] : ['+short']),
        '+tries=1',
        '+time=1',
        '-p',
        String(this.port),
        '@127.0.0.1',
        name,
      ]).catch(() => ({ stdout: '' }));
      if (anyReply ? /status: /.test(stdout) : /^\d+\.\d+\.\d+\.\d+$/m.test(stdout)) return;
      // The first process of one that becomes a daemon ends while another goes on.
      if (this.child.exitCode !== null && this.pids().length === 0) break;
    }
    throw new Error(`the server does not answer: ${this.output.join('').slice(-500)}`);
  }

  /** All that it printed. */
  said(): string {
    return this.output.join('');
  }

  cpuSeconds(): number {
    return this.usage.cpuSeconds();
  }

  memoryMegabytes(): number {
    return this.usage.memoryMegabytes();
  }

  ownMegabytes(): number {
    return this.usage.ownMegabytes();
  }

  /** Takes its processes from their core until `resume()`. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** Ends all its processes and waits until they are gone. */
  async stop(): Promise<void> {
    const patience = performance.now() + stopMs;
    this.resume();
    this.signal('SIGTERM');
    while (this.pids().length > 0) {
      if (performance.now() > patience) this.signal('SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids()) {
      try {
        process.kill(Number(pid), signal);
      } catch {
        // It ended by itself in the meantime.
      }
    }
  }

  private pids(): string[] {
    return readdirSync('/proc').filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      return readOrNothing(`/proc/${name}/environ`).split('\0').includes(this.mark);
    });
  }
}

async function dnsperfFirst(place: Place, seconds: number, options: readonly string[]): Promise<string> {
  const limitMs = seconds * 1000 + overdueMs;
  for (let attempt = 1; mayGoFirst() && attempt <= attempts; attempt++) {
    try {
      return await dnsperf(place, options, { before: first, limitMs });
    } catch (error) {
      if (!(error instanceof Overdue)) throw error;
    }
  }
  return await dnsperf(place, options);
}

function mayGoFirst(): boolean {
  const [program = '', ...rest] = first;
  return spawnSync(program, [...rest, 'true']).status === 0;
}

class Overdue extends Error {}

async function dnsperf(
  { port, address = '127.0.0.1', inside = [] }: Place,
  options: readonly string[],
  { before = [], limitMs = 0 }: { before?: readonly string[]; limitMs?: number } = {},
): Promise<string> {
  const dnsperf = ['dnsperf', '-s', address, '-p', String(port), '-W', ...options];
  const command = [...inside, pinner, '-c', loadCore, ...before, ...dnsperf];
  const work = mkdtempSync(join(tmpdir(), 'bench-dnsperf-'));
  const path = join(work, 'out');
  const out = openSync(path, 'w');
  try {
    // Into a file: whoever reads a line for each answer from a pipe takes the processor from the two that are measured.
    const [program = '', ...rest] = command;
    const stdio = ['ignore', out, 'inherit'] as const;
    const child = spawn(program, rest, { stdio: [...stdio], timeout: limitMs, killSignal: 'SIGKILL' });
    const [code, signal] = await once(child, 'exit');
    if (signal === 'SIGKILL' && limitMs > 0) throw new Overdue(`dnsperf did not end within ${limitMs} ms`);
    if (code !== 0) throw new Error(`dnsperf ended with ${code}`);
    return readFileSync(path, 'utf8');
  } finally {
    closeSync(out);
    rmSync(work, { recursive: true, force: true });
  }
}

function figure(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN);
}

/**
 * User and system time, its own and that of its children that ended, such as one for each TCP connection; the fields of
 * `stat` behind the name, which may hold anything.
 */
function ticks(pid: string): number {
  const text = readOrNothing(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return sum(fields.slice(11, 15).map(Number));
}

function kilobytes(pid: string, what: 'VmRSS' | 'RssAnon'): number {
  return figure(readOrNothing(`/proc/${pid}/status`), new RegExp(`${what}:\\s+(\\d+)`)) || 0;
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
