import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { families } from '../../src/api/metrics/metrics.ts';

/** What is sold with the metrics: a dashboard and alert rules that must not ask for what nobody serves. */

const known = new Set(
  families.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, '../../deploy', file), 'utf8');
}

function metricsIn(text: string): string[] {
  return [...new Set(text.match(/\b(weft|process|nodejs)_[a-z_]+/g))];
}

describe('the dashboard', () => {
  const dashboard: { panels: Panel[]; uid: string } = JSON.parse(read('grafana/weft.json'));
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  it('asks for metrics that the agent serves', () => {
    const asked = metricsIn(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n'));
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
    expect(asked.length).toBeGreaterThan(50);
  });

  it('asks for labels that they have', () => {
    for (const { expr } of panels.flatMap(({ targets }) => targets)) {
      const [name = ''] = metricsIn(expr);
      const family = families.find((each) => name.startsWith(each.name));
      const own = [...(family?.labels ?? []), 'instance', 'job', 'le'];
      const named = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
      const matched = [...expr.matchAll(/[{,]\s*([a-z_]+)=/g)].map(([, label = '']) => label);
      expect([expr, [...named, ...matched].filter((label) => !own.includes(label))]).toEqual([expr, []]);
    }
  });

  it('has panels that do not lie on each other', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
  });
});

describe('the alert rules', () => {
  it('ask for metrics that the agent serves', () => {
    const rules = read('alerts.yaml');
    expect(metricsIn(rules).filter((name) => !known.has(name))).toEqual([]);
    expect(metricsIn(rules).length).toBeGreaterThan(10);
  });
});

interface Panel {
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}
