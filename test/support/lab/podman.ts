import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.ts';

/**
 * Makes ready for Podman as root on a machine of the lab, with everything it owns on that machine's disk, and returns
 * the environment its commands need there. Nothing of this machine's own Podman is used: no systemd, no journal, and no
 * limits that a container host may not set.
 */
export async function podmanSettings(machine: Machine): Promise<Record<string, string>> {
  const directory = join(machine.options.disk, 'podman');
  await mkdir(directory, { recursive: true });
  const [engine, storage] = [join(directory, 'containers.conf'), join(directory, 'storage.conf')];
  await writeFile(
    engine,
    `[engine]
events_logger = "file"
cgroup_manager = "cgroupfs"
runtime = "runc"
tmp_dir = "/run/libpod"
[network]
network_backend = "netavark"
network_config_dir = "${directory}/networks"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`,
  );
  await writeFile(
    storage,
    `[storage]
driver = "vfs"
graphroot = "${directory}/storage"
runroot = "/run/containers"
`,
  );
  await writeFile(join(directory, 'config.json'), '{}');
  return { DOCKER_CONFIG: directory, CONTAINERS_CONF: engine, CONTAINERS_STORAGE_CONF: storage };
}
