import { afterAll, beforeAll } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { imageTag } from '../support/lab/images.ts';
import { Lab } from '../support/lab/lab.ts';
import { describeEngine } from '../watch/engine-suite.ts';
import { commandVerbs } from '../watch/verbs.ts';

let lab: Lab;
let host: LabHost;

beforeAll(async () => {
  lab = await Lab.create(1);
  host = lab.host(1);
  await host.image('busybox');
});
afterAll(() => lab[Symbol.asyncDispose]());

describeEngine('a real Docker Engine', async () =>
  commandVerbs({
    url: `unix://${host.engineSocket}`,
    image: imageTag('busybox'),
    defaultNetwork: 'bridge',
    command: (...words) => host.docker(...words),
    removeAll: async () => {
      const ids = (await host.docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);
      if (ids.length > 0) await host.docker('rm', '--force', ...ids);
    },
    restartEngine: () => host.restartEngine(),
  }),
);
