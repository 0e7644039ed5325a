import type { HostId } from '../record.ts';
import type { Envelope } from './envelope.ts';
import type { Hosts } from './hosts.ts';
import { dialledBy, endingOf } from './sign-of-life.ts';

/** Which hosts have links with each other, as the last signs of life of both ends say. */
export class DirectLinks {
  readonly #hosts: Pick<Hosts, 'sign' | 'liveness'>;
  /** What a sign says, read once: in a full mesh it is asked for with the beats of all others. */
  readonly #read = new WeakMap<Envelope, ReadonlySet<string>>();

  constructor(hosts: Pick<Hosts, 'sign' | 'liveness'>) {
    this.#hosts = hosts;
  }

  /**
   * Whether each of `hearers` has a link of its own with `owner`: in a full mesh every beat comes to everybody from its
   * owner, and need not be handed on. Where that is not so, because the link carries nothing any more or somebody made
   * a key with another's ending, the hearer misses a few beats and asks around for them (`Liveness`).
   */
  allHear(owner: HostId, hearers: readonly HostId[]): boolean {
    const [byOwner, ending] = [this.#dialledBy(owner), endingOf(owner)];
    return hearers.every(
      (hearer) => hearer === owner || byOwner.has(endingOf(hearer)) || this.#dialledBy(hearer).has(ending),
    );
  }

  /** Endings; what one that is not heard said last is not so any more. */
  #dialledBy(host: HostId): ReadonlySet<string> {
    const sign = this.#hosts.liveness.status(host) === 'alive' ? this.#hosts.sign(host) : undefined;
    if (sign === undefined) return nobody;
    const dialled = this.#read.get(sign) ?? new Set(dialledBy(sign));
    this.#read.set(sign, dialled);
    return dialled;
  }
}

const nobody: ReadonlySet<string> = new Set();
