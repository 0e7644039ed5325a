/** A lab in a process of its own that comes to a bad end: for the test of what an interrupted run leaves behind. */
import { once } from 'node:events';
import { Lab } from './lab.ts';

const lab = await Lab.create(1);
await lab.host(1).runContainer({ name: 'bystander' });
await lab.host(1).runContainer({ name: 'frozen' });
await lab.host(1).docker('pause', 'frozen');
console.log(lab.run.id);
process.stdin.resume();
await once(process.stdin, 'end');
throw new Error('the test of this run failed');
