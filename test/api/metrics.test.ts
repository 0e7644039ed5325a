import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { families, Metrics } from '../../src/api/metrics/metrics.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { host2, hostView, owner } from '../support/control-twin.ts';
import { ManualClock } from '../support/manual-clock.ts';

let agent: ApiAgent;

beforeEach(async () => {
  agent = await ApiAgent.start({ metricsHosts: 2 });
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
});

async function scrape(): Promise<string[]> {
  return (await agent.ask('GET', '/metrics')).text.split('\n');
}

/** The samples of one metric, without its name. */
async function samplesOf(name: string): Promise<string[]> {
  return (await scrape()).filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

describe('metrics', () => {
  it('are served as text that Prometheus reads', async () => {
    const { status, headers, text } = await agent.ask('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('# TYPE weft_dns_questions_total counter\n');
    expect(text).toContain('\nweft_dns_questions_total{type="A"} 3\n');
    expect(text).toContain('\nweft_build_info{version="0.1.0",');
  });

  it('have a sample of every family where an agent does all there is to do', async () => {
    agent.control.own('web', owner('web', '172.17.0.2'));
    agent.control.linkViews = [
      { peer: host2, address: '192.0.2.2:6783', outbound: true, state: 'established', rttMs: 2 },
    ];
    const lines = await scrape();
    const empty = families.filter(({ name }) => !lines.some((line) => line.startsWith(name)));
    expect(empty.map(({ name }) => name)).toEqual([]);
  });

  it('count into cumulated buckets', async () => {
    const lines = (await scrape()).filter((line) => /^weft_dns_reply_duration_seconds.*path="prompt"/.test(line));
    expect(lines).toEqual([
      'weft_dns_reply_duration_seconds_bucket{path="prompt",le="0.01"} 2',
      'weft_dns_reply_duration_seconds_bucket{path="prompt",le="0.1"} 3',
      'weft_dns_reply_duration_seconds_bucket{path="prompt",le="+Inf"} 4',
      'weft_dns_reply_duration_seconds_sum{path="prompt"} 1.25',
      'weft_dns_reply_duration_seconds_count{path="prompt"} 4',
    ]);
  });

  it('say the same at the next scrape, and leave out what is not measured any more', async () => {
    const first = await scrape();
    const isSteady = (line: string) => /^(weft_dns|weft_forward|weft_mesh|weft_replication)/.test(line);
    expect((await scrape()).filter(isSteady)).toEqual(first.filter(isSteady));
    const { replication, mesh } = agent.control.measured;
    agent.control.measured = { replication, mesh, dns: undefined, forward: undefined, engine: undefined };
    const left = (await scrape()).filter((line) => /^weft_(dns|forward|engine)/.test(line));
    expect(left).toEqual([]);
  });

  it('count records by host and state, and all hosts beyond a limit together', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      const id = `TESTHOST${name}` as typeof host2;
      agent.control.hostViews.push(hostView(id, name));
      agent.control.own(name, owner(name, '172.17.0.2', { host: id, hostName: name, hostStatus: 'alive' }));
    }
    agent.control.own('web', owner('w1', '172.17.0.2', { health: 'unhealthy' }), owner('w2', '172.17.0.3'));
    expect(await samplesOf('weft_records')).toEqual([
      'weft_records{host="a",state="running"} 1',
      'weft_records{host="b",state="running"} 1',
      'weft_records{host="others",state="running"} 2',
      'weft_records{host="host1",state="unhealthy"} 1',
      'weft_records{host="host1",state="running"} 1',
    ]);
    expect(await samplesOf('weft_names')).toEqual(['weft_names 5']);
  });

  it('tell bad envelopes from good ones', async () => {
    expect(await samplesOf('weft_replication_envelopes_total')).toEqual([
      'weft_replication_envelopes_total{kind="update",outcome="merged"} 2',
      'weft_replication_envelopes_total{kind="heartbeat",outcome="new"} 1',
    ]);
    expect(await samplesOf('weft_replication_bad_envelopes_total')).toEqual([
      'weft_replication_bad_envelopes_total{reason="wrong signature"} 1',
      'weft_replication_bad_envelopes_total{reason="update spoiled"} 1',
    ]);
  });

  it('see how late the main thread is', async () => {
    const late = new LateClock();
    const metrics = new Metrics(agent.control, late, { metricsHosts: 2, loopProbeMs: 100 });
    metrics.start();
    late.run(100);
    late.run(350);
    late.run(100);
    metrics.stop();
    const lines = (await metrics.text()).split('\n');
    const count = (bound: string) => `weft_event_loop_delay_seconds_bucket{le="${bound}"}`;
    expect(lines).toContain(`${count('0.001')} 2`);
    expect(lines).toContain(`${count('0.1')} 2`);
    expect(lines).toContain(`${count('0.25')} 3`);
    expect(lines).toContain('weft_event_loop_delay_seconds_sum 0.25');
  });

  it('of hosts with one name are one series', async () => {
    agent.control.hostViews.push(hostView(host2, 'host1'));
    agent.control.own('web', owner('w1', '172.17.0.2'), owner('w2', '172.18.0.2', { host: host2 }));
    expect(await samplesOf('weft_records')).toEqual(['weft_records{host="host1",state="running"} 2']);
  });
});

/** A clock whose timers run when a test says so, however late that is. */
class LateClock extends ManualClock {
  #passed = 0;
  #run = () => {};

  override now(): number {
    return this.#passed;
  }

  override after(_delayMs: number, run: () => void): () => void {
    this.#run = run;
    return () => {};
  }

  run(afterMs: number): void {
    this.#passed += afterMs;
    this.#run();
  }
}

describe('the reference of metrics', () => {
  it('is what the agent serves', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/reference/metrics.md'), 'utf8');
    const rows = families.map(({ name, type, labels = [], help }) => {
      const named = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${named} | ${help.replaceAll('|', '\\|')} |`;
    });
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });

  it('follows the conventions of names', () => {
    for (const { name, type } of families) {
      expect(name).toMatch(/^(weft|process|nodejs)_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
    }
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
  });
});
