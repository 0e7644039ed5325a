/** A container's life, as whoever started and ended it saw it; it began later and ended earlier than noted. */
export interface Life {
  readonly name: string;
  readonly address: string;
  readonly host: string;
  readonly bornAt: number;
  diedAt: number;
}

/** A time in which a host could not know what happened, or the others not what happened on it. */
export interface Trouble {
  readonly host: string;
  readonly from: number;
  until: number;
}

/** One line of `soak-asker.ts`: what a host answered for a name, from its first to its last time in a row. */
export interface Said {
  readonly host: string;
  readonly name: string;
  readonly code: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly addresses: readonly string[];
}

/** Reads the lines of `soak-asker.ts`. */
export function readSaid(host: string, log: string): Said[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', code = '', firstAt, lastAt, count, ...addresses] = line.split(' ');
      return { host, name, code, firstAt: Number(firstAt), lastAt: Number(lastAt), count: Number(count), addresses };
    });
}

/**
 * Every answer that was wrong though its host could know better: an address that no container of the name had yet, or
 * that none had any more for longer than `graceMs`, not counting times of trouble on either side.
 */
export function wrongAnswers(
  said: readonly Said[],
  { lives, troubles, graceMs }: { lives: readonly Life[]; troubles: readonly Trouble[]; graceMs: number },
): string[] {
  return said.flatMap(({ host, name, addresses, firstAt, lastAt }) =>
    addresses.flatMap((address) => {
      const known = lives.filter((life) => life.name === name && life.address === address);
      const born = known.some((life) => life.bornAt <= firstAt);
      const alive = known.some((life) => lastAt <= knownBy(life.diedAt, [host, life.host], troubles, graceMs));
      if (born && alive) return [];
      const ends = known.map(({ diedAt }) => `${lastAt - diedAt} ms after it was gone`).join(', ');
      return [`${host} said ${name} ${address} from ${firstAt} to ${lastAt}: ${ends || 'never had it'}`];
    }),
  );
}

/** The latest time at which all of these hosts have to know of something that happened at `at`. */
function knownBy(at: number, hosts: readonly string[], troubles: readonly Trouble[], graceMs: number): number {
  const own = troubles.filter(({ host }) => hosts.includes(host)).toSorted((one, other) => one.from - other.from);
  return own.reduce((by, { from, until }) => (from <= by ? Math.max(by, until + graceMs) : by), at + graceMs);
}
