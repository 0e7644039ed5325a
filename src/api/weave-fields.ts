import { z } from 'zod';

/** One of weave's parameters: it comes in the query or as a form, and may repeat. */
export const field = z.union([z.string().max(400), z.array(z.string().max(400)).max(100)]).optional();

type Field = z.output<typeof field>;

/** The first value of a parameter, wherever it came. */
export function first(...values: readonly Field[]): string | undefined {
  return all(...values)[0];
}

/** All values of a parameter, wherever they came. */
export function all(...values: readonly Field[]): string[] {
  return values.flatMap((value) => value ?? []);
}
