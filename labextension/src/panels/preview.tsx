// A look into a file of a run: drawn by JupyterLab's renderers where it has one, never trusted.
import { downloadIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import type { Artifact, Table } from '../api/client';
import { type FileKind, fenced, isTable, isTooLarge, kindOf, languageOf } from '../model/filekind';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Toolbar } from '../ui/controls';
import { bytes } from '../ui/format';
import { Empty, ErrorStrip, type IShownError, Skeleton } from '../ui/states';
import { execute, usePage } from './page';
import { Rendered } from './rendered';

/** Rows of a table that are shown at once. */
const ROWS = 200;
/** Longer code is shown without colours. */
const MOST_COLOURED = 200_000;

interface IFile {
  runId: string;
  path: string;
}

export function Preview(props: { runId: string; artifact: Artifact }): JSX.Element {
  const { runId, artifact } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const args = { run_id: runId, path: artifact.path };
  const url = page.workspace.client.url('runs.read_artifact', args);
  const size = artifact.size_bytes ?? 0;
  const name = artifact.path.split('/').pop() ?? artifact.path;
  const kind = kindOf(artifact.path);
  const download = (label: string): JSX.Element => (
    <a className="jp-MlwsButton jp-mod-minimal" href={url} download={name}>
      <downloadIcon.react tag="span" className="jp-MlwsButton-icon" />
      {label}
    </a>
  );
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
            {download(trans.__('Download'))}
            {page.commands.hasCommand(CommandIDs.registerModel) && (
              <Button minimal onClick={() => execute(page, CommandIDs.registerModel, args)}>
                {trans.__('Register model…')}
              </Button>
            )}
          </>
        }
      >
        <strong className="jp-MlwsPreview-name" title={artifact.path}>
          {artifact.path}
        </strong>
        <span className="jp-MlwsNote">{bytes(size, locale)}</span>
      </Toolbar>
      <div className="jp-MlwsPreview-body" data-kind={kind}>
        {isTooLarge(kind, size) ? (
          <Empty text={trans.__('%1 is too much to be shown here.', bytes(size, locale))}>
            {download(trans.__('Save the file'))}
          </Empty>
        ) : (
          <Look file={{ runId, path: artifact.path }} kind={kind} url={url} />
        )}
      </div>
    </>
  );
}

function Look(props: { file: IFile; kind: FileKind; url: string }): JSX.Element {
  const { file, kind, url } = props;
  const page = usePage();
  const { trans } = useLanguage();
  switch (kind) {
    case 'image':
      return <img src={url} alt={file.path} />;
    case 'audio':
      // biome-ignore lint/a11y/useMediaCaption: a run leaves none.
      return <audio controls src={url} aria-label={file.path} />;
    case 'video':
      // biome-ignore lint/a11y/useMediaCaption: a run leaves none.
      return <video controls src={url} aria-label={file.path} />;
    case 'table':
      return <TableView file={file} />;
    case 'notebook':
      return (
        <Empty text={trans.__('A notebook opens in a view of its own, without a kernel.')}>
          <Button
            onClick={() =>
              execute(page, CommandIDs.openArtifact, { run_id: file.runId, path: file.path })
            }
          >
            {trans.__('Open the notebook')}
          </Button>
        </Empty>
      );
    case 'pdf':
      return (
        <Read file={file} read={base64}>
          {data => <Rendered bundle={{ 'application/pdf': data }} />}
        </Read>
      );
    case 'other':
      return <Empty text={trans.__('Files of this kind are not shown here.')} />;
    default:
      return (
        <Read file={file} read={blob => blob.text()}>
          {text => <TextView file={file} kind={kind} text={text} />}
        </Read>
      );
  }
}

function TextView(props: { file: IFile; kind: FileKind; text: string }): JSX.Element {
  const { file, kind, text } = props;
  const { rendermime } = usePage();
  const language = languageOf(file.path);
  switch (kind) {
    case 'markdown':
      return <Rendered bundle={{ 'text/markdown': text }} />;
    case 'html':
      // The sandbox forbids scripts, forms and links to what is around it.
      return <iframe className="jp-MlwsPreview-html" sandbox="" srcDoc={text} title={file.path} />;
    case 'json': {
      const value = parsed(text);
      if (isTable(value)) {
        return <TableView file={file} />;
      }
      return value !== null && typeof value === 'object' ? (
        <Rendered bundle={{ 'application/json': value }} />
      ) : (
        <pre className="jp-MlwsCode">{text}</pre>
      );
    }
    default:
      return language && rendermime && text.length <= MOST_COLOURED ? (
        <Rendered bundle={{ 'text/markdown': fenced(text, language) }} />
      ) : (
        <pre className="jp-MlwsCode">{text}</pre>
      );
  }
}

/** Rows of a table, page by page. */
function TableView(props: { file: IFile }): JSX.Element {
  const { runId, path } = props.file;
  const { client } = usePage().workspace;
  const { trans, locale } = useLanguage();
  // The buttons move what is wanted, not what is shown: nobody's second press is lost while a page is on its way.
  const [offset, setOffset] = useState(0);
  const [table, setTable] = useState<Table | null>(null);
  const [error, setError] = useState<IShownError | null>(null);
  useEffect(() => {
    const call = new AbortController();
    client
      .call(
        'runs.read_table',
        { run_id: runId, path, offset, limit: ROWS },
        { signal: call.signal },
      )
      .then(setTable)
      .catch((reason: Error) => {
        if (!call.signal.aborted) {
          setError(reason);
        }
      });
    return () => call.abort();
  }, [client, runId, path, offset]);
  if (error) {
    return <ErrorStrip error={error} />;
  }
  if (!table) {
    return <Skeleton rows={6} />;
  }
  const number = new Intl.NumberFormat(locale);
  const first = table.offset ?? 0;
  const last = first + table.rows.length;
  return (
    <div className="jp-MlwsTableView">
      <div className="jp-MlwsTableView-bar">
        <span className="jp-MlwsNote" aria-live="polite">
          {trans.__(
            'Rows %1 to %2 of %3, %4 columns',
            number.format(Math.min(first + 1, table.n_rows)),
            number.format(last),
            number.format(table.n_rows),
            number.format(table.columns.length),
          )}
        </span>
        {table.n_rows > ROWS && (
          <>
            <Button
              disabled={offset === 0}
              onClick={() => setOffset(wanted => Math.max(0, wanted - ROWS))}
            >
              {trans.__('Previous')}
            </Button>
            <Button
              disabled={offset + ROWS >= table.n_rows}
              onClick={() =>
                setOffset(wanted => (wanted + ROWS < table.n_rows ? wanted + ROWS : wanted))
              }
            >
              {trans.__('Next')}
            </Button>
          </>
        )}
      </div>
      <div className="jp-MlwsTableView-scroll">
        <table aria-label={path}>
          <thead>
            <tr>
              <th scope="col">{trans.__('Row')}</th>
              {table.columns.map(column => (
                <th key={column.name} scope="col" title={column.type}>
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row has no name but its place.
              <tr key={first + at}>
                <th scope="row">{first + at + 1}</th>
                {table.columns.map((column, place) => (
                  <Cell key={column.name} value={row[place]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Cell(props: { value: unknown }): JSX.Element {
  const { value } = props;
  const text = value === null || value === undefined ? '' : String(value);
  const isNumber = text !== '' && Number.isFinite(Number(text));
  return <td className={isNumber ? 'jp-mod-number' : undefined}>{text}</td>;
}

/** Fetches a file and draws what `read` makes of it. */
function Read(props: {
  file: IFile;
  read: (blob: Blob) => Promise<string>;
  children: (content: string) => JSX.Element;
}): JSX.Element {
  const { client } = usePage().workspace;
  const [content, setContent] = useState<string | null>(null);
  const [error, setError] = useState<IShownError | null>(null);
  const { runId, path } = props.file;
  const { read } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: how a file is read does not change with it.
  useEffect(() => {
    const call = new AbortController();
    client
      .download('runs.read_artifact', { run_id: runId, path }, { signal: call.signal })
      .then(read)
      .then(setContent)
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
  return content === null ? <Skeleton rows={5} /> : props.children(content);
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
