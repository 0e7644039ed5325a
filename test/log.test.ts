import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const log = join(import.meta.dirname, '../src/log.ts');

describe('the log', () => {
  it('ends nobody where it cannot be written, as on a full disk', async () => {
    const program = `import { createLog } from ${JSON.stringify(log)};
const log = createLog('info');
for (let lines = 0; lines < 10; lines++) log.info('nobody reads this');
setImmediate(() => process.exit(7));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'ignore', openSync('/dev/full', 'w')],
    });
    expect(await once(child, 'exit')).toEqual([7, null]);
  });
});
