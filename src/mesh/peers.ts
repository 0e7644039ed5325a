import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type HostId, quote } from '../record.ts';
import { type Result, refused } from '../result.ts';
import { parseDialAddress } from './address.ts';
import { type Book, writeBook } from './book.ts';
import type { MeshStorage } from './contract.ts';
import type { Dialer } from './dialer.ts';
import type { Links } from './links.ts';

export interface PeersParts {
  readonly self: HostId;
  /** What an address without a port means. */
  readonly defaultPort: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly storage: MeshStorage;
  readonly dialer: Dialer;
  readonly links: Links;
}

/** Known peers are written this long after they changed, in milliseconds: once for the burst of a mesh being found. */
const saveAfterMs = 1000;
/** Addresses of one host that are dialled and remembered: each costs a dial, and no host can be reached at more. */
const maxAddresses = 64;

/** Whom this host is told to link with, or not to, by other hosts' records and by operators; kept over a restart. */
export class Peers {
  readonly #parts: PeersParts;
  /** Addresses to connect to that outlive a restart. */
  readonly #seeds = new Set<string>();
  #cancelSave: (() => void) | undefined;

  constructor(parts: PeersParts) {
    this.#parts = parts;
  }

  /** Takes up what was written at the last run. */
  recall({ peers, proven, forgotten, seeds }: Book): void {
    for (const [host, addresses] of peers) this.learn(host, addresses);
    for (const host of proven) this.#parts.dialer.welcome(host);
    for (const host of forgotten) this.#parts.dialer.forget(host);
    for (const address of seeds) this.connect(address);
  }

  /** Writes at once what was to be written soon. */
  async flush(): Promise<void> {
    if (this.#cancelSave !== undefined) await this.#save();
  }

  learn(host: HostId, addresses: readonly string[]): void {
    const { self, defaultPort, dialer } = this.#parts;
    if (host === self) return;
    const dialable = addresses.flatMap((text) => {
      const address = parseDialAddress(text, defaultPort);
      return address.ok ? [address.value] : [];
    });
    if (dialer.learn(host, dialable.slice(0, maxAddresses))) this.#saveSoon();
  }

  unlearn(host: HostId): void {
    if (this.#parts.dialer.unlearn(host)) this.#saveSoon();
  }

  /** A host linked with us: it is dialled before strangers, and one that an operator had us forget is so no more. */
  welcome(host: HostId): void {
    if (this.#parts.dialer.welcome(host)) this.#saveSoon();
  }

  join(address: string): Result<string> {
    const parsed = parseDialAddress(address, this.#parts.defaultPort);
    if (parsed.ok) this.#parts.dialer.addSeed(parsed.value);
    return parsed;
  }

  connect(address: string): Result<string> {
    const joined = this.join(address);
    if (!joined.ok || this.#seeds.has(joined.value)) return joined;
    this.#seeds.add(joined.value);
    this.#saveSoon();
    return joined;
  }

  forget(address: string): Result<string> {
    const { defaultPort, dialer, links } = this.#parts;
    const parsed = parseDialAddress(address, defaultPort);
    if (!parsed.ok) return parsed;
    const linked = links.all().filter((link) => link.address === parsed.value);
    const hosts = new Set([...linked.map(({ peer }) => peer), ...dialer.hostsAt(parsed.value)]);
    const seeded = dialer.dropSeed(parsed.value);
    if (!seeded && hosts.size === 0) return refused(`${quote(address)} is not an address this host connects to`);
    this.#seeds.delete(parsed.value);
    for (const host of hosts) this.#part(host);
    this.#saveSoon();
    return parsed;
  }

  forgetHost(host: HostId): void {
    this.#part(host);
    this.#parts.dialer.unlearn(host);
    this.#saveSoon();
  }

  #part(host: HostId): void {
    this.#parts.dialer.forget(host);
    this.#parts.links.cut(host, 'an operator had it forgotten');
  }

  #saveSoon(): void {
    const { clock, log } = this.#parts;
    this.#cancelSave ??= clock.after(saveAfterMs, () => {
      this.#save().catch((error) => log.error({ err: error }, 'the known peers could not be written'));
    });
  }

  async #save(): Promise<void> {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    await writeBook(this.#parts.storage, { ...this.#parts.dialer.book(), seeds: [...this.#seeds] });
  }
}
