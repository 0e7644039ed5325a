import type { ContainerHealth } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import { asFields, type Fields, fieldsOf, listOf, numberOf, textMapOf, textOf, textsOf } from './fields.ts';
import type { Endpoint, EndpointAddress, Inspection, PublishedPort } from './inspection.ts';
import { instantOf } from './instant.ts';
import { defaultStopSignal, parseSignal } from './signal.ts';

/** Who the engine is. */
export interface EngineVersion {
  readonly type: 'docker' | 'podman';
  readonly version: string;
  readonly apiVersion: string;
}

/** One line of `GET /containers/json`: enough to see that a container changed. */
export interface ContainerSummary {
  readonly id: string;
  /** Undefined where this engine's listing leaves it out. */
  readonly name: string | undefined;
  readonly paused: boolean | undefined;
  readonly health: ContainerHealth | undefined;
  /** In no order. */
  readonly addresses: readonly string[] | undefined;
}

/** One element of `GET /networks`. */
export interface EngineNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** `local`, `swarm` or `global`. */
  readonly scope: string;
  /** Swarm's own network for published ports. */
  readonly ingress: boolean;
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

export function decodeVersion(json: unknown): Result<EngineVersion> {
  const fields = asFields(json);
  if (fields === undefined) return refused('the engine version is not an object');
  const components = listOf(fields, 'Components').map((each) => textOf(asFields(each) ?? {}, 'Name'));
  return accepted({
    type: components.some((name) => /podman/i.test(name)) ? 'podman' : 'docker',
    version: textOf(fields, 'Version'),
    apiVersion: textOf(fields, 'ApiVersion'),
  });
}

export function decodeContainers(json: unknown): Result<readonly ContainerSummary[]> {
  if (!Array.isArray(json)) return refused('the container listing is not a list');
  const summaries = json.map((each) => decodeSummary(asFields(each) ?? {}));
  const bad = summaries.find((each) => each.id === '');
  return bad === undefined ? accepted(summaries) : refused('the container listing has an element without an id');
}

export function decodeNetworks(json: unknown): Result<readonly EngineNetwork[]> {
  if (!Array.isArray(json)) return refused('the network listing is not a list');
  const networks = json.map((each) => decodeNetwork(asFields(each) ?? {}));
  const bad = networks.find((each) => each.id === '');
  return bad === undefined ? accepted(networks) : refused('the network listing has an element without an id');
}

/** Reads of `GET /networks/{id}` the addresses of each container on it, by the container's id. */
export function decodeMembers(json: unknown): ReadonlyMap<string, readonly string[]> {
  const members = Object.entries(fieldsOf(asFields(json) ?? {}, 'Containers'));
  return new Map(
    members.map(([id, each]) => {
      const fields = asFields(each) ?? {};
      const texts = [textOf(fields, 'IPv4Address'), textOf(fields, 'IPv6Address')];
      return [id, texts.map((text) => text.replace(/\/.*/, '')).filter((text) => text !== '')];
    }),
  );
}

export function decodeInspection(json: unknown): Result<Inspection> {
  const fields = asFields(json) ?? {};
  const state = asFields(fields.State);
  const config = fieldsOf(fields, 'Config');
  const hostConfig = fieldsOf(fields, 'HostConfig');
  const settings = fieldsOf(fields, 'NetworkSettings');
  if (textOf(fields, 'Id') === '') return refused('the container has no id');
  if (state === undefined) return refused('the container has no state');
  return accepted({
    id: textOf(fields, 'Id'),
    name: textOf(fields, 'Name').replace(/^\//, ''),
    image: textOf(config, 'Image'),
    hostname: textOf(config, 'Hostname'),
    domainname: textOf(config, 'Domainname'),
    labels: textMapOf(config, 'Labels'),
    ...decodeState(state),
    stopSignal: parseSignal(textOf(config, 'StopSignal') || String(config.StopSignal)) ?? defaultStopSignal,
    restarts: !['', 'no'].includes(textOf(fieldsOf(hostConfig, 'RestartPolicy'), 'Name')),
    networkMode: textOf(hostConfig, 'NetworkMode'),
    hostUts: textOf(hostConfig, 'UTSMode') === 'host',
    endpoints: Object.entries(fieldsOf(settings, 'Networks')).map(([name, each]) => decodeEndpoint(name, each)),
    exposedPorts: Object.keys(fieldsOf(config, 'ExposedPorts')),
    publishedPorts: Object.entries(fieldsOf(settings, 'Ports')).flatMap(decodeBindings),
  });
}

/**
 * Docker counts a container that waits to be started again as running (`Running` and `Restarting` both true), and
 * one that is paused too; older Podman leaves some flags out and has only the status.
 */
function decodeState(state: Fields) {
  const status = textOf(state, 'Status');
  const waiting = status === 'restarting' || state.Restarting === true;
  const alive = ['running', 'paused', 'stopping'].includes(status) || (status === '' && state.Running === true);
  return {
    running: alive && !waiting,
    paused: status === 'paused' || state.Paused === true,
    stopping: status === 'stopping',
    health: healthOf(textOf(fieldsOf(state, 'Health'), 'Status') || textOf(fieldsOf(state, 'Healthcheck'), 'Status')),
    startedAt: instantOf(textOf(state, 'StartedAt')) ?? 0,
  };
}

function healthOf(text: string): ContainerHealth {
  return text === 'starting' || text === 'healthy' || text === 'unhealthy' ? text : 'none';
}

function decodeEndpoint(networkName: string, json: unknown): Endpoint {
  const fields = asFields(json) ?? {};
  return {
    networkId: textOf(fields, 'NetworkID'),
    networkName,
    addresses: [
      ...endpointAddress(fields, 'IPAddress', 'IPPrefixLen'),
      ...endpointAddress(fields, 'GlobalIPv6Address', 'GlobalIPv6PrefixLen'),
    ],
    aliases: textsOf(fields, 'Aliases'),
  };
}

function endpointAddress(fields: Fields, addressKey: string, lengthKey: string): EndpointAddress[] {
  const text = textOf(fields, addressKey);
  return text === '' ? [] : [{ text, prefixLength: numberOf(fields, lengthKey) || undefined }];
}

function decodeBindings([port, bindings]: [string, unknown]): PublishedPort[] {
  if (!Array.isArray(bindings)) return [];
  return bindings.flatMap((each) => {
    const fields = asFields(each) ?? {};
    const hostPort = Number(textOf(fields, 'HostPort'));
    return hostPort > 0 ? [{ port, hostAddress: textOf(fields, 'HostIp'), hostPort }] : [];
  });
}

function decodeSummary(fields: Fields): ContainerSummary {
  const networks = asFields(fieldsOf(fields, 'NetworkSettings').Networks);
  const endpoints = Object.entries(networks ?? {}).map(([name, each]) => decodeEndpoint(name, each));
  const state = textOf(fields, 'State');
  return {
    id: textOf(fields, 'Id'),
    name: textsOf(fields, 'Names')
      .map((name) => name.replace(/^\//, ''))
      // Old links list the container under names of others too, as `other/alias`.
      .find((name) => !name.includes('/')),
    paused: state === '' ? undefined : state === 'paused',
    health: summaryHealth(textOf(fields, 'Status')),
    addresses: networks && endpoints.flatMap((endpoint) => endpoint.addresses.map(({ text }) => text)),
  };
}

/** Reads the end of `Up 3 minutes (healthy)`; a status without brackets tells of no health check, or tells nothing. */
function summaryHealth(status: string): ContainerHealth | undefined {
  if (/\((health: )?starting\)$/.test(status)) return 'starting';
  const word = /\((healthy|unhealthy)\)$/.exec(status)?.[1];
  return word === undefined ? undefined : healthOf(word);
}

function decodeNetwork(fields: Fields): EngineNetwork {
  const ranges = listOf(fieldsOf(fields, 'IPAM'), 'Config').map((each) => asFields(each) ?? {});
  return {
    id: textOf(fields, 'Id'),
    name: textOf(fields, 'Name'),
    driver: textOf(fields, 'Driver'),
    scope: textOf(fields, 'Scope') || 'local',
    ingress: fields.Ingress === true,
    subnets: ranges.map((range) => textOf(range, 'Subnet')).filter((text) => text !== ''),
    // Some engines give the gateway with the length of its subnet behind it.
    gateways: ranges.map((range) => textOf(range, 'Gateway').replace(/\/.*/, '')).filter((text) => text !== ''),
    options: textMapOf(fields, 'Options'),
  };
}
