import { type Result, refused } from '../result.ts';
import type { Engine } from './engine.ts';

/**
 * The engine at `dockerHost`, a URL as the docker command takes it (`unix:///run/docker.sock`, `tcp://192.0.2.7:2375`,
 * `https://…`); TLS as `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` of the environment say. Nothing is dialled yet.
 */
export function openDockerEngine(_dockerHost: string, _environment: NodeJS.ProcessEnv): Result<Engine> {
  return refused('not yet');
}
