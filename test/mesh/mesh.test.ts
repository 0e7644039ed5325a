import { memory } from '@libp2p/memory';
import { createIdentity } from '../../src/identity.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryNet } from '../support/memory-mesh.ts';
import { introduce, type LabMeshOptions, MeshLab, until } from '../support/mesh-lab.ts';
import { describeMesh, type SuiteNet } from '../support/mesh-suite.ts';

describeMesh('the mesh over TCP', (count) => net(count, () => ({})));

let memoryAddresses = 0;
describeMesh('the mesh over memory', (count) =>
  net(count, () => ({ transport: memory(), options: { listen: [`/memory/suite-${memoryAddresses++}`] } })),
);

describeMesh('the twin of the mesh', async (count) => {
  const clock = new ManualClock();
  const net = new MemoryNet(clock);
  const meshes = Array.from({ length: count }, () => net.join(createIdentity().hostId));
  return {
    meshes,
    start: async () => {
      for (const mesh of meshes) mesh.start();
    },
    until: async (condition) => {
      // Far more of its time than anything in the suite takes.
      for (let ticks = 0; !condition(); ticks += 1) {
        if (ticks === 10_000) throw new Error('the condition did not come true');
        await clock.advanceAsync(10);
      }
    },
    stop: async () => {
      for (const mesh of meshes) mesh.stop();
    },
  };
});

async function net(count: number, given: () => LabMeshOptions): Promise<SuiteNet> {
  const lab = new MeshLab();
  const hosts = Array.from({ length: count }, () => lab.add(given()));
  return {
    meshes: hosts.map(({ seen }) => seen.mesh),
    start: async () => {
      await Promise.all(hosts.map(({ mesh }) => mesh.start()));
      introduce(hosts);
    },
    until: (condition) => until(condition),
    stop: () => lab.stop(),
  };
}
