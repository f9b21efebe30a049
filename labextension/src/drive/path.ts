// Paths of the `MLWS:` drive: `RUN_ID/PATH`, where PATH is an artifact of the run.

export const DRIVE_NAME = 'MLWS';

/** What a path of the drive means. */
export interface IArtifactPath {
  /** Empty for the drive itself. */
  runId: string;
  /** Relative to the run's artifacts; empty for all of them. */
  path: string;
}

/** Take a local path of the drive apart; slashes too many and `.` do not count, `..` goes up. */
export function parsePath(localPath: string): IArtifactPath {
  const parts: string[] = [];
  for (const part of localPath.split('/')) {
    if (part === '..') {
      parts.pop();
    } else if (part !== '' && part !== '.') {
      parts.push(part);
    }
  }
  const [runId = '', ...rest] = parts;
  return { runId, path: rest.join('/') };
}

/** The contents path, with drive, of a run's artifact. */
export function drivePath(runId: string, path = ''): string {
  return `${DRIVE_NAME}:${[runId, path].filter(Boolean).join('/')}`;
}

/** The run whose artifact `contentsPath` is; undefined for a path of another drive. */
export function runOfPath(contentsPath: string): IArtifactPath | undefined {
  const prefix = `${DRIVE_NAME}:`;
  return contentsPath.startsWith(prefix) ? parsePath(contentsPath.slice(prefix.length)) : undefined;
}

/** Everything before the last `/`. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
