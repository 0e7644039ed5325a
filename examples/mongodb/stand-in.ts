import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Document, Long, ObjectId } from 'mongodb';
import { type Message, replyTo, takeMessage } from './wire.ts';

/**
 * `node stand-in.ts [SET MEMBER…]`: stands in for a MongoDB server before a driver, in memory and without replication, so
 * that drivers can be tried where no MongoDB is. Without arguments it is a router (mongos). With them it is a member of the
 * replica set SET, whose primary is the first of the MEMBERs that can be reached: no election, and no proof of anything
 * about MongoDB itself. It knows hello, ping, insert, find and endSessions.
 */
const [setName, ...members] = process.argv.slice(2);
const me = members.find((member) => member.startsWith(`${hostname()}.`)) ?? hostname();
const port = 27_017;
const everyMs = 300;
const patienceMs = 300;

const kept: Document[] = [];
let primary = members[0];
/** Later elections have greater ids, by which drivers know a primary that is none any more. */
let election = new ObjectId();

createServer((socket) => {
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('data', (data) => {
    bytes = Buffer.concat([bytes, data]);
    for (let taken = takeMessage(bytes); taken !== undefined; taken = takeMessage(bytes)) {
      bytes = taken.rest;
      socket.write(replyTo(taken.message, answerTo(taken.message)));
    }
  });
  socket.on('error', () => socket.destroy());
}).listen(port);

while (members.length > 0) {
  await elect();
  await pause(everyMs);
}

function answerTo({ command }: Message): Document {
  const [name = ''] = Object.keys(command);
  switch (name.toLowerCase()) {
    case 'hello':
    case 'ismaster':
      return hello();
    case 'ping':
    case 'endsessions':
      return { ok: 1 };
    case 'insert':
      if (!isWritable()) return { ok: 0, code: 10_107, codeName: 'NotWritablePrimary', errmsg: 'not primary' };
      kept.push(...command.documents);
      return { ok: 1, n: command.documents.length };
    case 'find':
      return { ok: 1, cursor: { id: Long.ZERO, ns: `${command.$db}.${command.find}`, firstBatch: kept } };
    default:
      return { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: `the stand-in does not know ${name}` };
  }
}

function hello(): Document {
  return {
    ok: 1,
    helloOk: true,
    isWritablePrimary: isWritable(),
    ismaster: isWritable(),
    minWireVersion: 0,
    maxWireVersion: 21,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    logicalSessionTimeoutMinutes: 30,
    localTime: new Date(),
    ...(setName === undefined ? { msg: 'isdbgrid' } : membership(setName)),
  };
}

function membership(name: string): Document {
  const leading = isWritable() ? { electionId: election } : {};
  return { setName: name, setVersion: 1, hosts: members, primary, me, secondary: !isWritable(), ...leading };
}

function isWritable(): boolean {
  return setName === undefined || primary === me;
}

async function elect(): Promise<void> {
  for (const member of members) {
    if (member !== me && !(await answers(member))) continue;
    if (member !== primary && member === me) election = new ObjectId();
    primary = member;
    return;
  }
}

/** Whether somebody accepts a connection under a member's name, looked up anew. */
function answers(member: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: member.replace(/:\d+$/, ''), port, timeout: patienceMs });
    const end = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket
      .on('connect', () => end(true))
      .on('error', () => end(false))
      .on('timeout', () => end(false));
  });
}
