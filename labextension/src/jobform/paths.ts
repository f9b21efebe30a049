// Paths between folders of the contents manager.

/** `name` inside `folder`; the root is ''. */
export function joinedPath(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

/** `path` as seen from `folder`, with `..` where it lies outside; `.` for the folder itself. */
export function relativePath(folder: string, path: string): string {
  const from = folder.split('/').filter(Boolean);
  const to = path.split('/').filter(Boolean);
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) {
    shared += 1;
  }
  const up = from.slice(shared).map(() => '..');
  return [...up, ...to.slice(shared)].join('/') || '.';
}
