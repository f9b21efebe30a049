// The newest data of the workspace: a section of the panel.
import '../../style/data.css';
import type { Asset } from '../model/data';
import { snippet } from '../model/snippet';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { dragCode } from '../ui/drag';
import { exactTime, relativeTime } from '../ui/format';
import { useNow, useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { useIsDown } from './connection';
import { openDataMenu } from './data-menu';
import { execute, usePage } from './page';

export function DataSection(props: { search: string }): JSX.Element {
  const page = usePage();
  const { models, settings } = page.workspace;
  const { trans, locale } = useLanguage();
  const isDown = useIsDown();
  const { value, error } = useResource(models.data);
  useSignal(settings.changed);
  const now = useNow(30_000);
  const text = props.search.toLowerCase();
  const found = (value ?? []).filter(asset => asset.name.toLowerCase().includes(text));
  const shown = found.slice(0, settings.values.panelRows);
  return (
    <div className="jp-MlwsSection">
      {error && !isDown && <ErrorStrip error={error} onRetry={() => void models.data.refresh()} />}
      {!value && (!error || isDown) && <Skeleton />}
      {value && shown.length === 0 && (
        <Empty
          text={
            props.search
              ? trans.__('No data fits the search.')
              : trans.__('Data appears here: files, folders and tables with versions.')
          }
        >
          <Button onClick={() => execute(page, CommandIDs.openData)}>{trans.__('Add data')}</Button>
        </Empty>
      )}
      {shown.length > 0 && (
        <List
          label={trans.__('Data')}
          items={shown}
          itemKey={asset => asset.name}
          render={asset => <DataRow asset={asset} now={now} />}
          titleOf={asset =>
            `${asset.name}:${asset.version}\n${asset.description ?? ''}\n${exactTime(asset.creation_context.created_at, locale)}`
          }
          onOpen={asset => execute(page, CommandIDs.openDataset, { name: asset.name })}
          onMenu={(asset, x, y) => openDataMenu(page, asset, x, y)}
        />
      )}
    </div>
  );
}

/** A row that can be dragged into a notebook. */
function DataRow(props: { asset: Asset; now: number }): JSX.Element {
  const { asset } = props;
  const { locale } = useLanguage();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the menu of the row does the same by keyboard.
    <div
      className="jp-MlwsRow"
      data-data={asset.name}
      onMouseDown={event => dragCode(event, snippet(asset), `${asset.name}:${asset.version}`)}
    >
      <span className="jp-MlwsRow-name">{asset.name}</span>
      <span className="jp-MlwsNote">{asset.version}</span>
      <span className="jp-MlwsRow-time">
        {relativeTime(asset.creation_context.created_at, props.now, locale)}
      </span>
    </div>
  );
}
