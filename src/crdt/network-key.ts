import { type HostId, localNetworkKey, type NetworkKey, sharedNetworkKey } from '../record.ts';
import { BadField, type Fields, text } from './json.ts';

/** What stands before a network of the owner alone, in the place of `local:` and its host id. */
const ownPrefix = 'own:';

/** A network as `owner` tells of it: one of its own without its id, so that nobody can speak of another's. */
export function toldNetwork(key: NetworkKey, owner: HostId): string {
  const local = localNetworkKey(owner, '');
  return key.startsWith(local) ? ownPrefix + key.slice(local.length) : key;
}

/** The network that `owner` tells of in a field; throws `BadField` where it is neither its own nor a shared one. */
export function readNetworkKey(fields: Fields, key: string, owner: HostId): NetworkKey {
  const told = text(fields, key);
  if (told.startsWith(ownPrefix)) return localNetworkKey(owner, told.slice(ownPrefix.length));
  if (told.startsWith(sharedNetworkKey(''))) return told as NetworkKey;
  throw new BadField(`${key} is neither a shared network nor one of its own host`);
}
