import type { Change } from './replies.ts';

/** One line of what changed: what it was about, and what became of it. */
export interface ChangeLine {
  readonly sign: '+' | '−' | '~';
  readonly text: string;
}

/** Tells a change; a record that only changed its state is one line, `A 10.1.0.2 on host1: running → draining`. */
export function tellChange({ added, removed }: Pick<Change, 'added' | 'removed'>): ChangeLine[] {
  const news = added.map(parse);
  const old = removed.map(parse);
  const lines = news.map(({ key, state, text }): ChangeLine => {
    const before = old.find((each) => each.key === key);
    if (before === undefined) return { sign: '+', text };
    return { sign: '~', text: `${key}: ${before.state} → ${state}` };
  });
  const gone = old.filter(({ key }) => !news.some((each) => each.key === key));
  return [...gone.map(({ text }): ChangeLine => ({ sign: '−', text })), ...lines];
}

/** A record as the agent spells it, `TYPE DATA STATE on HOST`. */
function parse(text: string): { readonly key: string; readonly state: string; readonly text: string } {
  const [, what = text, state = '', host = ''] = /^(.+) (\S+) on (\S+)$/.exec(text) ?? [];
  return { key: host === '' ? text : `${what} on ${host}`, state, text };
}
