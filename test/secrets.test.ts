import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readApiToken } from '../src/secrets.ts';

const directory = mkdtempSync(join(tmpdir(), 'weft-secrets-'));
const file = join(directory, 'token');

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the token of the API', () => {
  it.each(['s3cret', 'aGVsbG8+/-._~w==\n'])('may be %j', async (content) => {
    writeFileSync(file, content);
    expect(await readApiToken(file)).toBe(content.trim());
  });

  it.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['two words', 'must hold one word'],
    ['two\nlines', 'must hold one word'],
    ['schlüssel', 'must hold one word'],
  ])('is not %j, which no client could send', async (content, problem) => {
    writeFileSync(file, content);
    await expect(readApiToken(file)).rejects.toThrow(problem);
  });

  it('is none where no file is given, and an error where it cannot be read', async () => {
    expect(await readApiToken(undefined)).toBeUndefined();
    await expect(readApiToken(join(directory, 'nothing'))).rejects.toThrow('cannot be read');
  });
});
