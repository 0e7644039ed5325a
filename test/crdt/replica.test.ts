import { describe, expect, it } from 'vitest';
import { CrdtLab, staticRecord } from '../support/crdt-lab.ts';

describe('replicas', () => {
  it('know on every host what runs on any', async () => {
    const lab = new CrdtLab();
    const [one, two, three] = await lab.start(3);
    one?.put(one.container('c1', ['nodebb'], '10.1.0.1'));
    two?.put(two.container('c2', ['nodebb', 'node1'], '10.2.0.1'));
    three?.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(100);
    for (const host of lab.hosts) {
      expect(host.answers('nodebb')).toEqual(['10.1.0.1', '10.2.0.1']);
      expect(host.answers('db')).toEqual(['192.0.2.7']);
    }
    expect(lab.agree()).toBe(true);
  });
});
