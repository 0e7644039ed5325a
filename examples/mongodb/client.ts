import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient } from 'mongodb';

/**
 * `node client.ts URI`: uses MongoDB's own driver for ever. It prints `servers …` whenever the driver knows other servers
 * than before, `wrote N ADDRESS` for each document that a server acknowledged, and `failed REASON`.
 */
const [uri = ''] = process.argv.slice(2);
const everyMs = 100;

const client = new MongoClient(uri, { monitorCommands: true });
let writtenAt = '';
client.on('topologyDescriptionChanged', ({ previousDescription, newDescription }) => {
  const [before, now] = [previousDescription, newDescription].map(({ servers }) =>
    [...servers.keys()].toSorted().join(' '),
  );
  if (now !== before) console.log('servers', now);
});
client.on('commandSucceeded', ({ commandName, address }) => {
  if (commandName === 'insert') writtenAt = address;
});

for (let number = 1; ; ) {
  try {
    await client.db('example').collection('numbers').insertOne({ number });
    console.log('wrote', number, writtenAt);
    number += 1;
  } catch (error) {
    console.log('failed', error instanceof Error ? error.message : error);
  }
  await pause(everyMs);
}
