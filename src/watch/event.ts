import { accepted, type Result, refused } from '../result.ts';
import { asFields, type Fields, fieldsOf, numberOf, parseJson, textOf } from './fields.ts';
import { eventInstant } from './instant.ts';
import { parseSignal } from './signal.ts';

/** What happened to one container; Podman does not name signals. `at` is an instant by the engine's clock (see `instant.ts`). */
export type ContainerEvent =
  | { readonly type: 'started' | 'changed' | 'ended' | 'removed' | 'moved'; readonly id: string; readonly at: number }
  | { readonly type: 'signalled'; readonly id: string; readonly at: number; readonly signal: number | undefined };

/** What an engine told: of a container, of its networks, or something that Weft does not need. */
export type EngineEvent =
  | ContainerEvent
  /** A health check of this container begins, and its outcome is not told later (Podman). */
  | { readonly type: 'probing'; readonly id: string; readonly at: number }
  | { readonly type: 'networks'; readonly at: number }
  | { readonly type: 'other'; readonly at: number };

/**
 * The actions to ask an engine for; what else containers do (health probes are executions) need not be sent. Podman
 * filters by words of its own: `died` is sent as `die`, and `remove` is Docker's `destroy`.
 */
export const watchedActions = [
  ...['start', 'die', 'died', 'kill', 'destroy', 'remove', 'rename', 'update', 'pause', 'unpause', 'health_status'],
  ...['connect', 'disconnect', 'create'],
];

/** Reads one line of `GET /events`, of Docker (20.10: `status` and `Action`; from API 1.52: `Action`) or Podman. */
export function decodeEvent(line: string): Result<EngineEvent> {
  const fields = asFields(parseJson(line));
  if (fields === undefined) return refused('the event is not a JSON object');
  const at = eventInstant(numberOf(fields, 'timeNano'), numberOf(fields, 'time'));
  if (at === undefined) return refused('the event has no time');
  const actor = fieldsOf(fields, 'Actor');
  const action = textOf(fields, 'Action') || textOf(fields, 'status');
  switch (textOf(fields, 'Type')) {
    case 'container':
      return containerEvent(action, textOf(actor, 'ID') || textOf(fields, 'id'), at, fieldsOf(actor, 'Attributes'));
    case 'network':
      return networkEvent(action, at, textOf(actor, 'ID'), fieldsOf(actor, 'Attributes'));
    default:
      return accepted({ type: 'other', at });
  }
}

function containerEvent(action: string, id: string, at: number, attributes: Fields): Result<EngineEvent> {
  if (id === '') return refused('the event of a container has no id');
  if (action === 'health_status') return accepted({ type: 'probing', id, at });
  // `health_status: healthy` has its outcome behind a colon; the inspection tells it too.
  switch (action.replace(/:.*/, '')) {
    case 'start':
      return accepted({ type: 'started', id, at });
    case 'die':
      return accepted({ type: 'ended', id, at });
    case 'destroy':
    case 'remove':
      return accepted({ type: 'removed', id, at });
    case 'kill':
      return accepted({ type: 'signalled', id, at, signal: parseSignal(textOf(attributes, 'signal')) });
    case 'rename':
    case 'update':
    case 'pause':
    case 'unpause':
    case 'health_status':
      return accepted({ type: 'changed', id, at });
    default:
      return accepted({ type: 'other', at });
  }
}

function networkEvent(action: string, at: number, actor: string, attributes: Fields): Result<EngineEvent> {
  // Podman puts the container where Docker has the network.
  const id = textOf(attributes, 'container') || actor;
  if ((action === 'connect' || action === 'disconnect') && id !== '') return accepted({ type: 'moved', id, at });
  return accepted({ type: ['create', 'destroy', 'remove'].includes(action) ? 'networks' : 'other', at });
}
