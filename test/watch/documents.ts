import { decodeInspection } from '../../src/watch/decode.ts';
import type { Inspection } from '../../src/watch/inspection.ts';
import { taken } from './host.ts';

/** The id of a container of the tables; `c0ffee000000` is its short form. */
export const fullId = 'c0ffee'.padEnd(64, '0');

/** A document as `GET /containers/{id}/json` gives it, with the parts of `Config` and the rest that a test is about. */
export function inspectionJson(
  parts: {
    readonly name?: string;
    readonly config?: Readonly<Record<string, unknown>>;
    readonly host?: Readonly<Record<string, unknown>>;
    readonly state?: Readonly<Record<string, unknown>>;
    readonly networks?: Readonly<Record<string, unknown>>;
    readonly ports?: Readonly<Record<string, unknown>>;
    readonly id?: string;
  } = {},
): unknown {
  const { id = fullId, name = 'web', config, host, state, networks = {}, ports = {} } = parts;
  return {
    Id: id,
    Name: `/${name}`,
    State: { Status: 'running', Running: true, StartedAt: '2026-01-01T00:00:00.000001Z', ...state },
    Config: { Hostname: id.slice(0, 12), Domainname: '', Image: 'example', Labels: {}, ...config },
    HostConfig: { NetworkMode: 'default', ...host },
    NetworkSettings: { Networks: networks, Ports: ports },
  };
}

export function inspection(parts?: Parameters<typeof inspectionJson>[0]): Inspection {
  return taken(decodeInspection(inspectionJson(parts)));
}

/** One entry of `NetworkSettings.Networks`. */
export function endpointJson(networkId: string, address: string, aliases: readonly string[] = []) {
  return { NetworkID: networkId, IPAddress: address, IPPrefixLen: address === '' ? 0 : 16, Aliases: aliases };
}
