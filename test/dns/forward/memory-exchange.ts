import type { Exchange, ExchangeListener } from '../../../src/dns/forward/exchange.ts';
import { a, replyTo } from './packets.ts';

/** An exchange in memory: tells who was asked when, and answers when the test says so. */
export class MemoryExchange implements Exchange {
  readonly asked: { readonly port: number; readonly query: Uint8Array; readonly listener: ExchangeListener }[] = [];
  open = 0;
  readonly #broken: readonly number[];

  /** At the ports in `broken` it fails before `ask` returns, as where the system has no sockets left. */
  constructor(broken: readonly number[] = []) {
    this.#broken = broken;
  }

  ask(query: Uint8Array, to: { readonly port: number }, listener: ExchangeListener): () => void {
    let ended = false;
    this.asked.push({ port: to.port, query, listener });
    if (this.#broken.includes(to.port)) {
      listener.failed('bind EMFILE');
      return () => {};
    }
    this.open++;
    return () => {
      if (!ended) this.open--;
      ended = true;
    };
  }

  close(): void {}

  answer(index: number, rcode = 0, flags = 0x8180): void {
    const { query, listener } = this.asked[index] ?? {};
    if (query) listener?.heard(replyTo(query, { flags, rcode, records: rcode === 0 ? [a('192.0.2.1')] : [] }));
  }

  fail(index: number): void {
    this.asked[index]?.listener.failed('connect ECONNREFUSED');
  }

  get ports(): number[] {
    return this.asked.map(({ port }) => port);
  }
}
