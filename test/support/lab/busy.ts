import { once } from 'node:events';
import { startProcess } from './command.ts';

/** Keeps this many cores busy until it is disposed of. */
export function keepBusy(cores: number): AsyncDisposable {
  const spin = ['setpriv', '--pdeathsig', 'KILL', process.execPath, '--eval', 'for (;;);'];
  const spinners = Array.from({ length: cores }, () => startProcess(spin, { stdio: 'ignore' }));
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = spinners.map((spinner) => once(spinner, 'exit'));
      for (const spinner of spinners) spinner.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
