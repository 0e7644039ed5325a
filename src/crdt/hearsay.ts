import type { HostId } from '../record.ts';
import type { Envelope } from './envelope.ts';
import type { Hosts } from './hosts.ts';
import { dialledBy, endingOf } from './sign-of-life.ts';

/** What the signs of life of others tell of who is where, beyond this host's own links. */
export class Hearsay {
  readonly #hosts: Pick<Hosts, 'sign' | 'liveness'>;
  readonly #neighbours: () => readonly HostId[];
  /** What a sign says, read once: in a full mesh it is asked for with the beats of all others. */
  readonly #read = new WeakMap<Envelope, ReadonlySet<string>>();

  constructor(hosts: Pick<Hosts, 'sign' | 'liveness'>, neighbours: () => readonly HostId[]) {
    this.#hosts = hosts;
    this.#neighbours = neighbours;
  }

  /** The hosts that nothing is heard of, by way of others either. */
  unheard(): ReadonlySet<HostId> {
    return this.#hosts.liveness.unheard();
  }

  /**
   * Whether each neighbour has a link of its own with `owner`: in a full mesh every beat comes to everybody from its
   * owner, and need not be handed on. Where that is not so, because the link carries nothing any more or somebody made
   * a key with another's ending, the neighbour misses a few beats and asks around for them (`Liveness`).
   */
  allHear(owner: HostId): boolean {
    const [byOwner, ending] = [this.#dialledBy(owner), endingOf(owner)];
    return this.#neighbours().every(
      (neighbour) => neighbour === owner || byOwner.has(endingOf(neighbour)) || this.#dialledBy(neighbour).has(ending),
    );
  }

  /** Whether a neighbour says that it dialled the host and has a link with it: there is somebody at its address. */
  vouchesFor(host: HostId): boolean {
    const ending = endingOf(host);
    return this.#neighbours().some((neighbour) => this.#dialledBy(neighbour).has(ending));
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
