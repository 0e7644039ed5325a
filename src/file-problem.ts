/** The system's words for what keeps a file from being read or written. */
const problems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'part of its path is not a directory',
  EEXIST: 'it is not a directory',
  EISDIR: 'it is a directory',
  EIO: 'the disk fails',
};

/** Why a file could not be used, as a clause for a message. */
export function fileProblem(error: unknown): string {
  const fallback = error instanceof Error ? error.message : String(error);
  return problems[fileErrorCode(error) ?? ''] ?? fallback;
}

/** Whether it is this user who may not, so that another, or another place, would do. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(fileErrorCode(error) ?? '');
}

/** The system's code of an error, such as `ENOENT`. */
export function fileErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
