import { describe, expect, it } from 'vitest';
import { ApiAgent } from '../support/api-agent.ts';
import { weft } from '../support/cli-run.ts';

describe('weft up', () => {
  it('passes on every flag by its long name, and what stands without one as peers', async () => {
    await using agent = await ApiAgent.start();
    const words = [
      'up',
      '10.0.0.1',
      '--domain',
      'a.example',
      '--domain',
      'b.example',
      '--ttl',
      '5',
      '--no-docker',
      'h2',
    ];
    expect((await weft(agent, words)).given).toEqual({
      peers: ['10.0.0.1', 'h2'],
      domain: ['a.example', 'b.example'],
      ttl: '5',
      'no-docker': true,
      'no-dns': false,
    });
    const dashed = [
      'up',
      '--dns-listen=127.0.0.1:5353',
      '--hostname-from-label',
      'x',
      '--api',
      'unix:/x',
      '--api',
      '127.0.0.1:1',
    ];
    expect((await weft(agent, dashed)).given).toMatchObject({
      'dns-listen': ['127.0.0.1:5353'],
      'hostname-from-label': 'x',
      api: ['unix:/x', '127.0.0.1:1'],
    });
  });
});
