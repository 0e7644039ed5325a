import { z } from 'zod';
import { type HostId, parseHostId } from '../record.ts';
import type { MeshStorage } from './contract.ts';

const file = 'peers.json';

/** What a mesh remembers over a restart. */
export interface Book {
  /** The hosts of the mesh and where they can be dialled. */
  readonly peers: ReadonlyMap<HostId, readonly string[]>;
  /** Addresses that an operator told the running agent to connect to. */
  readonly seeds: readonly string[];
  /** Hosts that an operator told it to forget, and that did not come back by themselves. */
  readonly forgotten: readonly HostId[];
  /** Hosts that a link led to. */
  readonly proven: readonly HostId[];
}

/**
 * Unknown keys are dropped, so that a later version's file is of use too; the others are younger than the first. A
 * peer's addresses are what it said of itself: they are not judged here, lest one peer make the whole book unreadable.
 */
const shape = z.object({
  peers: z.array(z.object({ host: z.string(), addresses: z.array(z.string()) })).max(65_536),
  seeds: z.array(z.string().max(300)).max(65_536).default([]),
  forgotten: z.array(z.string()).max(65_536).default([]),
  proven: z.array(z.string()).max(65_536).default([]),
});

const empty: Book = { peers: new Map(), seeds: [], forgotten: [], proven: [] };

/** The book as it was last written; an empty one where it cannot be read, and then that file is set aside. */
export async function readBook(storage: MeshStorage): Promise<Book> {
  const stored = await storage.read(file);
  if (stored === undefined) return empty;
  try {
    const { peers, seeds, forgotten, proven } = shape.parse(JSON.parse(Buffer.from(stored).toString('utf8')));
    return {
      peers: new Map(peers.flatMap(({ host, addresses }) => hostIds(host).map((id) => [id, addresses] as const))),
      seeds,
      forgotten: forgotten.flatMap(hostIds),
      proven: proven.flatMap(hostIds),
    };
  } catch {
    await storage.setAside(file, 'is no list of known peers');
    return empty;
  }
}

export async function writeBook(storage: MeshStorage, { peers, ...more }: Book): Promise<void> {
  const content = { peers: [...peers].map(([host, addresses]) => ({ host, addresses })), ...more };
  await storage.write(file, Buffer.from(JSON.stringify(content)));
}

/** None where the text is no host id. */
function hostIds(text: string): HostId[] {
  const id = parseHostId(text);
  return id.ok ? [id.value] : [];
}
