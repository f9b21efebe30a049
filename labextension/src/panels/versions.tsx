// What pages of versioned assets share: versions at the side, labels, files, and who uses them.
import '../../style/data.css';
import '../../style/pages.css';
import { useState } from 'react';
import type { Asset, AssetFile, AssetUse } from '../model/data';
import type { Resource } from '../model/resource';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { bytes } from '../ui/format';
import { useResource } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusChip } from '../ui/status';
import { Ago } from '../ui/time';
import { execute, usePage } from './page';

const MOST_FILES = 200;

/** The labels of a version, each of which can be dropped, and a field for a new one. */
export function Labels(props: {
  asset: Asset;
  onSet: (label: string) => void;
  onDrop: (label: string) => void;
}): JSX.Element {
  const { asset, onSet, onDrop } = props;
  const { trans } = useLanguage();
  const [text, setText] = useState<string | null>(null);
  return (
    <span className="jp-MlwsLabels">
      {asset.latest && <span className="jp-MlwsChip">@latest</span>}
      {(asset.labels ?? []).map(label => (
        <span key={label} className="jp-MlwsChip">
          @{label}
          <button
            type="button"
            aria-label={trans.__('Drop the label %1', label)}
            title={trans.__('Drop the label %1', label)}
            onClick={() => onDrop(label)}
          >
            ×
          </button>
        </span>
      ))}
      {text === null ? (
        <Button minimal onClick={() => setText('')}>
          {trans.__('+ Label')}
        </Button>
      ) : (
        <input
          className="jp-mod-styled jp-MlwsLabels-field"
          aria-label={trans.__('New label')}
          placeholder={trans.__('New label')}
          // biome-ignore lint/a11y/noAutofocus: it stands in the place of the button that was pressed.
          autoFocus
          value={text}
          onChange={event => setText(event.target.value)}
          onBlur={() => setText(null)}
          onKeyDown={event => {
            if (event.key === 'Enter' && text) {
              onSet(text);
            }
            if (event.key === 'Enter' || event.key === 'Escape') {
              setText(null);
            }
          }}
        />
      )}
    </span>
  );
}

/** All versions, newest first; `markOf` is a word beside a version's time. */
export function Rail(props: {
  versions: readonly Asset[];
  shown: string;
  onShow: (version: string) => void;
  markOf?: (asset: Asset) => string;
}): JSX.Element {
  const { trans } = useLanguage();
  return (
    <nav className="jp-MlwsRail" aria-label={trans.__('Versions')}>
      <List
        label={trans.__('Versions')}
        items={props.versions}
        itemKey={asset => asset.version}
        onOpen={asset => props.onShow(asset.version)}
        render={asset => (
          <div
            className={`jp-MlwsRail-item${asset.version === props.shown ? ' jp-mod-shown' : ''}`}
            data-version={asset.version}
            aria-current={asset.version === props.shown ? 'true' : undefined}
          >
            <strong>{asset.version}</strong>
            <span className="jp-MlwsNote">
              <Ago time={asset.creation_context.created_at} />
            </span>
            <span className="jp-MlwsRail-labels">
              {[...(asset.latest ? ['latest'] : []), ...(asset.labels ?? [])].map(label => (
                <span key={label} className="jp-MlwsChip">
                  @{label}
                </span>
              ))}
              {props.markOf?.(asset) && <span className="jp-MlwsTag">{props.markOf(asset)}</span>}
            </span>
          </div>
        )}
      />
    </nav>
  );
}

/** The files of a version, each to be downloaded. */
export function FileList(props: {
  files: Resource<readonly AssetFile[]>;
  /** Where the content lies. */
  path: string;
  hrefOf: (path: string) => string;
}): JSX.Element {
  const { files, path, hrefOf } = props;
  const { trans, locale } = useLanguage();
  const { value, error } = useResource(files);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void files.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={5} />;
  }
  const total = value.reduce((sum, file) => sum + file.size_bytes, 0);
  return (
    <>
      <p className="jp-MlwsNote">
        {trans._n('%1 file', '%1 files', value.length)} · {bytes(total, locale)} ·{' '}
        {path.startsWith('snapshot:') ? trans.__('kept in the workspace') : path}
      </p>
      <ul className="jp-MlwsFiles">
        {value.slice(0, MOST_FILES).map(file => (
          <li key={file.path}>
            <a href={hrefOf(file.path)} download>
              {file.path}
            </a>
            <span className="jp-MlwsNote">{bytes(file.size_bytes, locale)}</span>
          </li>
        ))}
      </ul>
      {value.length > MOST_FILES && (
        <p className="jp-MlwsNote">
          {trans._n('%1 more file', '%1 more files', value.length - MOST_FILES)}
        </p>
      )}
    </>
  );
}

/** The runs that read or made a version. */
export function UseList(props: { uses: Resource<readonly AssetUse[]> }): JSX.Element {
  const { uses } = props;
  const { trans } = useLanguage();
  const page = usePage();
  const { value, error } = useResource(uses);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void uses.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={4} />;
  }
  if (value.length === 0) {
    return <Empty text={trans.__('No run has read this version yet.')} />;
  }
  return (
    <List
      label={trans.__('Used by')}
      items={value}
      itemKey={use => `${use.relation} ${use.run_id}`}
      onOpen={use => execute(page, CommandIDs.openRun, { run_id: use.run_id })}
      render={use => (
        <div className="jp-MlwsUse" data-run={use.run_id}>
          <span className="jp-MlwsTag">
            {use.relation === 'input' ? trans.__('reads') : trans.__('made it')}
          </span>
          <span className="jp-MlwsUse-name">{use.name}</span>
          <StatusChip status={use.status as Parameters<typeof StatusChip>[0]['status']} />
          {use.started_at && <Ago time={use.started_at} />}
        </div>
      )}
    />
  );
}
