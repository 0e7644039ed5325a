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
  readonly what: string;
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

/** Milliseconds before a wrong answer in which what happened may explain it. */
const nearMs = 60_000;

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
      const last = known.toSorted((one, other) => one.diedAt - other.diedAt).at(-1);
      const end =
        last === undefined ? 'none ever had it' : `${last.host}'s last was gone for ${lastAt - last.diedAt} ms`;
      const near = troubles.filter(({ from, until }) => from <= lastAt && until >= firstAt - nearMs);
      const told = near.map((each) => `${each.host} ${each.what} from ${each.from - lastAt} to ${each.until - lastAt}`);
      return [`${host} said ${name} ${address} for ${lastAt - firstAt} ms: ${end}; ${told.join(', ') || 'no trouble'}`];
    }),
  );
}

/** The latest time at which all of these hosts have to know of something that happened at `at`. */
function knownBy(at: number, hosts: readonly string[], troubles: readonly Trouble[], graceMs: number): number {
  const own = troubles.filter(({ host }) => hosts.includes(host)).toSorted((one, other) => one.from - other.from);
  return own.reduce((by, { from, until }) => (from <= by ? Math.max(by, until + graceMs) : by), at + graceMs);
}
