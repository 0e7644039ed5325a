import {
  type ContainerAddress,
  type ContainerRecord,
  type ContainerState,
  parseAddress,
  type SkippedName,
} from '../record.ts';
import type { Inspection } from './inspection.ts';
import { instantToMs } from './instant.ts';
import { readLabels } from './labels.ts';
import type { ContainerNames } from './names.ts';
import { portsOf } from './ports.ts';

/** A name or label in full may be of any length; this much of it tells which one it is. */
const maxSkippedText = 100;
/** A proxy may be on every network of its host; with many more its record is too long for others, and then it has none. */
const maxAddresses = 64;

/** The record of a container that runs, from all that is known of it. */
export function containerRecord(
  inspection: Inspection,
  { names, skipped }: ContainerNames,
  addresses: readonly ContainerAddress[],
  draining: boolean,
): ContainerRecord {
  const ports = portsOf(inspection);
  const asksFrom = (inspection.exitAddresses ?? []).map(parseAddress).flatMap((each) => (each.ok ? [each.value] : []));
  const labelled = readLabels(inspection.labels, ports);
  const refusals = [...overflow(addresses.length), ...skipped, ...labelled.skipped].map(shortened);
  return {
    id: inspection.id,
    name: inspection.name,
    image: inspection.image,
    names,
    ...(refusals.length > 0 ? { skipped: refusals } : {}),
    addresses: addresses.slice(0, maxAddresses),
    ...(asksFrom.length > 0 ? { asksFrom } : {}),
    state: stateOf(inspection, draining),
    health: inspection.health,
    startedAt: instantToMs(inspection.startedAt),
    ...(ports.length > 0 ? { ports } : {}),
    ...labelled.values,
  };
}

function stateOf({ paused, stopping }: Inspection, draining: boolean): ContainerState {
  if (draining || stopping) return 'draining';
  return paused ? 'paused' : 'running';
}

function overflow(count: number): SkippedName[] {
  if (count <= maxAddresses) return [];
  return [{ text: `${count - maxAddresses} addresses`, reason: `a container has at most ${maxAddresses} addresses` }];
}

function shortened({ text, reason }: SkippedName): SkippedName {
  return { text: text.length > maxSkippedText ? `${text.slice(0, maxSkippedText - 3)}...` : text, reason };
}
