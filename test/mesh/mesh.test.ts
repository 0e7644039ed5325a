import { memory } from '@libp2p/memory';
import { introduce, type LabMeshOptions, MeshLab, until } from '../support/mesh-lab.ts';
import { describeMesh, type SuiteNet } from '../support/mesh-suite.ts';

describeMesh('the mesh over TCP', (count) => net(count, () => ({})));

let memoryAddresses = 0;
describeMesh('the mesh over memory', (count) =>
  net(count, () => ({ transport: memory(), options: { listen: [`/memory/suite-${memoryAddresses++}`] } })),
);

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
