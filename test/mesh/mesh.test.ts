import { vi } from 'vitest';
import { createIdentity } from '../../src/identity.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryNet } from '../support/memory-mesh.ts';
import { suiteNet, testTimeoutMs } from '../support/mesh-lab.ts';
import { describeMesh } from '../support/mesh-suite.ts';

vi.setConfig({ testTimeout: testTimeoutMs });

describeMesh('the mesh over TCP', (count) => suiteNet(count, () => ({})));

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
