/** One server-sent event. */
export interface StreamEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** Reads server-sent events out of chunks of text (WHATWG HTML section 9.2.6, of what an agent sends). */
export async function* readEvents(chunks: AsyncIterable<string>): AsyncIterable<StreamEvent> {
  let buffer = '';
  for await (const chunk of chunks) {
    buffer += chunk;
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const event = readEvent(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
      if (event) yield event;
    }
  }
}

/** A block of only comments is a sign of life, and no event. */
function readEvent(block: string): StreamEvent | undefined {
  const fields = block.split('\n').map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')] as const;
  });
  const values = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value);
  const data = values('data');
  if (data.length === 0) return undefined;
  return { type: values('event').at(-1) ?? 'message', id: values('id').at(-1), data: data.join('\n') };
}
