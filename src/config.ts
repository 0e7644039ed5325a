/**
 * Every default of Weft, with its unit, its reason and its relation to its neighbours. Rooms do not read this file:
 * `agent.ts` hands each room its section.
 */

/** `src/dns`: how questions about our names are answered. */
export const dnsDefaults = {} as const;

/** `src/dns`: how all other questions are forwarded. */
export const forwardDefaults = {} as const;

/** `src/crdt`: replication and liveness. */
export const crdtDefaults = {} as const;

/** `src/mesh`: links between hosts. */
export const meshDefaults = {} as const;

/** `src/watch`: the container engine. */
export const watchDefaults = {} as const;

/** `src/api`: HTTP. */
export const apiDefaults = {} as const;
