/**
 * What an agent said in JSON, typed by the schemas that it serves it with. Any member of the mesh chooses what its host,
 * its containers and their images are called: no such name can steer the terminal it is shown on.
 */
export function decode<T>(text: string): T {
  // JSON has control characters as escapes, but for those past ASCII; few replies have any.
  const hasControls = /\\[bfnrtu]|[\u007f-\u009f]/.test(text);
  return JSON.parse(text, hasControls ? (_, value: unknown) => withoutControls(value) : undefined) as T;
}

/** A page of text for a terminal, which has lines and nothing else to steer it. */
export function harmless(page: string): string {
  return page.replace(/(?![\n\t])\p{Cc}/gu, replacement);
}

function withoutControls(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\p{Cc}/gu, replacement) : value;
}

/** Unicode's own, for what cannot be shown. */
const replacement = '\ufffd';
