/** One event of a watch stream. */
export interface StreamEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: string;
}

/**
 * Server-sent events out of pieces of text (WHATWG HTML section 9.2.6, of what an agent sends). A browser's own
 * `EventSource` cannot send the token.
 */
export class EventReader {
  #rest = '';

  /** The events that are whole with this piece. */
  push(piece: string): StreamEvent[] {
    const blocks = `${this.#rest}${piece}`.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => readBlock(block) ?? []);
  }
}

/** A block of only comments is a sign of life, and no event. */
function readBlock(block: string): StreamEvent | undefined {
  const value = (field: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${field}: `))
      ?.slice(field.length + 2);
  const data = value('data');
  return data === undefined ? undefined : { type: value('event') ?? 'message', id: value('id'), data };
}
