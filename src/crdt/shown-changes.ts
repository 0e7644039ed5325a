import type { HostId } from '../record.ts';
import type { Changes } from './document.ts';
import type { LiveDirectory } from './live-directory.ts';
import { containerFromJson, hostFromJson } from './record-json.ts';
import { containerPrefix, hostKey } from './wire.ts';

/** Shows in the directory what changed in a host's document; what is no good record goes to quarantine. */
export function showChanges(directory: LiveDirectory, host: HostId, changes: Changes): void {
  for (const [key, json] of changes) {
    if (key === hostKey) showHost(directory, host, json);
    else if (key.startsWith(containerPrefix)) showContainer(directory, host, key, json);
    // Other keys are a later version's.
  }
}

function showHost(directory: LiveDirectory, host: HostId, json: string | undefined): void {
  const read = json === undefined ? undefined : hostFromJson(json, host);
  directory.setHost(host, read?.ok ? read.value : undefined);
  directory.setProblem(host, hostKey, read?.ok === false ? read.problem : undefined);
}

function showContainer(directory: LiveDirectory, host: HostId, key: string, json: string | undefined): void {
  // A copy: a slice would hold on to the whole key for as long as there is the container.
  const id = Buffer.from(key).toString('utf8', containerPrefix.length);
  const read = json === undefined ? undefined : containerFromJson(json, id, host);
  directory.setContainer(host, id, read?.ok ? read.value : undefined);
  directory.setProblem(host, id, read?.ok === false ? read.problem : undefined);
}
