import { execFile, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestFromSocket } from '../support/lab/socket-request.ts';
import { until } from '../support/lab/until.ts';

/** Metrics and rules before Debian's own promtool, and an agent as it is started. */

const root = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'weft-metrics-'));
const socket = join(directory, 'weft.sock');
const flags = {
  'data-dir': directory,
  api: `unix:${socket}`,
  'mesh-listen': '127.0.0.1:0',
  'dns-listen': '127.0.0.1:0',
  'dns-threads': '2',
  'query-log': '10',
};
const words = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
const agent = spawn(process.execPath, [join(root, 'src/main.ts'), 'up', '--no-docker', ...words], {
  env: { PATH: process.env.PATH },
});
const ended = once(agent, 'close');
let said = '';
agent.stderr.setEncoding('utf8').on('data', (text: string) => {
  said += text;
});

beforeAll(async () => {
  await until('it has started', async () => said.includes('"started"'));
});

afterAll(async () => {
  agent.kill('SIGKILL');
  await ended;
  rmSync(directory, { recursive: true, force: true });
});

describe('the metrics of an agent', () => {
  it('count every question, whichever thread took it', async () => {
    await requestFromSocket(socket, 'PUT', '/v1/static/db', { addresses: ['192.0.2.7'] });
    const { body } = await requestFromSocket(socket, 'GET', '/dns-address-port');
    const resolver = new Resolver({ timeout: 10_000, tries: 1 });
    resolver.setServers([body]);
    await until('the name is answered', async () => (await resolver.resolve4('db.weave.local')).length === 1);
    const before = await samples();
    for (let asked = 0; asked < 100; asked++) {
      await resolver.resolve4('db.weave.local');
      await resolver.resolve6('nobody.weave.local').catch(() => {});
    }
    const after = await samples();
    const grown = (sample: string) => (after.get(sample) ?? 0) - (before.get(sample) ?? 0);
    expect(grown('weft_dns_questions_total{type="A"}')).toBe(100);
    expect(grown('weft_dns_questions_total{type="AAAA"}')).toBe(100);
    expect(grown('weft_dns_replies_total{rcode="NOERROR"}')).toBe(100);
    expect(grown('weft_dns_replies_total{rcode="NXDOMAIN"}')).toBe(100);
    expect(grown('weft_dns_reply_duration_seconds_count{path="prompt"}')).toBe(200);
    expect(after.get('weft_dns_threads')).toBe(2);
    expect(after.get('weft_static_records')).toBe(1);
    expect(after.get('weft_ready')).toBe(1);
  });

  it('are in the format of Prometheus, by its conventions', async () => {
    const { body } = await requestFromSocket(socket, 'GET', '/metrics');
    expect(await promtool(['check', 'metrics'], body)).toEqual({ code: 0, printed: '' });
  });

  it('come with alert rules that are well-formed and do what they say', async () => {
    expect((await promtool(['check', 'rules', join(root, 'deploy/alerts.yaml')])).code).toBe(0);
    const { code, printed } = await promtool(['test', 'rules', join(root, 'test/deploy/alerts.test.yaml')]);
    expect([code, printed]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});

describe('the dashboard', () => {
  it('asks in words that Prometheus understands', async () => {
    const { panels }: { panels: { targets?: { expr: string }[] }[] } = JSON.parse(
      readFileSync(join(root, 'deploy/grafana/weft.json'), 'utf8'),
    );
    const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    // As Grafana fills them in. A rule file is JSON as well as YAML.
    const filled = asked.map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.+'));
    const rules = filled.map((expr, index) => ({ record: `panel:${index}`, expr }));
    const file = join(directory, 'dashboard.yaml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { code, printed } = await promtool(['check', 'rules', file]);
    expect([code, printed]).toEqual([0, expect.stringContaining(`${asked.length} rules found`)]);
  });
});

describe('the query log of an agent', () => {
  it('has one question in so many, as lines of its log', async () => {
    const lines = () => said.split('\n').filter((line) => line.includes('"question"'));
    await until('the lines have arrived', async () => lines().length >= 15);
    const [line = '{}'] = lines();
    expect(JSON.parse(line)).toMatchObject({
      level: 30,
      room: 'dns',
      name: expect.stringMatching(/^(db|nobody)\.weave\.local$/),
      type: expect.stringMatching(/^(A|AAAA)$/),
      asker: '127.0.0.1',
      transport: 'udp',
      rcode: expect.stringMatching(/^(NOERROR|NXDOMAIN)$/),
      answers: expect.any(Number),
      microseconds: expect.any(Number),
    });
  });
});

/** Every sample by its name and labels. */
async function samples(): Promise<Map<string, number>> {
  const { body } = await requestFromSocket(socket, 'GET', '/metrics');
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const cut = line.lastIndexOf(' ');
      return [line.slice(0, cut), Number(line.slice(cut + 1))];
    }),
  );
}

function promtool(words: readonly string[], input = ''): Promise<{ code: number; printed: string }> {
  return new Promise((resolve) => {
    const tool = execFile('promtool', words, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, printed: stdout + stderr });
    });
    tool.stdin?.end(input);
  });
}
