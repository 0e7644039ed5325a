/**
 * What a record may hold that somebody makes here, by flag, label, command or HTTP. Records of other hosts may hold more
 * (`crdt/record-json.ts`), so that a later version can allow it.
 */

/** Seconds; a week, as long as caches keep anything (RFC 8767 section 4). */
export const maxTtlSeconds = 604_800;

/** Longer than a key of DKIM; a TXT record holds it as strings of 255 octets (RFC 1035 section 3.3, RFC 7208 section 3.3). */
export const maxTxtCharacters = 2_048;
