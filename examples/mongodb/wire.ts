import { BSON, type Document } from 'mongodb';

/** A message of MongoDB's wire protocol, as far as a driver sends it to find out what a server is and to use it a little. */
export interface Message {
  readonly requestId: number;
  readonly legacy: boolean;
  readonly command: Document;
}

const headerOctets = 16;
const opReply = 1;
const opQuery = 2004;
const opMsg = 2013;
/** In front of the document of an OP_REPLY: flags, cursor, offset, count. */
const replyOctets = 20;
/** In front of the document of an OP_MSG: flags and the kind of its section. */
const messageOctets = 5;

/** The first message of the bytes and what is behind it; undefined when it is not all there yet. */
export function takeMessage(bytes: Buffer): { message: Message; rest: Buffer } | undefined {
  if (bytes.length < 4 || bytes.length < bytes.readInt32LE(0)) return undefined;
  const length = bytes.readInt32LE(0);
  const body = bytes.subarray(headerOctets, length);
  const legacy = bytes.readInt32LE(12) === opQuery;
  const command = legacy ? queried(body) : sent(body);
  return { message: { requestId: bytes.readInt32LE(4), legacy, command }, rest: bytes.subarray(length) };
}

/** The bytes that answer a message, in the form in which it was asked. */
export function replyTo({ requestId, legacy }: Message, document: Document): Buffer {
  const head = Buffer.alloc(headerOctets + (legacy ? replyOctets : messageOctets));
  const body = BSON.serialize(document);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(requestId, 8);
  head.writeInt32LE(legacy ? opReply : opMsg, 12);
  if (legacy) head.writeInt32LE(1, headerOctets + replyOctets - 4);
  return Buffer.concat([head, body]);
}

/** The document of an OP_QUERY: behind its flags, the name of a collection, and two numbers. */
function queried(body: Buffer): Document {
  return documentAt(body, body.indexOf(0, 4) + 1 + 8);
}

/** The document of an OP_MSG, with those of its sequences, which stand apart, where they belong. */
function sent(body: Buffer): Document {
  let command: Document = {};
  for (let at = 4; at < body.length; ) {
    const [kind, size] = [body[at], body.readInt32LE(at + 1)];
    if (kind === 0) command = { ...command, ...documentAt(body, at + 1) };
    else command = { ...command, ...sequence(body.subarray(at + 1, at + 1 + size)) };
    at += 1 + size;
  }
  return command;
}

function sequence(section: Buffer): Document {
  const nameEnd = section.indexOf(0, 4);
  const documents: Document[] = [];
  for (let at = nameEnd + 1; at < section.length; at += section.readInt32LE(at))
    documents.push(documentAt(section, at));
  return { [section.toString('utf8', 4, nameEnd)]: documents };
}

function documentAt(bytes: Buffer, at: number): Document {
  return BSON.deserialize(bytes.subarray(at, at + bytes.readInt32LE(at)));
}
