import { lookup } from 'node:dns/promises';

/** Every address that a host name stands for now, as this host's resolver says; none where it does not know. */
export async function lookUp(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true }).catch(() => []);
  return [...new Set(found.map(({ address }) => address))];
}
