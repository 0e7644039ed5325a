import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../src/dns/forward/message.ts';
import { writtenOut } from '../../../src/dns/forward/written-out.ts';
import { queryFor, replyTo, types } from './packets.ts';

const toQuestion = [0xc0, 12];
const wholeName = [3, 0x77, 0x77, 0x77, 7, ...Buffer.from('example'), 3, ...Buffer.from('com'), 0];
/** `a.` and then the name of the question. */
const below = [1, 0x61, ...toQuestion];
const belowWhole = [1, 0x61, ...wholeName];

/** The record's owner and data as they are written out. */
function written(type: number, data: readonly number[], owner: readonly number[] = toQuestion) {
  const reply = replyTo(queryFor('www.example.com', { type }), {
    records: [{ section: 'answer', type, ttl: 60, data, owner }],
  });
  const message = readMessage(reply);
  const [record] = message.ok ? message.value.records : [];
  if (!message.ok || record === undefined) throw new Error('the reply is broken');
  const found = writtenOut(message.value, record);
  return found && { owner: found.owner, head: [...found.octets.subarray(0, 10)], data: [...found.octets.subarray(10)] };
}

describe('a record written out', () => {
  it('begins with type, class, time to live and the length of its data', () => {
    expect(written(types.TXT, [2, 0xff, 0x00])).toEqual({
      owner: 'www.example.com',
      head: [0, types.TXT, 0, 1, 0, 0, 0, 60, 0, 3],
      data: [2, 0xff, 0x00],
    });
  });

  it.each([
    ['CNAME', 5, below, belowWhole],
    ['MX', 15, [0, 10, ...below], [0, 10, ...belowWhole]],
    ['SRV', 33, [0, 1, 0, 2, 0, 80, ...toQuestion], [0, 1, 0, 2, 0, 80, ...wholeName]],
    ['HTTPS', 65, [0, 1, 0, 0, 1, 0, 3, 2, 0x68, 0x32], [0, 1, 0, 0, 1, 0, 3, 2, 0x68, 0x32]],
    ['NAPTR', 35, [0, 1, 0, 2, 1, 0x73, 0, 1, 0x21, ...below], [0, 1, 0, 2, 1, 0x73, 0, 1, 0x21, ...belowWhole]],
    [
      'SOA',
      6,
      [...below, ...toQuestion, ...Array.from({ length: 20 }, (_, at) => at)],
      [...belowWhole, ...wholeName, ...Array.from({ length: 20 }, (_, at) => at)],
    ],
    ['an unknown type', 65_280, toQuestion, toQuestion],
  ])('has the names in the data of %s whole', (_, type, data, whole) => {
    expect(written(type, data)?.data).toEqual(whole);
  });

  it('is none where its owner is no text', () => {
    expect(written(types.A, [192, 0, 2, 1], [3, 0x61, 0x2e, 0x62, 0])).toBeUndefined();
  });
});
