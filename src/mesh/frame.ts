import type { StreamReader } from './stream-reader.ts';

/**
 * A frame on a request's stream: its length in four bytes, big-endian, and that many bytes.
 * The frame of length 0 says that the answer is whole, which a closed stream alone does not.
 */
export const lengthBytes = 4;

export function encodeFrame(bytes: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(lengthBytes + bytes.length);
  frame.writeUInt32BE(bytes.length);
  frame.set(bytes, lengthBytes);
  return frame;
}

/** The next frame, empty for the last; throws when it is longer than `maxBytes` or the stream ends inside it. */
export async function readFrame(reader: StreamReader, maxBytes: number): Promise<Uint8Array> {
  const header = await reader.read(lengthBytes);
  if (header === undefined) throw new Error('the stream ended before the last frame');
  const length = Buffer.from(header).readUInt32BE();
  if (length > maxBytes) throw new Error(`a frame of ${length} bytes is longer than ${maxBytes}`);
  if (length === 0) return new Uint8Array();
  const bytes = await reader.read(length);
  if (bytes === undefined) throw new Error('the stream ended inside a frame');
  return bytes;
}
