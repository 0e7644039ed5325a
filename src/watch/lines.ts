/** Longest line of the event stream: an event carries all labels of its container, which Docker itself keeps below. */
const maxLineOctets = 1_048_576;
const newline = 0x0a;

/**
 * The lines of a stream of bytes, in batches as they arrive; what is cut off at its end is no line. A line without end
 * is the stream's end.
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      const line = rest.toString('utf8', 0, end).trim();
      rest = rest.subarray(end + 1);
      if (line !== '') yield line;
    }
    if (rest.length > maxLineOctets) throw new Error(`an event is longer than ${maxLineOctets} octets`);
  }
}
