import { expect, it } from 'vitest';
import { createThreadLog, type LogLine } from '../../src/dns/thread-log.ts';

it('hands on lines that cross to another thread whole, with the codes and causes of errors', () => {
  const lines: LogLine[] = [];
  const log = createThreadLog((line) => lines.push(structuredClone(line)));
  const cause = Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:53'), {
    code: 'ECONNREFUSED',
    port: 53,
    reply() {},
  });

  log.warn({ err: new TypeError('no reply', { cause }), upstream: '192.0.2.1' }, 'this upstream does not answer');
  log.debug({ upstreams: ['192.0.2.2'] });

  expect(lines).toEqual([
    {
      level: 'warn',
      fields: {
        err: {
          type: 'TypeError',
          message: 'no reply',
          stack: expect.stringContaining('thread-log.test.ts'),
          cause: {
            type: 'Error',
            message: 'connect ECONNREFUSED 192.0.2.1:53',
            stack: expect.stringContaining('thread-log.test.ts'),
            code: 'ECONNREFUSED',
            port: 53,
          },
        },
        upstream: '192.0.2.1',
      },
      sentence: 'this upstream does not answer',
    },
    { level: 'debug', fields: { upstreams: ['192.0.2.2'] }, sentence: '' },
  ]);
});
