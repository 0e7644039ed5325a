import { type IncomingMessage, request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { readEvents, type StreamEvent } from '../../src/cli/events.ts';
import type { Name } from '../../src/record.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { owner } from '../support/control-twin.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function start(...given: Parameters<typeof ApiAgent.start>): Promise<ApiAgent> {
  const agent = await ApiAgent.start(...given);
  open.push(agent);
  return agent;
}

/** A watch stream: its events as they come, and the raw reply. */
async function watch(agent: ApiAgent, query = '', lastEventId?: string) {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    request({ socketPath: agent.socketPath, path: `/v1/watch${query}`, headers, agent: false })
      .on('response', resolve)
      .on('error', reject)
      .end();
  });
  reply.setEncoding('utf8');
  const events = readEvents(reply)[Symbol.asyncIterator]();
  const next = async (): Promise<StreamEvent> => {
    const { value, done } = await events.next();
    if (done) throw new Error('the stream ended');
    return value;
  };
  return { reply, next, events };
}

function namesOf({ data }: StreamEvent): string[] {
  const { names }: { names: { name: string }[] } = JSON.parse(data);
  return names.map(({ name }) => name);
}

describe('a watch stream', () => {
  it('begins with a snapshot, then tells each change with the whole state of its names', async () => {
    const agent = await start();
    agent.control.own('web', owner('web', '172.17.0.2'));
    const stream = await watch(agent);
    expect(stream.reply.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      server: 'weft/0.1.0',
    });
    const snapshot = await stream.next();
    expect(snapshot.type).toBe('snapshot');
    expect(namesOf(snapshot)).toEqual(['web']);
    agent.control.own('web', owner('web', '172.17.0.2'), owner('web', '172.17.0.3'));
    const change = await stream.next();
    expect(change.type).toBe('change');
    expect(JSON.parse(change.data)).toMatchObject({
      revision: 2,
      names: [{ name: 'web', fullName: 'web.weave.local', records: [{ data: '172.17.0.2' }, { data: '172.17.0.3' }] }],
    });
    agent.control.own('web');
    expect(JSON.parse((await stream.next()).data)).toMatchObject({ names: [{ name: 'web', records: [] }] });
    stream.reply.destroy();
  });

  it('resumes after its last event with what changed since', async () => {
    const agent = await start();
    agent.control.own('web', owner('web', '172.17.0.2'));
    const first = await watch(agent);
    const { id } = await first.next();
    first.reply.destroy();
    agent.control.own('db', owner('db', '172.17.0.3'));
    agent.control.own('db', owner('db', '172.17.0.4'));
    const second = await watch(agent, '', id);
    const missed = await second.next();
    expect(missed.type).toBe('change');
    expect(namesOf(missed)).toEqual(['db']);
    second.reply.destroy();
  });

  it.each(['', 'nonsense', '0-0', '-', 'zzz-1', `${'9'.repeat(400)}`])(
    'begins anew where the last event %j is not known',
    async (id) => {
      const agent = await start();
      agent.control.own('web', owner('web', '172.17.0.2'));
      const stream = await watch(agent, '', id);
      expect((await stream.next()).type).toBe('snapshot');
      stream.reply.destroy();
    },
  );

  it('begins anew where too much changed since', async () => {
    const agent = await start({ changesKept: 4 });
    const first = await watch(agent);
    const { id } = await first.next();
    first.reply.destroy();
    for (let index = 0; index < 20; index++) agent.control.own(`n${index}`, owner('n', '172.17.0.3'));
    const second = await watch(agent, '', id);
    expect((await second.next()).type).toBe('snapshot');
    second.reply.destroy();
  });

  it('of some names tells of no others', async () => {
    const agent = await start();
    const stream = await watch(agent, '?name=web&name=DB.weave.local');
    expect(namesOf(await stream.next())).toEqual([]);
    agent.control.own('other', owner('other', '172.17.0.2'));
    agent.control.own('db', owner('db', '172.17.0.3'));
    expect(namesOf(await stream.next())).toEqual(['db']);
    stream.reply.destroy();
    expect((await agent.ask('GET', '/v1/watch?name=a..b')).status).toBe(400);
  });

  it('shows a sign of life while nothing happens', async () => {
    const agent = await start();
    const { reply } = await watch(agent);
    const chunks = reply[Symbol.asyncIterator]();
    await chunks.next();
    agent.clock.advance(15_000);
    expect((await chunks.next()).value).toBe(': still here\n\n');
    reply.destroy();
  });

  it('is refused when too many are open, until one closes', async () => {
    const agent = await start({ maxWatchers: 1 });
    const stream = await watch(agent);
    expect(await agent.ask('GET', '/v1/watch')).toMatchObject({
      status: 503,
      json: { detail: '1 watch streams are open already; close one' },
    });
    stream.reply.destroy();
    await expect.poll(async () => (await watchStatus(agent)) === 200).toBe(true);
  });

  it('that is not read is cut off', async () => {
    const agent = await start({ watcherBufferBytes: 10_000 });
    const stream = await watch(agent);
    await stream.next();
    const ended = new Promise<void>((resolve) => stream.reply.once('close', () => resolve()));
    stream.reply.pause();
    const image = 'x'.repeat(100_000);
    // Socket buffers of the system take a few megabytes before anything waits in the agent.
    for (let index = 0; index < 300; index++) agent.control.own('web', owner('web', '172.17.0.2', { image }));
    stream.reply.on('error', () => undefined).resume();
    await ended;
  });

  it('ends when the agent stops', async () => {
    const agent = await start();
    const stream = await watch(agent);
    await stream.next();
    await agent.server.stop();
    expect((await stream.events.next()).done).toBe(true);
  });

  it('does not tell of names that nobody asked for in a batch', async () => {
    const agent = await start();
    const stream = await watch(agent, '?name=b');
    await stream.next();
    agent.control.tell('a' as Name, 'b' as Name, 'c' as Name);
    expect(namesOf(await stream.next())).toEqual(['b']);
    stream.reply.destroy();
  });
});

async function watchStatus(agent: ApiAgent): Promise<number | undefined> {
  const { reply } = await watch(agent);
  reply.destroy();
  return reply.statusCode;
}
