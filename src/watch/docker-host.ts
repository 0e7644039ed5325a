import { quote } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';

/** Where an engine is, and how to speak to it. */
export type DockerHost =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly tls: boolean };

/** The ports that the docker command takes where the URL has none. */
const plainPort = 2375;
const tlsPort = 2376;

/**
 * Reads what the docker command takes as `DOCKER_HOST`: `unix:///run/docker.sock`, `tcp://HOST[:PORT]`,
 * `http(s)://HOST[:PORT]`, or a bare path or `HOST:PORT`. `verifyTls` is `DOCKER_TLS_VERIFY`: any text means yes.
 */
export function parseDockerHost(text: string, verifyTls: string | undefined): Result<DockerHost> {
  if (text.startsWith('/')) return accepted({ type: 'unix', path: text });
  if (text.startsWith('unix://')) return unixHost(text, text.slice('unix://'.length));
  const url = URL.parse(text.includes('://') ? text : `tcp://${text}`);
  if (url === null || url.hostname === '' || !['tcp:', 'http:', 'https:'].includes(url.protocol)) return refusal(text);
  if (!['', '/'].includes(url.pathname)) return refusal(text);
  // URL leaves out a port that its scheme implies, but only of schemes that it knows.
  const given = /:(\d+)\/?$/.exec(text)?.[1];
  const tls = url.protocol === 'https:' || (url.protocol === 'tcp:' && (Boolean(verifyTls) || given === `${tlsPort}`));
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return accepted({ type: 'tcp', host, port: Number(given ?? (tls ? tlsPort : plainPort)), tls });
}

function unixHost(text: string, path: string): Result<DockerHost> {
  return path.startsWith('/') ? accepted({ type: 'unix', path }) : refusal(text);
}

function refusal(text: string): Result<DockerHost> {
  return refused(
    `${quote(text)} must be unix:///PATH, tcp://HOST:PORT or https://HOST:PORT, such as unix:///var/run/docker.sock`,
  );
}
