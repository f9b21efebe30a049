// The files of a run: a tree, and a look into what is chosen.
import { downloadIcon, fileIcon, folderIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { Artifact } from '../api/client';
import type { ArtifactTree, RunModel } from '../model/run';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Toolbar } from '../ui/controls';
import { bytes } from '../ui/format';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { execute, usePage } from './page';

/** Larger files are not looked into, only saved. */
const MOST_PREVIEW = 2_000_000;
const IMAGES = /\.(png|jpe?g|gif|svg|webp|bmp)$/i;
const TEXTS =
  /(^|\/)(MLmodel|README|LICENSE|Dockerfile)$|\.(txt|log|md|json|ya?ml|csv|tsv|py|toml|cfg|ini|html|xml|sh|r|jl|sql)$/i;

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

function Preview(props: { runId: string; artifact: Artifact }): JSX.Element {
  const { runId, artifact } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const args = { run_id: runId, path: artifact.path };
  const url = page.workspace.client.url('runs.read_artifact', args);
  const size = artifact.size_bytes ?? 0;
  const name = artifact.path.split('/').pop() ?? artifact.path;
  return (
    <>
      <Toolbar
        label={name}
        end={
          <>
            {page.commands.hasCommand(CommandIDs.openArtifact) && (
              <Button onClick={() => execute(page, CommandIDs.openArtifact, args)}>
                {trans.__('Open')}
              </Button>
            )}
            <a className="jp-MlwsButton jp-mod-minimal" href={url} download={name}>
              <downloadIcon.react tag="span" className="jp-MlwsButton-icon" />
              {trans.__('Download')}
            </a>
          </>
        }
      >
        <strong className="jp-MlwsPreview-name" title={artifact.path}>
          {artifact.path}
        </strong>
        <span className="jp-MlwsNote">{bytes(size, locale)}</span>
      </Toolbar>
      <div className="jp-MlwsPreview-body">
        {IMAGES.test(name) ? (
          <img src={url} alt={artifact.path} />
        ) : TEXTS.test(name) && size <= MOST_PREVIEW ? (
          <Text runId={runId} path={artifact.path} />
        ) : (
          <Empty
            text={
              size > MOST_PREVIEW
                ? trans.__('The file is too large to be shown here.')
                : trans.__('Files of this kind are not shown here.')
            }
          />
        )}
      </div>
    </>
  );
}

function Text(props: { runId: string; path: string }): JSX.Element {
  const { client } = usePage().workspace;
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const { runId, path } = props;
  useEffect(() => {
    const call = new AbortController();
    client
      .download('runs.read_artifact', { run_id: runId, path }, { signal: call.signal })
      .then(blob => blob.text())
      .then(setText)
      .catch((reason: Error) => {
        if (!call.signal.aborted) {
          setError(reason);
        }
      });
    return () => call.abort();
  }, [client, runId, path]);
  if (error) {
    return <ErrorStrip error={error} />;
  }
  return text === null ? <Skeleton rows={5} /> : <pre className="jp-MlwsCode">{text}</pre>;
}
