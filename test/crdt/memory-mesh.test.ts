import { ManualClock } from '../support/manual-clock.ts';
import { MemoryNet } from '../support/memory-mesh.ts';
import { describeMesh } from '../support/mesh-suite.ts';
import { testSigner } from '../support/signer.ts';

const stepMs = 10;
const patienceMs = 60_000;

describeMesh('the mesh in memory', async (count) => {
  const clock = new ManualClock();
  const net = new MemoryNet(clock);
  const meshes = Array.from({ length: count }, (_, index) => net.join(testSigner(index + 1).hostId));
  return {
    meshes,
    async start() {
      for (const mesh of meshes) mesh.start();
    },
    async until(condition) {
      const end = clock.now() + patienceMs;
      while (!condition() && clock.now() < end) await clock.advanceAsync(stepMs);
      if (!condition()) throw new Error(`not so within ${patienceMs} ms`);
    },
    async stop() {
      for (const mesh of meshes) mesh.stop();
    },
  };
});
