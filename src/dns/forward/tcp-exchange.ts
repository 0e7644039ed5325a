import type { Clock } from '../../clock.ts';
import type { Exchange, ExchangeListener } from './exchange.ts';
import { word } from './message.ts';
import type { Endpoint } from './options.ts';
import { TcpLine } from './tcp-line.ts';
import { endpointText } from './upstream.ts';

/** What the pool keeps, and how long. */
export interface TcpLimits {
  /** Questions on one connection at once. */
  readonly perConnection: number;
  readonly idleConnections: number;
  readonly idleMs: number;
}

/**
 * Asks by TCP, many questions on one connection whose answers come in any order (RFC 7766 section 6.2.1.1). What is out
 * when a connection ends is asked again once, on a connection of its own: some servers answer one question on each.
 */
export class TcpExchange implements Exchange {
  readonly #clock: Clock;
  readonly #limits: TcpLimits;
  readonly #open = new Map<string, Set<TcpLine>>();

  constructor(clock: Clock, limits: TcpLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get openConnections(): number {
    return this.#all().length;
  }

  get idleConnections(): number {
    return this.#all().filter((line) => line.isIdle).length;
  }

  ask(query: Uint8Array, to: Endpoint, listener: ExchangeListener): () => void {
    const line = this.#lineFor(to, word(query, 0));
    let cancel = line.ask(query, {
      heard: (reply) => listener.heard(reply),
      failed: (problem) => {
        if (line.wasConnected) cancel = this.#connect(to, 1).ask(query, listener);
        else listener.failed(problem);
      },
    });
    return () => cancel();
  }

  close(): void {
    for (const line of this.#all()) line.destroy();
  }

  /** The fullest one with room, so that the others can become idle and go. */
  #lineFor(to: Endpoint, id: number): TcpLine {
    const open = [...(this.#open.get(endpointText(to)) ?? [])].filter((line) => line.takes(id));
    const [fullest] = open.toSorted((one, other) => other.inFlight - one.inFlight);
    return fullest ?? this.#connect(to, this.#limits.perConnection);
  }

  #connect(to: Endpoint, capacity: number): TcpLine {
    const peer = endpointText(to);
    const lines = this.#open.get(peer) ?? new Set<TcpLine>();
    const line = new TcpLine(to, capacity, {
      idle: () => this.#rest(lines, line),
      closed: () => {
        lines.delete(line);
        if (lines.size === 0) this.#open.delete(peer);
      },
    });
    this.#open.set(peer, lines.add(line));
    return line;
  }

  #rest(lines: ReadonlySet<TcpLine>, line: TcpLine): void {
    const idle = [...lines].filter((other) => other.isIdle);
    if (idle.length > this.#limits.idleConnections) line.destroy();
    else line.rest(this.#clock.after(this.#limits.idleMs, () => line.destroy()));
  }

  #all(): TcpLine[] {
    return [...this.#open.values()].flatMap((lines) => [...lines]);
  }
}
