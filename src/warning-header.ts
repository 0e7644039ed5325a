/** What is wrong although it was done, for replies without content: weave's scripts print whatever content there is. */
export const warningHeader = 'weft-warning';

/** A sentence as a header's value: RFC 9110 section 5.5 asks for visible ASCII, and a path may be of any letters. */
export function warningToHeader(warning: string): string {
  return warning.toWellFormed().replace(/[^ -~]|%/gu, encodeURIComponent);
}

/** The sentence again; as it came where an agent of another kind wrote it otherwise. */
export function warningFromHeader(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
