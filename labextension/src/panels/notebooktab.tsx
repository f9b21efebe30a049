// The executed notebook of a job, live: as a notebook where that view is there, else as a list of cells.
import '../../style/pages.css';
import { Widget } from '@lumino/widgets';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { CellState } from '../api/client';
import type { RunModel } from '../model/run';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Toolbar } from '../ui/controls';
import { duration } from '../ui/format';
import { useNow, useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { execute, usePage } from './page';

export function NotebookTab(props: { model: RunModel }): JSX.Element {
  const { notebookView } = usePage();
  return notebookView ? (
    <Embedded make={() => notebookView.create(props.model.runId)} />
  ) : (
    <Cells model={props.model} />
  );
}

/** A Lumino widget inside React; it is disposed while its host is still in the document, as Lumino demands. */
function Embedded(props: { make: () => Widget }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the widget is made once.
  useLayoutEffect(() => {
    const node = host.current;
    if (!node) {
      return undefined;
    }
    const widget = props.make();
    Widget.attach(widget, node);
    const observer = new ResizeObserver(() => widget.fit());
    observer.observe(node);
    return () => {
      observer.disconnect();
      widget.dispose();
    };
  }, []);
  return <div ref={host} className="jp-MlwsEmbedded" />;
}

function Cells(props: { model: RunModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { value, error } = useResource(model.notebook);
  useEffect(() => {
    const following = model.open(model.notebook);
    return () => following.dispose();
  }, [model]);
  const isRunning = value?.cells.some(cell => cell.state === 'running') ?? false;
  const now = useNow(1000, isRunning);

  if (error && !value) {
    return <ErrorStrip error={error} onRetry={() => void model.notebook.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={8} />;
  }
  const sources = new Map(
    ((value.notebook.cells as { id?: string; source?: string | string[] }[] | undefined) ?? []).map(
      cell => [cell.id, [cell.source ?? ''].flat().join('')],
    ),
  );
  if (value.cells.length === 0) {
    return <Empty text={trans.__('No cell has run yet.')} />;
  }
  return (
    <>
      {page.commands.hasCommand(CommandIDs.openNotebook) && (
        <Toolbar label={trans.__('Notebook')}>
          <Button onClick={() => execute(page, CommandIDs.openNotebook, { name: model.runId })}>
            {trans.__('Open the executed notebook')}
          </Button>
        </Toolbar>
      )}
      <ol className="jp-MlwsCells" aria-label={trans.__('Cells')}>
        {value.cells.map(cell => (
          <li key={cell.cell_id} className={`jp-MlwsCells-item jp-mod-${cell.state}`}>
            <span className="jp-MlwsCells-state">{stateWord(cell, trans)}</span>
            <code>{firstLine(sources.get(cell.cell_id) ?? '')}</code>
            <span className="jp-MlwsNote">{cellDuration(cell, now)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function firstLine(source: string): string {
  return source.split('\n').find(line => line.trim()) ?? '';
}

function cellDuration(cell: CellState, now: number): string {
  if (!cell.started_at) {
    return '';
  }
  const end = cell.ended_at ? new Date(cell.ended_at).getTime() : now;
  return duration(end - new Date(cell.started_at).getTime());
}

function stateWord(cell: CellState, trans: ReturnType<typeof useLanguage>['trans']): string {
  switch (cell.state) {
    case 'waiting':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'skipped':
      return trans.__('Skipped');
  }
}
