import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, answersOf, startAskingFrom } from '../test/e2e/asking.ts';
import type { Daemon } from '../test/support/lab/daemon.ts';
import { digOptions, parseDig } from '../test/support/lab/dig.ts';
import type { Peer } from './scenarios-peer.ts';
import { firstWith, lastWith } from './scenarios-words.ts';

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

  /** As `firstWith` of scenarios-words.ts, waited for. */
  firstWith(address: string, since: number, patienceMs: number): Promise<number | undefined> {
    return within(patienceMs, () => firstWith(this.answers(), address, since));
  }

  /** As `lastWith` of scenarios-words.ts, waited for. */
  lastWith(address: string, since: number, patienceMs: number): Promise<number | undefined> {
    return within(patienceMs, () => lastWith(this.answers(), address, since));
  }

  async stop(): Promise<Answer[]> {
    await this.#daemon.stop();
    return this.answers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
  }
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
