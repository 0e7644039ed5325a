/**
 * `node stranger.ts DEED SECONDS HOST:PORT…`: knows no secret and keeps these ports busy for so long: `scan` connects and goes;
 * `hold` connects and says nothing; `half` says half of what a member would; `pour` sends bytes as fast as they are
 * taken. Says how many connections it made, and ends.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const [deed = '', seconds = '0', ...targets] = process.argv.slice(2);
/** To each; more than a host has places for strangers, in all. */
const atOnce = 400;
const pourBytes = 65_536;

const endsAt = performance.now() + Number(seconds) * 1_000;
let connections = 0;
console.log(`${deed} begins`);
await Promise.all(targets.flatMap((target) => Array.from({ length: atOnce }, () => keepAtIt(target))));
console.log(`${deed}: ${connections}`);
process.exit();

async function keepAtIt(target: string): Promise<void> {
  const [host = '', port = ''] = target.split(':');
  while (performance.now() < endsAt) {
    const socket = connect(Number(port), host);
    const over = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
    socket.on('connect', () => {
      connections += 1;
      if (deed === 'scan') socket.destroy();
      else act(socket);
    });
    await Promise.race([over, pause(endsAt - performance.now())]);
    socket.destroy();
    await pause(1);
  }
}

function act(socket: Socket): void {
  if (deed === 'half') socket.write('weft\u0001half');
  if (deed !== 'pour') return;
  // It begins as a member would, so that it is listened to.
  socket.write(Buffer.concat([Buffer.from('weft\u0001'), randomBytes(32)]));
  const pour = () => {
    while (socket.writable && socket.write(randomBytes(pourBytes)));
  };
  socket.on('drain', pour);
  pour();
}
