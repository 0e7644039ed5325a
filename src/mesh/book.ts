import { z } from 'zod';
import type { Log } from '../log.ts';
import { type HostId, parseHostId } from '../record.ts';
import type { MeshStorage } from './contract.ts';

const file = 'peers.json';

/** Unknown keys are dropped, so that a later version's file is of use too. */
const shape = z.object({
  peers: z.array(z.object({ host: z.string(), addresses: z.array(z.string().max(300)).max(64) })).max(65_536),
});

/** The hosts of the mesh and where they can be dialled, as they were known when the agent last ran. */
export async function readBook(storage: MeshStorage, log: Log): Promise<Map<HostId, readonly string[]>> {
  const stored = await storage.read(file);
  if (stored === undefined) return new Map();
  try {
    const { peers } = shape.parse(JSON.parse(Buffer.from(stored).toString('utf8')));
    return new Map(
      peers.flatMap(({ host, addresses }) => {
        const id = parseHostId(host);
        return id.ok ? [[id.value, addresses] as const] : [];
      }),
    );
  } catch (error) {
    log.warn({ err: error, file }, 'the known peers on disk cannot be read; the mesh has to be found again');
    return new Map();
  }
}

export async function writeBook(storage: MeshStorage, peers: ReadonlyMap<HostId, readonly string[]>): Promise<void> {
  const content = { peers: [...peers].map(([host, addresses]) => ({ host, addresses })) };
  await storage.write(file, Buffer.from(JSON.stringify(content)));
}
