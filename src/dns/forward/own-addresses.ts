import { networkInterfaces } from 'node:os';
import type { Clock } from '../../clock.ts';

/** The addresses of this machine's interfaces, looked up again after a while: networks come and go. */
export class OwnAddresses {
  readonly #clock: Clock;
  #known: ReadonlySet<string> = new Set();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(address: string): boolean {
    if (this.#clock.now() - this.#readAt >= keptMs) {
      this.#readAt = this.#clock.now();
      this.#known = readAddresses();
    }
    return this.#known.has(address);
  }
}

/** The system call takes some 50 µs; a new address may wait this long. */
const keptMs = 5_000;

function readAddresses(): ReadonlySet<string> {
  try {
    const interfaces = Object.values(networkInterfaces());
    return new Set(interfaces.flatMap((one) => one?.map(({ address }) => address) ?? []));
  } catch {
    // Some sandboxes forbid the call: then only configured addresses are known as our own.
    return new Set();
  }
}
