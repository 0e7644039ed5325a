/** A JSON object of which nothing is believed yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Readers for what an engine says: a field that is missing or of another kind reads as empty. */
export function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function fieldsOf(fields: Fields, key: string): Fields {
  return asFields(fields[key]) ?? {};
}

export function textOf(fields: Fields, key: string): string {
  const value = fields[key];
  return typeof value === 'string' ? value : '';
}

export function numberOf(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function listOf(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key];
  return Array.isArray(value) ? value : [];
}

export function textsOf(fields: Fields, key: string): string[] {
  return listOf(fields, key).filter((value) => typeof value === 'string');
}

/** Keys and values of an object whose values are texts, such as labels. */
export function textMapOf(fields: Fields, key: string): ReadonlyMap<string, string> {
  const entries = Object.entries(fieldsOf(fields, key));
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
