import { afterAll } from 'vitest';
import { EmbeddedEngine } from '../../src/watch/embedded-engine.ts';
import { describeEngine } from './engine-suite.ts';
import { embeddedVerbs } from './verbs.ts';

const engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet: '127.11.0.0/16' });
afterAll(() => engine.close());

describeEngine('the embedded engine', async () => {
  await engine.open();
  return embeddedVerbs(engine);
});
