import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, answersOf, isMissing, startAskingFrom } from '../test/e2e/asking.ts';
import type { Daemon } from '../test/support/lab/daemon.ts';
import { digOptions, parseDig } from '../test/support/lab/dig.ts';
import type { Peer } from './scenarios-peer.ts';

const questionsPerSecond = 200;
const pollMs = 50;

/** Asks for one name all the time from a host's container `asker`, with the same program for every peer. */
export class Asking implements AsyncDisposable {
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  static async start(peer: Peer, host: number, name: string): Promise<Asking> {
    const { pid } = await peer.containers.inspect(host, 'asker');
    const from = { pid, server: peer.server(host) };
    return new Asking(await startAskingFrom(peer.lab.host(host), from, peer.question(name), questionsPerSecond));
  }

  /** What it was answered so far, or all of it, with the questions that were lost, once it is stopped. */
  answers(): Answer[] {
    return answersOf(this.#daemon);
  }

  /** Milliseconds from a moment until an address was first in an answer; undefined when it is not within `patienceMs`. */
  async firstWith(address: string, since: number, patienceMs: number): Promise<number | undefined> {
    const first = () => this.answers().find(({ at, addresses }) => at >= since && addresses.includes(address))?.at;
    const at = await within(patienceMs, first);
    return at === undefined ? undefined : at - since;
  }

  /** Milliseconds from a moment until an address was last in an answer, at least 0; undefined when it is not within `patienceMs`. */
  async lastWith(address: string, since: number, patienceMs: number): Promise<number | undefined> {
    const has = ({ addresses }: Answer) => addresses.includes(address);
    const last = await within(patienceMs, () => {
      const answers = this.answers();
      const newest = answers.findLast(({ code }) => code !== 'LOST');
      if (newest === undefined || newest.at < since || has(newest)) return undefined;
      return { at: answers.findLast(has)?.at ?? since };
    });
    return last === undefined ? undefined : Math.max(0, last.at - since);
  }

  async stop(): Promise<Answer[]> {
    await this.#daemon.stop();
    return this.answers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
  }
}

/** What came of the questions of an asker that was stopped. */
export interface Heard {
  readonly asked: number;
  readonly lost: number;
  /** Answered that nobody has the name, or with an error. */
  readonly empty: number;
}

export function heard(answers: readonly Answer[]): Heard {
  const missing = answers.filter(isMissing);
  const lost = missing.filter(({ code }) => code === 'LOST').length;
  return { asked: answers.length, lost, empty: missing.length - lost };
}

/** What the condition gives as soon as it gives something; undefined when the time is up. */
export async function within<T>(
  patienceMs: number,
  condition: () => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined || performance.now() > deadline) return value;
    await pause(pollMs);
  }
}

/** The SRV records of a name, asked for once, in zone-file words. */
export async function servicesOf(peer: Peer, host: number, name: string): Promise<string[]> {
  const { pid } = await peer.containers.inspect(host, 'asker');
  const dig = ['dig', `@${peer.server(host)}`, ...digOptions, '-t', 'SRV', '-q', peer.question(name)];
  const { stdout } = await peer.lab.host(host).machine.attempt(['nsenter', `--target=${pid}`, '--net', ...dig]);
  return parseDig(stdout)
    .answer.filter(({ type }) => type === 'SRV')
    .map(({ data }) => data);
}

/** Milliseconds since 1970, on the clock that the lab's hosts and their engines share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
