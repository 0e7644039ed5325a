import { tellChange } from './change-words.ts';
import { byId, element } from './element.ts';
import type { Change } from './replies.ts';
import { timeOfDay } from './words.ts';

/** What changed in the last minutes, newest first; a name leads to its explanation. */
export class ChangeList {
  readonly #list = byId('changes', HTMLElement);
  #shown = '';

  constructor(explain: (name: string) => void) {
    this.#list.addEventListener('click', (event) => {
      const button = event.target instanceof Element ? event.target.closest('button') : null;
      if (button?.textContent) explain(button.textContent);
    });
  }

  show(changes: readonly Change[]): void {
    const shape = JSON.stringify(changes);
    if (shape === this.#shown) return;
    this.#shown = shape;
    const none = element('li', { class: 'quiet' }, 'Nothing changed lately.');
    this.#list.replaceChildren(...(changes.length === 0 ? [none] : changes.map(tell)));
  }
}

function tell(change: Change): Node {
  return element(
    'li',
    {},
    element('time', { datetime: new Date(change.at).toISOString() }, timeOfDay(change.at)),
    element('button', { type: 'button', class: 'link' }, change.name),
    // Of the first change that is kept, nobody knows what it changed.
    ...tellChange(change).map(({ sign, text }) =>
      element('span', { 'data-sign': change.first ? '' : sign }, `${change.first ? '' : `${sign} `}${text}`),
    ),
  );
}
