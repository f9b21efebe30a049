// The files of a run: a tree, and a look into what is chosen.
import '../../style/pages.css';
import { fileIcon, folderIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { Artifact } from '../api/client';
import type { ArtifactTree, RunModel } from '../model/run';
import { useLanguage } from '../ui/context';
import { bytes } from '../ui/format';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Preview } from './preview';

export function Artifacts(props: { model: RunModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.artifacts.root);
  const [chosen, setChosen] = useState<Artifact | null>(null);

  useEffect(() => {
    const following = model.open(model.artifacts.root);
    return () => following.dispose();
  }, [model]);

  if (!value) {
    return error ? (
      <ErrorStrip error={error} onRetry={() => void model.artifacts.root.refresh()} />
    ) : (
      <Skeleton rows={6} />
    );
  }
  if (value.length === 0) {
    return <Empty text={trans.__('This run left no files.')} />;
  }
  return (
    <div className="jp-MlwsArtifacts">
      <div
        className="jp-MlwsTree"
        role="tree"
        aria-label={trans.__('Files')}
        onKeyDown={moveInTree}
      >
        <Folder tree={model.artifacts} path="" level={1} chosen={chosen} choose={setChosen} />
      </div>
      <div className="jp-MlwsPreview">
        {chosen ? (
          <Preview key={chosen.path} runId={model.runId} artifact={chosen} />
        ) : (
          <Empty text={trans.__('Choose a file to look into it.')} />
        )}
      </div>
    </div>
  );
}

interface IFolderProps {
  tree: ArtifactTree;
  path: string;
  level: number;
  chosen: Artifact | null;
  choose: (artifact: Artifact) => void;
}

function Folder(props: IFolderProps): JSX.Element {
  const { tree, path } = props;
  const folder = tree.folder(path);
  const { value, error } = useResource(folder);
  if (error && !value) {
    return <ErrorStrip error={error} onRetry={() => void folder.refresh()} />;
  }
  return (
    <>
      {value?.map((item, at) => (
        <Item key={item.path} {...props} item={item} isFirst={props.level === 1 && at === 0} />
      ))}
    </>
  );
}

function Item(props: IFolderProps & { item: Artifact; isFirst: boolean }): JSX.Element {
  const { item, level, chosen, choose } = props;
  const { locale } = useLanguage();
  const [isOpen, setOpen] = useState(false);
  const isChosen = chosen?.path === item.path;
  const act = (): void => (item.is_dir ? setOpen(!isOpen) : choose(item));
  const Icon = item.is_dir ? folderIcon : fileIcon;
  return (
    <>
      <div
        className="jp-MlwsTree-item"
        role="treeitem"
        tabIndex={isChosen || (!chosen && props.isFirst) ? 0 : -1}
        aria-level={level}
        aria-expanded={item.is_dir ? isOpen : undefined}
        aria-selected={isChosen}
        style={{ paddingLeft: 4 + level * 14 }}
        onClick={act}
        onKeyDown={event => {
          if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            act();
          } else if (item.is_dir && event.key === 'ArrowRight') {
            setOpen(true);
          } else if (item.is_dir && event.key === 'ArrowLeft') {
            setOpen(false);
          }
        }}
      >
        <span className="jp-MlwsTree-fold" aria-hidden="true">
          {item.is_dir ? (isOpen ? '▾' : '▸') : ''}
        </span>
        <Icon.react tag="span" className="jp-MlwsTree-icon" />
        <span className="jp-MlwsTree-name">{item.path.split('/').pop()}</span>
        <span className="jp-MlwsNote">
          {item.size_bytes == null ? '' : bytes(item.size_bytes, locale)}
        </span>
      </div>
      {isOpen && <Folder {...props} path={item.path} level={level + 1} />}
    </>
  );
}

/** Up and down go through all items that can be seen. */
function moveInTree(event: KeyboardEvent<HTMLElement>): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by === undefined) {
    return;
  }
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="treeitem"]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[Math.max(0, Math.min(items.length - 1, at + by))]?.focus();
  event.preventDefault();
}
