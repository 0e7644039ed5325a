/** `node test/support/lab/sweep.ts`: clears what interrupted runs of the lab left on this machine. */
import { sweep } from './run.ts';

const cleared = sweep();
console.log(cleared.length === 0 ? 'nothing left behind' : `cleared: ${cleared.join(', ')}`);
