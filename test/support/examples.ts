import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ComposeProject, readCompose, type Variables } from './lab/compose.ts';

/** Where the examples lie. */
export const examples = join(import.meta.dirname, '../../examples');

/** Every file of the examples whose name ends so, below `examples`. */
export function exampleFiles(...endings: string[]): string[] {
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => endings.some((ending) => file.endsWith(ending)) && !file.includes('node_modules'));
}

/** A Compose file of the examples, as this host's variables make it. */
export function readExample(file: string, variables: Variables): ComposeProject {
  const path = join(examples, file);
  return readCompose(readFileSync(path, 'utf8'), dirname(path), variables);
}
