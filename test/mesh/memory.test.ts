import { memory } from '@libp2p/memory';
import { vi } from 'vitest';
import { suiteNet, testTimeoutMs } from '../support/mesh-lab.ts';
import { describeMesh } from '../support/mesh-suite.ts';

vi.setConfig({ testTimeout: testTimeoutMs });

let addresses = 0;
describeMesh('the mesh over memory', (count) =>
  suiteNet(count, () => ({ transport: memory(), options: { listen: [`/memory/suite-${addresses++}`] } })),
);
