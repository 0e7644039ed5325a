import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { quote } from './record.ts';
import { holderOfSockets } from './socket-holder.ts';

/**
 * The lock of a data directory, and how one agent hands it to the next.
 *
 * The lock is a name in Linux's abstract socket space made of the directory's own number: the kernel gives it to one
 * process, takes it back when that process dies however it dies, and tells a container's agent from the host's, where
 * a process id would lie. Its holder listens there for a successor, in lines of text:
 *
 *     successor → takeover TOKEN         as the holder wrote it beside the data, which only their reader knows
 *     holder    → refused REASON         and all stays as it is
 *               | yours answering        the directory and all ports but those for questions are free; it still answers
 *               | yours silent           ... or it had nowhere to answer
 *     successor → ready                  it answers too: the holder may go
 *
 * A successor that goes without `ready` has failed, and the holder takes everything up again.
 */
export interface Lock {
  /** What the holder writes into `keysFile` of the directory, for its owner's eyes only. */
  readonly keys: string;
  /** Resolves when another agent that has read the keys asks to take over. */
  readonly successor: Promise<Successor>;
  /** Whom the directory was taken over from; undefined where nobody was left to answer. */
  readonly predecessor: Predecessor | undefined;
  /** Whether another agent had it until now, whose ports may not all be free yet. */
  readonly succeeds: boolean;
  /** Lets another agent have the directory; may be called twice. */
  release(): Promise<void>;
}

/** An agent that is to take over from this one. */
export interface Successor {
  /** Tells it that all it needs is free, and whether this one still answers; resolves with what came of it. */
  yield(answering: boolean): Promise<'ready' | 'gone'>;
}

/** The agent that this one takes over from: it answers questions until it is relieved. */
export interface Predecessor {
  readonly answering: boolean;
  /** Tells it to go. */
  relieve(): void;
  /** Tells it, unless it was relieved, that nothing came of this one. */
  abandon(): void;
}

export interface LockOptions {
  /** Asks an agent that has the directory to hand it over, instead of giving up. */
  readonly takeover: boolean;
  /** Milliseconds that it may take to yield; one that needs longer hangs, and is killed. */
  readonly patienceMs: number;
}

/** The file of the directory that holds the process id and the token of whoever has the lock. */
export const keysFile = 'pid';

/** Takes the lock of a directory that exists; throws one clear sentence where another agent keeps it. */
export async function takeLock(directory: string, options: LockOptions, clock: Clock): Promise<Lock> {
  const { dev, ino } = await stat(directory);
  const name = `weft-data-${dev}-${ino}`;
  const held = await Held.open(name, clock, { succeeds: false, predecessor: undefined });
  if (held !== undefined) return held;
  const [pid = '', token = ''] = await readKeys(directory);
  const inUse = `data directory ${quote(directory)} is in use by another agent (process ${pid || 'unknown'})`;
  if (!options.takeover) throw new Error(`${inUse}; --takeover replaces it`);
  const answer = await askToYield(name, token, options.patienceMs, clock);
  if (answer.type === 'refused') throw new Error(`${inUse}, which does not hand it over: ${answer.reason}`);
  if (answer.type === 'silent' && !(await kill(name)))
    throw new Error(`${inUse}, which neither answers nor can be ended from here; end it, and start again`);
  const predecessor = answer.type === 'yielded' ? answer.predecessor : undefined;
  const taken = await Held.openSoon(name, clock, { succeeds: true, predecessor });
  if (taken === undefined) throw new Error(`${inUse}, which does not let go of it`);
  return taken;
}

type Ancestry = Pick<Lock, 'predecessor' | 'succeeds'>;

/** A lock that this process has. */
class Held implements Lock {
  readonly predecessor: Predecessor | undefined;
  readonly succeeds: boolean;
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #token = randomBytes(32).toString('hex');
  readonly #successor = Promise.withResolvers<Successor>();
  #released = false;

  private constructor(server: Server, clock: Clock, { predecessor, succeeds }: Ancestry) {
    this.predecessor = predecessor;
    this.succeeds = succeeds;
    this.#server = server;
    this.#clock = clock;
    server.on('connection', (socket) => void this.#hear(new Line(socket)));
    server.on('error', () => {});
    server.unref();
  }

  /** Undefined where another process has it. */
  static async open(name: string, clock: Clock, ancestry: Ancestry): Promise<Held | undefined> {
    const server = createServer();
    return new Promise((resolve) => {
      server.once('error', () => resolve(undefined));
      server.listen({ path: `\0${name}` }, () => resolve(new Held(server, clock, ancestry)));
    });
  }

  /** Whoever had it has just died or let go, and the kernel takes a moment to notice. */
  static async openSoon(name: string, clock: Clock, ancestry: Ancestry): Promise<Held | undefined> {
    for (const giveUpAt = clock.now() + releaseMs; clock.now() < giveUpAt; ) {
      const held = await Held.open(name, clock, ancestry);
      if (held !== undefined) return held;
      // Not the clock's, which keeps no process alive: there may be nothing else to do yet.
      await pause(releaseStepMs);
    }
    return undefined;
  }

  get keys(): string {
    return `${process.pid}\n${this.#token}\n`;
  }

  get successor(): Promise<Successor> {
    return this.#successor.promise;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    // Its name is free at once; its callback would wait for the successor to hang up.
    this.#server.close();
    this.predecessor?.abandon();
  }

  async #hear(line: Line): Promise<void> {
    const cancel = this.#clock.after(helloMs, () => line.end());
    const [word, token = ''] = (await line.read())?.split(' ') ?? [];
    cancel();
    if (word !== 'takeover' || !isEqual(token, this.#token))
      return line.end('refused the token is not that of the file');
    if (this.#released) return line.end('refused it is on its way already');
    this.#successor.resolve({
      yield: async (answering) => {
        line.write(`yours ${answering ? 'answering' : 'silent'}`);
        const said = await line.read();
        return said === 'ready' ? 'ready' : 'gone';
      },
    });
  }
}

type Answer =
  | { readonly type: 'yielded'; readonly predecessor: Predecessor }
  | { readonly type: 'refused'; readonly reason: string }
  /** It died, or hung up. */
  | { readonly type: 'gone' }
  /** It hangs. */
  | { readonly type: 'silent' };

async function askToYield(name: string, token: string, patienceMs: number, clock: Clock): Promise<Answer> {
  const line = new Line(connect({ path: `\0${name}` }));
  const patience = Promise.withResolvers<Answer>();
  const cancel = clock.after(patienceMs, () => patience.resolve({ type: 'silent' }));
  line.write(`takeover ${token}`);
  const answer = await Promise.race([line.read().then((said) => answerOf(said, line)), patience.promise]);
  cancel();
  if (answer.type !== 'yielded') line.end();
  return answer;
}

function answerOf(said: string | undefined, line: Line): Answer {
  const [word, ...more] = said?.split(' ') ?? [];
  if (word === 'refused') return { type: 'refused', reason: more.join(' ') };
  if (word !== 'yours') return { type: 'gone' };
  const predecessor = {
    answering: more[0] === 'answering',
    relieve: () => line.end('ready'),
    abandon: () => line.end(),
  };
  return { type: 'yielded', predecessor };
}

/** Ends the process that hangs with the lock; false where it cannot be seen, as one in another container. */
async function kill(name: string): Promise<boolean> {
  const holder = await holderOfSockets(await inodesOf(name));
  if (holder === undefined || holder.pid === process.pid) return false;
  process.kill(holder.pid, 'SIGKILL');
  return true;
}

/** Columns of this table: number, references, protocol, flags, type, state, inode, path; `@` stands for the 0. */
async function inodesOf(name: string): Promise<ReadonlySet<string>> {
  const table = await readFile('/proc/net/unix', 'utf8').catch(() => '');
  const columns = table.split('\n').map((row) => row.trim().split(/\s+/));
  return new Set(columns.flatMap((row) => (row[7] === `@${name}` && row[3] === listening ? (row[6] ?? []) : [])));
}

/** `__SO_ACCEPTCON` of Linux: a socket that listens. */
const listening = '00010000';
/** Milliseconds in which whoever connects must have said who it is. */
const helloMs = 1_000;
/** Milliseconds: a large process that is killed takes a moment to be taken apart. */
const releaseMs = 3_000;
const releaseStepMs = 10;
/** Longer than any line there is. */
const maxLine = 256;

/** One end of a conversation in lines; both ends may be gone at any time. */
class Line {
  readonly #socket: Socket;
  readonly #lines: AsyncGenerator<string>;

  constructor(socket: Socket) {
    socket.setEncoding('utf8').on('error', () => {});
    this.#socket = socket;
    this.#lines = linesOf(socket);
  }

  /** Undefined when the other end is gone, or does not speak in lines. */
  async read(): Promise<string | undefined> {
    const { value } = await this.#lines.next();
    return value || undefined;
  }

  write(text: string): void {
    this.#socket.write(`${text}\n`);
  }

  end(text?: string): void {
    if (text !== undefined) this.write(text);
    this.#socket.end();
    this.#socket.unref();
  }
}

async function* linesOf(socket: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const text of socket) {
      const [first = '', ...more] = `${rest}${text}`.split('\n');
      const whole = [first, ...more];
      rest = whole.pop() ?? '';
      yield* whole;
      if (rest.length > maxLine) return;
    }
  } catch {
    // It was reset: gone as well.
  }
}

async function readKeys(directory: string): Promise<string[]> {
  const text = await readFile(join(directory, keysFile), 'utf8').catch(() => '');
  return text.split('\n');
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
