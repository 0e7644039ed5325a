import type { Standing } from './agent.ts';
import { byId, element, setText } from './element.ts';
import { QueryRate, sparkline } from './query-rate.ts';
import type { Status } from './replies.ts';
import { count, rounded } from './words.ts';

const standings: Readonly<Record<Standing, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'agent not reached, trying again',
  locked: 'asks for a token',
};

/** The size of the sparkline's box. */
const width = 120;
const height = 22;

/** What is wrong, first; then who this agent is and what it does. */
export class StatusBar {
  readonly #standing = byId('standing', HTMLElement);
  readonly #problems = byId('problems', HTMLElement);
  readonly #problemsCount = byId('problems-count', HTMLElement);
  readonly #who = byId('who', HTMLElement);
  readonly #figures = byId('figures', HTMLElement);
  readonly #queries = byId('queries', HTMLElement);
  readonly #line = byId('queries-line', SVGPolylineElement);
  readonly #rate = new QueryRate();
  #shown = '';

  /** How the page stands with its agent. */
  setStanding(standing: Standing, problem?: string): void {
    this.#standing.dataset.standing = standing;
    this.#standing.title = problem ?? '';
    setText(this.#standing, standings[standing]);
  }

  show(status: Status, receivedAt: number): void {
    const { agent, domains, names, containers, statics, hosts, dns, engine } = status;
    setText(this.#who, `${agent.hostName} · ${domains.join(', ')} · weft ${agent.version}`);
    document.title = `${status.problems.length > 0 ? `(${status.problems.length}) ` : ''}${agent.hostName} · Weft`;
    const heard = hosts.filter((host) => host.status !== 'quiet' && host.status !== 'stale').length;
    const engineText = engine === undefined ? 'no engine' : `${engine.type ?? 'engine'} ${engine.version ?? ''}`;
    const made = statics > 0 ? [`${count(statics, 'record')} by hand`] : [];
    const figures = [count(names, 'name'), count(containers, 'container'), ...made];
    setText(this.#figures, [...figures, `${heard} of ${count(hosts.length, 'host')}`, engineText].join(' · '));
    if (dns) this.#rate.add(receivedAt - (dns.countedMsAgo ?? 0), dns.queries);
    this.#showRate(dns !== undefined);
    this.#showProblems(status);
  }

  #showRate(answers: boolean): void {
    const latest = this.#rate.points.at(-1);
    setText(this.#queries, latest === undefined ? (answers ? '…' : 'no name server') : `${rounded(latest)} queries/s`);
    this.#line.setAttribute('points', sparkline(this.#rate.points, width, height));
  }

  #showProblems({ problems, readiness }: Status): void {
    const all = [
      ...problems,
      ...(problems.length === 0
        ? readiness.reasons.map((reason) => ({ problem: `Not ready: ${reason}`, remedy: '' }))
        : []),
    ];
    // Read out when it changes; the problems themselves tell times, which change all the while.
    setText(this.#problemsCount, count(all.length, 'problem'));
    const shape = JSON.stringify(all);
    if (shape === this.#shown) return;
    this.#shown = shape;
    this.#problems.replaceChildren(
      ...(all.length === 0 ? [element('li', { class: 'well' }, 'Nothing is wrong.')] : []),
      ...all.map(({ problem, remedy }) =>
        element('li', { class: 'wrong' }, element('b', {}, problem), element('span', {}, remedy)),
      ),
    );
  }
}
