// The folders of runs, as a tree beside the table.
import '../../style/pages.css';
import '../../style/runs.css';
import { type KeyboardEvent, useState } from 'react';
import { folderTree, type IFolder } from '../model/folders';
import type { RunsModel } from '../model/runs';
import { useLanguage } from '../ui/context';
import { useResource } from '../ui/hooks';

/** Nothing while no run is in a folder. */
export function FolderRail(props: { model: RunsModel }): JSX.Element | null {
  const { model } = props;
  const { trans } = useLanguage();
  const { value } = useResource(model.folders);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const tree = folderTree(value ?? []);
  if (tree.length === 0 && !model.query.folder) {
    return null;
  }
  const root: IFolder = { path: '', name: trans.__('All runs'), level: 0, nRuns: 0 };
  const shown = [root, ...tree.filter(folder => !isBelow(folder.path, closed))];
  const hasBelow = (path: string): boolean => tree.some(one => one.path.startsWith(`${path}/`));
  const fold = (path: string, isOpen: boolean): void => {
    const next = new Set(closed);
    if (isOpen) {
      next.delete(path);
    } else {
      next.add(path);
    }
    setClosed(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>, at: number): void => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    const wanted = { ArrowRight: true, ArrowLeft: false }[event.key];
    const items = event.currentTarget.parentElement?.children;
    if (to !== undefined && items) {
      (items[Math.max(0, Math.min(shown.length - 1, to))] as HTMLElement).focus();
    } else if (wanted !== undefined && shown[at]) {
      fold(shown[at].path, wanted);
    } else if (event.key === 'Enter' || event.key === ' ') {
      model.ask({ folder: shown[at]?.path ?? '' });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="jp-MlwsFolders" role="tree" aria-label={trans.__('Folders')}>
      {shown.map((folder, at) => {
        const isOpen = !closed.has(folder.path);
        const isActive = folder.path === model.query.folder;
        return (
          <div
            key={folder.path}
            role="treeitem"
            tabIndex={isActive ? 0 : -1}
            aria-selected={isActive}
            aria-level={folder.level + 1}
            aria-expanded={folder.path && hasBelow(folder.path) ? isOpen : undefined}
            className="jp-MlwsFolders-item"
            title={folder.path || folder.name}
            style={{ paddingLeft: 8 + folder.level * 14 }}
            onClick={() => model.ask({ folder: folder.path })}
            onKeyDown={event => onKeyDown(event, at)}
          >
            {folder.path && hasBelow(folder.path) ? (
              <button
                type="button"
                className="jp-MlwsFold"
                tabIndex={-1}
                title={isOpen ? trans.__('Fold') : trans.__('Unfold')}
                onClick={event => {
                  event.stopPropagation();
                  fold(folder.path, !isOpen);
                }}
              >
                <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
              </button>
            ) : (
              <span className="jp-MlwsFolders-gap" />
            )}
            <span className="jp-MlwsFolders-name">{folder.name}</span>
            {folder.path && <span className="jp-MlwsCount">{folder.nRuns}</span>}
          </div>
        );
      })}
    </div>
  );
}

function isBelow(path: string, closed: ReadonlySet<string>): boolean {
  return [...closed].some(folder => path.startsWith(`${folder}/`));
}
