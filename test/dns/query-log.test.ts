import { describe, expect, it } from 'vitest';
import { QueryLog } from '../../src/dns/query-log.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { question, read } from './message.ts';
import { Twin } from './twin.ts';
import { fixed } from './zone-words.ts';

const asker = { address: '172.17.0.9', port: 5353, transport: 'udp' } as const;

/** A name server that knows `db`, and the log before it. */
class Logged {
  readonly twin = new Twin([fixed('db', '192.0.2.7', '192.0.2.8')]);
  readonly lines: object[] = [];
  readonly queryLog: QueryLog;

  constructor(every: number, linesPerSecond = 100) {
    const log: Log = { ...silentLog, info: (fields: object) => this.lines.push(fields) };
    const { responder: answerer, clock } = this.twin;
    this.queryLog = new QueryLog({ answerer, every, linesPerSecond, clock, log });
  }

  ask(name: string, type: 'A' | 'AAAA' | number): Buffer | undefined {
    const response = this.queryLog.respond(question(name, { type }), asker);
    if (response instanceof Promise) throw new Error('the answer is awaited');
    return response && Buffer.from(response);
  }
}

describe('the query log', () => {
  it('tells name, type, asker, code, answers and microseconds, and changes no reply', () => {
    const logged = new Logged(1);
    expect(read(logged.ask('DB.weave.local', 'A')).rcode).toBe('NOERROR');
    logged.ask('db.weave.local', 65);
    logged.ask('nobody.weave.local', 'AAAA');
    const common = { asker: '172.17.0.9', transport: 'udp', microseconds: 0 };
    expect(logged.lines).toEqual([
      { ...common, name: 'db.weave.local', type: 'A', rcode: 'NOERROR', answers: 2 },
      { ...common, name: 'db.weave.local', type: 'HTTPS', rcode: 'NOERROR', answers: 0 },
      { ...common, name: 'nobody.weave.local', type: 'AAAA', rcode: 'NXDOMAIN', answers: 0 },
    ]);
  });

  it('tells of a reply that was awaited when it is there', async () => {
    const logged = new Logged(1);
    const arrived = Promise.withResolvers<Uint8Array>();
    logged.twin.forwarder.resolve = () => arrived.promise;
    const response = logged.queryLog.respond(question('www.example', { type: 15 }), {
      ...asker,
      address: '127.0.0.1',
    });
    logged.twin.clock.advance(12.5);
    expect(logged.lines).toEqual([]);
    arrived.resolve(Buffer.from([0, 1, 0x80, 0x82, 0, 1, 0, 0, 0, 0, 0, 0]));
    expect(await response).toHaveLength(12);
    expect(logged.lines).toMatchObject([
      { name: 'www.example', type: 'MX', rcode: 'SERVFAIL', answers: 0, microseconds: 12_500 },
    ]);
  });

  it('tells of what is no question, and of what gets no reply', () => {
    const logged = new Logged(1);
    logged.queryLog.respond(Buffer.from([1, 2, 3]), asker);
    logged.queryLog.respond(Buffer.from([0, 7, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0]), asker);
    const common = { asker: '172.17.0.9', transport: 'udp', microseconds: 0 };
    expect(logged.lines).toEqual([common, { ...common, rcode: 'FORMERR', answers: 0 }]);
  });

  it('takes one question in so many', () => {
    const logged = new Logged(7);
    for (let asked = 0; asked < 70; asked++) logged.ask('db.weave.local', 'A');
    expect(logged.lines).toHaveLength(10);
    expect(logged.queryLog.counters.stats().questions).toEqual({ A: 70 });
  });

  it('leaves out what is too much for a second, and says how much', () => {
    const logged = new Logged(1, 3);
    for (let asked = 0; asked < 10; asked++) logged.ask('db.weave.local', 'A');
    expect(logged.lines).toHaveLength(3);
    logged.twin.clock.advance(1000);
    logged.ask('db.weave.local', 'A');
    logged.ask('db.weave.local', 'A');
    expect(logged.lines).toHaveLength(5);
    expect(logged.lines[3]).toMatchObject({ leftOut: 7 });
    expect(logged.lines[4]).not.toHaveProperty('leftOut');
  });
});
