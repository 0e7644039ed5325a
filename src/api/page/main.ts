import { AgentLink, type Standing } from './agent.ts';
import { ChangeList } from './change-list.ts';
import { byId, setText } from './element.ts';
import type { StreamEvent } from './event-stream.ts';
import { ExplainPanel } from './explain-panel.ts';
import { Filters } from './filters.ts';
import { MeshView } from './mesh-view.ts';
import { RecordGrid } from './record-grid.ts';
import { countStates, isShortId, RecordList } from './record-list.ts';
import type { Changes, Explanation, Status, WatchEvent } from './replies.ts';
import { searchFor } from './search.ts';
import { StatusBar } from './status-bar.ts';
import { askForToken } from './token-dialog.ts';
import { count } from './words.ts';

// The page: one agent, followed live by its watch stream; its counters and its mesh are asked for now and then.

/** As live as a person can read; the agent itself counts its queries once a second. */
const pollMs = 2_000;
/** Ages are shown in seconds only below a minute. */
const refreshMs = 5_000;
/** As many as fill the side of a large screen, and some to scroll. */
const changesShown = 60;
/** Every other one may be of a short id. */
const changesAsked = 2 * changesShown;

const records = new RecordList();
const bar = new StatusBar();
const mesh = new MeshView();
const search = byId('search', HTMLInputElement);
const ids = byId('ids', HTMLInputElement);
const found = byId('found', HTMLElement);
const agent = new AgentLink({ event: take, standing: stand, token: askForToken });
const grid = new RecordGrid(byId('records', HTMLElement), byId('rows', HTMLElement), ({ name }) => explain.open(name));
const changes = new ChangeList((name) => explain.open(name));
const filters = new Filters((word) => {
  search.value = search.value === word ? '' : word;
  search.dispatchEvent(new Event('input'));
});
const explain = new ExplainPanel({
  ask: (name, from) =>
    agent.get<Explanation>(
      `v1/explain/${encodeURIComponent(name)}${from === '' ? '' : `?from=${encodeURIComponent(from)}`}`,
    ),
  closed: () => grid.focus(),
});
let standing: Standing = 'connecting';
let isPaintAsked = false;
let areChangesStale = true;

search.value = new URLSearchParams(location.hash.slice(1)).get('q') ?? '';
search.addEventListener('input', () => {
  // A link to what is looked at, and what a reload shows again.
  const query = new URLSearchParams({ q: search.value });
  history.replaceState(null, '', search.value === '' ? location.pathname : `#${query}`);
  askForPaint();
});
ids.addEventListener('change', () => {
  areChangesStale = true;
  askForPaint();
});
search.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown' || event.key === 'Enter') {
    event.preventDefault();
    grid.focus();
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  search.focus();
});
document.addEventListener('visibilitychange', () => void poll());
setInterval(() => void poll(), pollMs);
setInterval(() => grid.refresh(), refreshMs);
void agent.follow();

function take({ type, data }: StreamEvent): void {
  // The agent's own events are typed by the schema it sends them with.
  const event = JSON.parse(data) as WatchEvent;
  records.apply(type, event);
  explain.changed(type === 'snapshot' ? undefined : new Set(event.names.map(({ name }) => name)));
  areChangesStale = true;
  askForPaint();
}

function stand(now: Standing, problem?: string): void {
  standing = now;
  bar.setStanding(now, problem);
  document.body.dataset.standing = now;
  if (now === 'live') void poll();
}

/** However many events come, the page is painted once a frame. */
function askForPaint(): void {
  if (isPaintAsked) return;
  isPaintAsked = true;
  requestAnimationFrame(() => {
    isPaintAsked = false;
    paint();
  });
}

function paint(): void {
  const all = records.rows(({ name }) => ids.checked || !isShortId(name));
  const rows = all.filter(searchFor(search.value));
  grid.show(rows);
  setText(found, count(rows.length, 'record'));
  filters.show(countStates(all), search.value.trim());
}

/** What the stream does not tell; nothing is asked for a page that nobody sees. */
async function poll(): Promise<void> {
  if (document.hidden || standing !== 'live') return;
  try {
    const status = await agent.get<Status>('v1/status');
    bar.show(status, performance.now());
    mesh.show(status);
    if (!areChangesStale) return;
    areChangesStale = false;
    const latest = await agent.get<Changes>(`v1/changes?limit=${changesAsked}`);
    changes.show(latest.changes.filter(({ name }) => ids.checked || !isShortId(name)).slice(0, changesShown));
  } catch {
    // The stream says it when the agent is gone, and asks again when it is back.
    areChangesStale = true;
  }
}
