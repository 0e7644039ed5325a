import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { labels, readLabels } from '../src/watch/labels.ts';
import { namesOf } from '../src/watch/names.ts';
import { exampleFiles, examples, readExample } from './support/examples.ts';
import { type ContainerSpec, containerWords } from './support/lab/container.ts';
import { inspection } from './watch/documents.ts';
import { watchOptions } from './watch/host.ts';

/** The hosts on which one file may be started. */
const hosts = ['0', '1', '2'];
const composeFiles = exampleFiles('.yaml');
const folders = [...new Set(composeFiles.map((file) => dirname(file)))];

describe.each(composeFiles)('the Compose file %s', (file) => {
  it('is one that can be started on every host, with the name server of that host', () => {
    for (const container of containersOf(file)) {
      expect(container.dns).toBe('192.0.2.53');
      expect(containerWords(container, 'none')).toContain(container.name);
    }
  });

  it('has only labels that Weft or Compose knows, with values that they take', () => {
    for (const container of containersOf(file)) {
      const given = Object.keys(container.labels ?? {}).filter((label) => !label.startsWith('com.docker.compose.'));
      expect(given.filter((label) => !Object.values<string>(labels).includes(label))).toEqual([]);
      expect(readLabels(new Map(Object.entries(container.labels ?? {})), []).skipped).toEqual([]);
      expect(namesAndSkipped(container).skipped).toEqual([]);
    }
  });
});

describe.each(folders)('the example %s', (folder) => {
  const files = exampleFiles('.yaml', '.sh', '.ts', '.md', '.conf').filter((file) => dirname(file) === folder);
  const text = files.map((file) => readFileSync(join(examples, file), 'utf8')).join('\n');
  const names = composeFiles
    .filter((file) => dirname(file) === folder)
    .flatMap(containersOf)
    .flatMap((container) => namesAndSkipped(container).names);

  it('speaks of no name that its containers do not have', () => {
    const mentioned = [...text.matchAll(/([\w.-]+)\.weave\.local/g)].map(([, name = '']) => name);
    // A service's name stands before that of the container: _mongodb._tcp.NAME.
    const owners = mentioned.map((name) => name.replace(/^(_[\w-]+\.)+/, ''));
    expect(owners.filter((name) => !names.some((known) => known === name))).toEqual([]);
  });

  it('has no address in it but that of the name server', () => {
    const addresses = [...text.matchAll(/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g)].map(([address]) => address);
    expect(addresses.filter((address) => address !== '172.17.0.1')).toEqual([]);
  });

  it('has a page that names its files, and no others', () => {
    const page = readFileSync(join(examples, folder, 'README.md'), 'utf8');
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.filter((path) => !existsSync(join(examples, folder, path)))).toEqual([]);
    const started = [...page.matchAll(/compose -f (\S+)/g)].map(([, name = '']) => join(folder, name));
    expect(started.filter((file) => !composeFiles.includes(file))).toEqual([]);
    expect(readFileSync(join(examples, 'README.md'), 'utf8')).toContain(`(${folder}/README.md)`);
  });
});

/** The first two containers of every service, on every host. */
function containersOf(file: string): ContainerSpec[] {
  return hosts.flatMap((host) => {
    const project = readExample(file, { N: host, WEFT_DNS: '192.0.2.53' });
    return project.services.flatMap((service) => [1, 2].map((number) => project.container(service, number)));
  });
}

function namesAndSkipped({ name, hostname = '', labels: given }: ContainerSpec): ReturnType<typeof namesOf> {
  const document = inspection({ name, config: { Hostname: hostname, Labels: given } });
  return namesOf(document, watchOptions.domains, watchOptions.hostnames);
}
