import { byId, element } from './element.ts';

/** States that are worth a button, the worst first. */
const notable = ['quiet', 'stale', 'unhealthy', 'paused', 'draining', 'restarting', 'starting', 'shadowed'];

/** How many records are in each notable state; a button shows only those, and pressed again, all. */
export class Filters {
  readonly #group = byId('filters', HTMLElement);
  #shown = '';

  constructor(toggle: (search: string) => void) {
    this.#group.addEventListener('click', (event) => {
      const state = event.target instanceof HTMLElement ? event.target.dataset.state : undefined;
      if (state !== undefined) toggle(searchFor(state));
    });
  }

  show(counts: ReadonlyMap<string, number>, search: string): void {
    const states = notable.filter((state) => counts.has(state) || searchFor(state) === search);
    const shape = JSON.stringify([states.map((state) => [state, counts.get(state)]), search]);
    if (shape === this.#shown) return;
    this.#shown = shape;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.state : undefined;
    const buttons = states.map((state) => {
      const pressed = String(searchFor(state) === search);
      const attributes = { type: 'button', 'data-state': state, 'aria-pressed': pressed };
      return element('button', attributes, `${counts.get(state) ?? 0} ${state}`);
    });
    this.#group.replaceChildren(...buttons);
    buttons.find((button) => button.dataset.state === focused)?.focus();
  }
}

function searchFor(state: string): string {
  return `state:${state}`;
}
