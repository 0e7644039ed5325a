import { tellChange } from './change-words.ts';
import { byId, element, setText } from './element.ts';
import type { Explanation } from './replies.ts';
import { timeOfDay } from './words.ts';

/** A name whose records change each millisecond is asked about only so often. */
const askAgainMs = 250;

export interface ExplainHooks {
  /** Asks the agent; throws with a sentence where it refuses. */
  ask(name: string, from: string): Promise<Explanation>;
  /** The panel was closed by the person. */
  closed(): void;
}

/** Why one name is answered as it is, to this host or to an address that is typed; follows its changes while open. */
export class ExplainPanel {
  readonly #hooks: ExplainHooks;
  readonly #panel = byId('explain', HTMLElement);
  readonly #title = byId('explain-title', HTMLElement);
  readonly #from = byId('explain-from', HTMLInputElement);
  /** Read out when it changes. */
  readonly #outcome = byId('explain-outcome', HTMLElement);
  readonly #result = byId('explain-result', HTMLElement);
  #name: string | undefined;
  /** Counts questions: an answer that comes after a later question is dropped. */
  #asked = 0;
  #waiting = 0;

  constructor(hooks: ExplainHooks) {
    this.#hooks = hooks;
    byId('explain-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#ask();
    });
    byId('explain-close', HTMLButtonElement).addEventListener('click', () => this.close());
    this.#panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
  }

  /** Explains a name, and takes the focus so that a screen reader follows. */
  open(name: string): void {
    this.#name = name;
    this.#panel.hidden = false;
    setText(this.#title, name);
    this.#title.focus();
    void this.#ask();
  }

  close(): void {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    this.#name = undefined;
    this.#hooks.closed();
  }

  /** Asks again where the open name is among those that changed; undefined stands for all. */
  changed(names?: ReadonlySet<string>): void {
    if (this.#name === undefined || this.#waiting !== 0 || names?.has(this.#name) === false) return;
    this.#waiting = setTimeout(() => {
      this.#waiting = 0;
      void this.#ask();
    }, askAgainMs);
  }

  async #ask(): Promise<void> {
    const name = this.#name;
    if (name === undefined) return;
    const turn = ++this.#asked;
    const said = await this.#hooks
      .ask(name, this.#from.value.trim())
      .then(tell, (error: unknown) => [error instanceof Error ? error.message : String(error)] as const);
    if (turn !== this.#asked) return;
    const [outcome, ...details] = said;
    setText(this.#outcome, outcome);
    this.#outcome.classList.toggle('bad', details.length === 0);
    this.#result.replaceChildren(...details);
  }
}

/** The outcome in a sentence, and its details. */
function tell({ asker, outcome, records, notes = [], history }: Explanation): readonly [string, ...Node[]] {
  return [
    outcome,
    element(
      'div',
      {},
      element('p', { class: 'quiet' }, `Asked by ${asker}.`),
      element('ul', { class: 'verdicts' }, ...records.map(tellRecord)),
      ...notes.map((note) => element('p', { class: 'quiet' }, note)),
    ),
    element(
      'div',
      {},
      element('h3', {}, 'What became of it'),
      history.length === 0
        ? element('p', { class: 'quiet' }, 'Nothing changed lately.')
        : element('ol', { class: 'changes' }, ...history.toReversed().map(tellStep)),
    ),
  ];
}

function tellRecord({ type, data, answered, reason, source, container }: Explanation['records'][number]): Node {
  const of = container === undefined ? source : `${container} on ${source}`;
  return element(
    'li',
    { 'data-answered': String(answered) },
    element('span', { class: 'verdict' }, answered ? 'answered' : 'left out'),
    element('code', {}, `${type} ${data}`),
    element('span', { class: 'quiet' }, of),
    element('span', { class: 'reason' }, reason),
  );
}

function tellStep(step: Explanation['history'][number]): Node {
  return element(
    'li',
    {},
    element('time', { datetime: new Date(step.at).toISOString() }, timeOfDay(step.at)),
    ...tellChange(step).map(({ sign, text }) => element('span', { 'data-sign': sign }, `${sign} ${text}`)),
  );
}
