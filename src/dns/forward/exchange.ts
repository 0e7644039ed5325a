import type { Endpoint } from './options.ts';

/** Carries one question to one upstream and brings back what it sends. */
export interface Exchange {
  /**
   * Sends `query` and hands over everything that comes back from exactly that endpoint, or that it failed, once.
   * The returned function ends it and frees what it held; nothing is handed over afterwards. Never throws.
   */
  ask(query: Uint8Array, to: Endpoint, listener: ExchangeListener): () => void;
  /** Frees what is kept between questions; may be called twice. */
  close(): void;
}

export interface ExchangeListener {
  /** The octets are the listener's own. */
  heard(reply: Uint8Array): void;
  failed(problem: string): void;
}
