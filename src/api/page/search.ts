import type { RecordView } from './replies.ts';

/** What a record is searched by. */
const fields = new Map<string, (record: RecordView) => string | undefined>(
  Object.entries({
    name: (record: RecordView) => record.fullName,
    address: (record: RecordView) => record.data,
    type: (record: RecordView) => record.type,
    state: (record: RecordView) => (record.shadowed === undefined ? record.state : `${record.state} shadowed`),
    container: (record: RecordView) => record.container && `${record.container.name} ${record.container.id}`,
    image: (record: RecordView) => record.container?.image,
    host: (record: RecordView) => record.host.name,
    network: (record: RecordView) => record.network,
  }),
);

/**
 * Reads a search such as `web 10.1`, `state:unhealthy` or `host:host2 nodebb`: a record passes when it has every word,
 * anywhere, or in the field that stands before the colon.
 */
export function searchFor(query: string): (record: RecordView) => boolean {
  const tests = query.toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  return (record) => tests.every((test) => test(record));
}

function testOf(word: string): (record: RecordView) => boolean {
  const colon = word.indexOf(':');
  const field = fields.get(word.slice(0, Math.max(0, colon)));
  // An IPv6 address has colons too.
  if (field === undefined) return (record) => wholeText(record).includes(word);
  const value = word.slice(colon + 1);
  return (record) => (field(record) ?? '').toLowerCase().includes(value);
}

const texts = new WeakMap<RecordView, string>();

/** Joined once for each record: a search runs over ten thousand at every key. */
function wholeText(record: RecordView): string {
  let text = texts.get(record);
  if (text === undefined) {
    text = [...fields.values()]
      .map((field) => field(record) ?? '')
      .join('\n')
      .toLowerCase();
    texts.set(record, text);
  }
  return text;
}
