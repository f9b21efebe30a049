// The code that ran: the command, and the files of its snapshot.
import '../../style/pages.css';
import { useEffect, useState } from 'react';
import type { RunModel } from '../model/run';
import { useLanguage } from '../ui/context';
import { CopyButton, Toolbar } from '../ui/controls';
import { bytes } from '../ui/format';
import { useResource } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { usePage } from './page';

/** Larger files are not shown. */
const MOST_SHOWN = 1_000_000;

export function Code(props: { model: RunModel }): JSX.Element {
  const { model } = props;
  const { trans, locale } = useLanguage();
  const { value, error } = useResource(model.code);
  const [path, setPath] = useState<string | null>(null);
  useEffect(() => {
    void model.code.refresh();
  }, [model]);
  const command = model.job?.command;
  const chosen = value?.find(file => file.path === path);
  return (
    <>
      {typeof command === 'string' && (
        <Toolbar label={trans.__('Command')} end={<CopyButton text={command} />}>
          <code className="jp-MlwsCommand">{command}</code>
        </Toolbar>
      )}
      {error && <ErrorStrip error={error} onRetry={() => void model.code.refresh()} />}
      {!value && !error && <Skeleton rows={5} />}
      {value?.length === 0 && <Empty text={trans.__('This job has no code folder.')} />}
      {value && value.length > 0 && (
        <div className="jp-MlwsArtifacts">
          <div className="jp-MlwsTree">
            <List
              label={trans.__('Files')}
              items={value}
              itemKey={file => file.path}
              titleOf={file => file.path}
              onOpen={file => setPath(file.path)}
              render={file => (
                <div className="jp-MlwsRow">
                  <span className="jp-MlwsRow-name">{file.path}</span>
                  <span className="jp-MlwsNote">{bytes(file.size_bytes, locale)}</span>
                </div>
              )}
            />
          </div>
          <div className="jp-MlwsPreview">
            {chosen ? (
              chosen.size_bytes > MOST_SHOWN ? (
                <Empty text={trans.__('The file is too large to be shown here.')} />
              ) : (
                <Source key={chosen.path} name={model.runId} path={chosen.path} />
              )
            ) : (
              <Empty text={trans.__('Choose a file to look into it.')} />
            )}
          </div>
        </div>
      )}
    </>
  );
}

function Source(props: { name: string; path: string }): JSX.Element {
  const { client } = usePage().workspace;
  const { name, path } = props;
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    const call = new AbortController();
    client
      .download('jobs.read_code', { name, path }, { signal: call.signal })
      .then(blob => blob.text())
      .then(setText)
      .catch((reason: Error) => {
        if (!call.signal.aborted) {
          setError(reason);
        }
      });
    return () => call.abort();
  }, [client, name, path]);
  if (error) {
    return <ErrorStrip error={error} />;
  }
  return text === null ? <Skeleton rows={5} /> : <pre className="jp-MlwsCode">{text}</pre>;
}
