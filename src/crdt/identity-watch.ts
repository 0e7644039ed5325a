import type { Clock } from '../clock.ts';

/** Jumps over epochs of ours that somebody else began: so many within the window are no lost disk, but a second agent. */
const innocentJumps = 3;
const windowMs = 300_000;
/** Once there is a second agent with our key, both jumping at once would never end. */
const patienceMs = 30_000;

/** Notices that another agent has this host's key: it goes on beginning epochs while this one jumps over them. */
export class IdentityWatch {
  readonly #clock: Clock;
  #jumps: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get duplicate(): boolean {
    const since = this.#clock.now() - windowMs;
    return this.#jumps.filter((at) => at >= since).length > innocentJumps;
  }

  /** Whether to jump over a foreign epoch now. */
  mayJump(): boolean {
    const now = this.#clock.now();
    const last = this.#jumps.at(-1);
    if (this.#jumps.length > innocentJumps && last !== undefined && now - last < patienceMs) return false;
    this.#jumps = [...this.#jumps.filter((at) => at >= now - windowMs), now];
    return true;
  }
}
