import { readdirSync } from 'node:fs';
import { appendFile, chmod, cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { addGlibcBase, addProgram } from './root-file-system.ts';

/** The images of real servers, made from Debian's packages; each has what the public image of that name is used for. */
export const serverImages = ['postgres', 'redis', 'nats', 'nginx'] as const;
export type ServerImage = (typeof serverImages)[number];

export const serverRecipes: Record<ServerImage, (root: string) => Promise<void>> = {
  postgres: async (root) => {
    await addGlibcBase(root);
    await addPostgres(root);
  },
  redis: async (root) => {
    await addGlibcBase(root);
    // One program under several names.
    await addProgram(root, '/usr/bin/redis-server', 'usr/bin/redis-server');
    await addProgram(root, '/usr/bin/redis-cli', 'usr/bin/redis-cli');
    await addUser(root, 'redis', serverUser);
  },
  nats: async (root) => {
    await addGlibcBase(root);
    await addProgram(root, '/usr/sbin/nats-server', 'usr/bin/nats-server');
  },
  nginx: async (root) => {
    await addGlibcBase(root);
    await addProgram(root, '/usr/sbin/nginx', 'usr/sbin/nginx');
    await addUser(root, 'nobody', 65_534, 'nogroup');
    for (const directory of ['var/lib/nginx', 'var/log/nginx', 'var/lock'])
      await mkdir(join(root, directory), everyStep);
  },
};

const everyStep = { recursive: true };
const postgresPrograms = ['initdb', 'pg_basebackup', 'postgres', 'psql'];
/** What the server loads at run time; the compiler of queries, which is larger than all the rest, is not needed. */
const postgresModules = ['dict_snowball.so', 'libpqwalreceiver.so', 'plpgsql.so'];
/** As in the public image; any but root would do. */
const serverUser = 999;

async function addPostgres(root: string): Promise<void> {
  const version = readdirSync('/usr/lib/postgresql').toSorted().at(-1) ?? '';
  const [programs, modules] = [`/usr/lib/postgresql/${version}/bin`, `/usr/lib/postgresql/${version}/lib`];
  const share = `/usr/share/postgresql/${version}`;
  for (const name of postgresPrograms) {
    await addProgram(root, join(programs, name), join(programs, name));
    await symlink(join(programs, name), join(root, 'usr/local/bin', name));
  }
  for (const name of postgresModules) await addProgram(root, join(modules, name), join(modules, name));
  await cp(share, join(root, share), { ...everyStep, dereference: true });
  await cp('/usr/share/zoneinfo/Etc', join(root, 'usr/share/zoneinfo/Etc'), { ...everyStep, dereference: true });
  await addUser(root, 'postgres', serverUser);
  for (const directory of ['var/lib/postgresql/data', 'var/run/postgresql']) {
    await mkdir(join(root, directory), everyStep);
    // Images are imported as root's.
    await chmod(join(root, directory), 0o1777);
  }
}

async function addUser(root: string, name: string, id: number, group = name): Promise<void> {
  await appendFile(join(root, 'etc/passwd'), `${name}:x:${id}:${id}::/tmp:/bin/sh\n`);
  await appendFile(join(root, 'etc/group'), `${group}:x:${id}:\n`);
}
