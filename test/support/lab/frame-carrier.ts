/**
 * `frame-carrier.ts NEAR FAR DELAY_MS LOSS_PERCENT`: carries Ethernet frames between two TAP devices which it makes,
 * each frame late by the delay, some of them never; says `ready` when both exist, and ends when its input does.
 * Node cannot open a TAP device, so socat holds each and passes frames as datagrams on this namespace's loopback.
 */
import type { ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { startProcess } from './command.ts';
import { until } from './until.ts';

/** A burst of gossip must wait in the socket, not be lost there. */
const receiveBufferBytes = 4 * 1024 * 1024;
/** A frame of 1,500 bytes with its header and a tag fits. */
const frameBytes = 2048;

const [near = '', far = '', delayMs = '0', lossPercent = '0'] = process.argv.slice(2);
const [nearEnd, farEnd] = await Promise.all([openTap(near), openTap(far)]);
carry(nearEnd, farEnd);
carry(farEnd, nearEnd);
process.stdin.on('end', () => process.exit()).resume();
console.log('ready');

interface Tap {
  readonly socket: Socket;
  send(frame: Buffer): void;
}

async function openTap(name: string): Promise<Tap> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBufferBytes });
  const probe = createSocket('udp4');
  for (const opening of [socket, probe]) {
    opening.bind(0, '127.0.0.1');
    await once(opening, 'listening');
  }
  const tapPort = probe.address().port;
  probe.close();
  await once(probe, 'close');
  const holder = holdTap(name, tapPort, socket.address().port);
  holder.on('exit', () => process.exit(1));
  await until(`${name} exists`, () => deviceExists(name));
  return { socket, send: (frame) => socket.send(frame, tapPort, '127.0.0.1', () => {}) };
}

function holdTap(name: string, fromPort: number, toPort: number): ChildProcess {
  const tap = `TUN,tun-name=${name},tun-type=tap,iff-no-pi,iff-up`;
  const datagrams = `UDP4-DATAGRAM:127.0.0.1:${toPort},bind=127.0.0.1:${fromPort},rcvbuf=${receiveBufferBytes}`;
  const words = ['setpriv', '--pdeathsig', 'KILL', 'socat', '-b', String(frameBytes), tap, datagrams];
  return startProcess(words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The settings of a device in the reader's own network namespace; /sys would show that of the machine. */
function deviceExists(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}

function carry(from: Tap, to: Tap): void {
  from.socket.on('message', (frame) => {
    if (Math.random() * 100 < Number(lossPercent)) return;
    if (Number(delayMs) === 0) to.send(frame);
    else setTimeout(() => to.send(frame), Number(delayMs));
  });
}
