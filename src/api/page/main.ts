import { AgentLink, type Standing } from './agent.ts';
import { AnswerBook } from './answer-book.ts';
import { ChangeList } from './change-list.ts';
import { byId, setText } from './element.ts';
import type { StreamEvent } from './event-stream.ts';
import { ExplainPanel } from './explain-panel.ts';
import { Filters } from './filters.ts';
import { mostDrawn } from './mesh-drawing.ts';
import { MeshView } from './mesh-view.ts';
import { changesKept, RecentChanges } from './recent-changes.ts';
import { RecordGrid } from './record-grid.ts';
import { countStates, isShortId, RecordList } from './record-list.ts';
import type { Answers, Changes, Explanation, Links, Status, WatchEvent } from './replies.ts';
import { searchFor } from './search.ts';
import { StatusBar } from './status-bar.ts';
import { askForToken } from './token-dialog.ts';
import { count } from './words.ts';

// The page: one agent, followed live by its watch stream; its counters and its mesh are asked for now and then, and the
// answers of the names in view when they change.

/** As live as a person can read; the agent itself counts its queries once a second. */
const pollMs = 2_000;
/** Ages are shown in seconds only below a minute. */
const refreshMs = 5_000;
/** Half of what is kept: every other one may be of a short id. */
const changesShown = changesKept / 2;

const records = new RecordList();
const bar = new StatusBar();
const mesh = new MeshView();
const search = byId('search', HTMLInputElement);
const ids = byId('ids', HTMLInputElement);
const found = byId('found', HTMLElement);
const agent = new AgentLink({ event: take, standing: stand, token: askForToken });
const answers = new AnswerBook({
  ask: (names) => agent.get<Answers>(`v1/answers?${new URLSearchParams(names.map((name) => ['name', name]))}`),
  changed: () => grid.refresh(),
  now: () => performance.now(),
  after: (milliseconds, run) => setTimeout(run, milliseconds),
});
const grid = new RecordGrid(byId('records', HTMLElement), byId('rows', HTMLElement), {
  verdict: (record) => answers.verdict(record),
  // Nothing is asked for a page that nobody sees.
  look: (names) => answers.look(document.hidden || standing !== 'live' ? [] : names),
  choose: ({ name }) => explain.open(name),
});
const recent = new RecentChanges();
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

search.value = new URLSearchParams(location.hash.slice(1)).get('q') ?? '';
search.addEventListener('input', () => {
  // A link to what is looked at, and what a reload shows again.
  const query = new URLSearchParams({ q: search.value });
  history.replaceState(null, '', search.value === '' ? location.pathname : `#${query}`);
  askForPaint();
});
ids.addEventListener('change', askForPaint);
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
document.addEventListener('visibilitychange', () => {
  grid.refresh();
  void poll();
});
setInterval(() => void poll(), pollMs);
setInterval(() => grid.refresh(), refreshMs);
void agent.follow();

function take({ type, data }: StreamEvent): void {
  // The agent's own events are typed by the schema it sends them with.
  const event = JSON.parse(data) as WatchEvent;
  const names = type === 'snapshot' ? undefined : new Set(event.names.map(({ name }) => name));
  if (names !== undefined) recent.add(event, (name) => records.records(name), Date.now());
  records.apply(type, event);
  explain.changed(names);
  answers.changed(names);
  askForPaint();
}

function stand(now: Standing, problem?: string): void {
  standing = now;
  bar.setStanding(now, problem);
  document.body.dataset.standing = now;
  if (now !== 'live') return;
  recent.begin();
  answers.changed();
  void poll();
  void recall();
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
  changes.show(recent.all.filter(({ name }) => ids.checked || !isShortId(name)).slice(0, changesShown));
}

/** What changed before the page was open, or while it was cut off; the stream tells of the rest as it comes. */
async function recall(): Promise<void> {
  try {
    recent.tell(await agent.get<Changes>(`v1/changes?limit=${changesKept}`));
    askForPaint();
  } catch {
    // The stream says it when the agent is gone, and asks again when it is back.
  }
}

/** What the stream does not tell; nothing is asked for a page that nobody sees. */
async function poll(): Promise<void> {
  if (document.hidden || standing !== 'live') return;
  try {
    const status = await agent.get<Status>('v1/status');
    bar.show(status, performance.now());
    // Nobody sees them in a mesh that is too large to be drawn.
    const isDrawn = status.hosts.length <= mostDrawn;
    const elsewhere = isDrawn ? (await agent.get<Links>('v1/links')).elsewhere : [];
    mesh.show(status, elsewhere);
  } catch {
    // The stream says it when the agent is gone, and asks again when it is back.
  }
}
