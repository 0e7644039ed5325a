import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join } from 'node:path';

/** One file of the page, as a browser gets it. */
export interface PageFile {
  readonly mediaType: string;
  readonly body: string;
  /** RFC 9110 section 8.8.3: another one for another content. */
  readonly etag: string;
}

/** Where the page lies: beside this file as it was written, and beside the bundle as `build.ts` made it. */
const pageDirectory = join(import.meta.dirname, 'page');

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
};

/** Reads every file of the page, by its name. Browsers run TypeScript whose types are blanked out: no build step. */
export async function readPage(directory = pageDirectory): Promise<ReadonlyMap<string, PageFile>> {
  const names = (await readdir(directory)).filter((name) => extname(name) in mediaTypes);
  return new Map(await Promise.all(names.map(async (name) => [name, await readOne(directory, name)] as const)));
}

async function readOne(directory: string, name: string): Promise<PageFile> {
  const text = await readFile(join(directory, name), 'utf8');
  const extension = extname(name);
  const body = extension === '.ts' ? stripTypeScriptTypes(text) : text;
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { mediaType: mediaTypes[extension] ?? 'application/octet-stream', body, etag };
}
