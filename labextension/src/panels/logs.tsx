// The logs of a job: choose file and attempt, search, wrap, save.
import { downloadIcon } from '@jupyterlab/ui-components';
import { useEffect, useMemo, useState } from 'react';
import { pieces, plain } from '../model/ansi';
import type { LogModel } from '../model/log';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice, Search, Toolbar } from '../ui/controls';
import { bytes } from '../ui/format';
import { useDebounced, useSignal } from '../ui/hooks';
import { LogView } from '../ui/log';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';

/** More hits than these are not looked for. */
const MOST_HITS = 10_000;

/** `attempts` is how many there have been. */
export function Logs(props: { model: LogModel; attempts: number }): JSX.Element {
  const { model, attempts } = props;
  const { trans, locale } = useLanguage();
  useSignal(model.changed);
  const [wrap, setWrap] = useState(true);
  const [isRegex, setRegex] = useState(false);
  const [text, setText] = useState('');
  const [hit, setHit] = useState(0);
  const asked = useDebounced(text, 200);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt has a log of its own.
  useEffect(() => model.show(model.path, undefined), [model, attempts]);

  const { head, tail, gap } = model;
  const nHead = head.length;
  const nLines = nHead + (gap ? 1 + tail.length : 0);
  const lineAt = useMemo(
    () =>
      (index: number): string =>
        (index <= nHead && !(gap && index === nHead)
          ? head.lines[index]
          : tail.lines[index - nHead - 1]) ?? '',
    [head, tail, gap, nHead],
  );
  const query = useMemo(() => searched(asked, isRegex), [asked, isRegex]);
  const version = model.sizeBytes + nLines;
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says that the lines have grown.
  const hits = useMemo(() => findHits(nLines, lineAt, query), [nLines, lineAt, query, version]);

  const step = (by: number): void =>
    setHit(hits.length ? (hit + by + hits.length) % hits.length : 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search begins at its first hit.
  useEffect(() => setHit(0), [asked, isRegex]);

  const save = async (): Promise<void> => {
    const url = URL.createObjectURL(await model.whole());
    const link = document.createElement('a');
    link.href = url;
    link.download = `${model.name}-${model.path.replace(/\//g, '-')}`;
    link.click();
    URL.revokeObjectURL(url);
  };

  const newest = String(attempts);
  return (
    <div className="jp-MlwsLogs">
      <Toolbar
        label={trans.__('Logs')}
        end={
          <>
            <Check label={trans.__('Wrap')} checked={wrap} onChange={setWrap} />
            <span className="jp-MlwsNote">{bytes(model.sizeBytes, locale)}</span>
            <Button
              minimal
              icon={downloadIcon}
              title={trans.__('Save the log as a file')}
              onClick={() => void save()}
            />
          </>
        }
      >
        {attempts > 1 && (
          <Choice
            label={trans.__('Attempt')}
            value={String(model.attempt ?? attempts)}
            options={Array.from(
              { length: attempts },
              (_, at) => [`${at + 1}`, `${at + 1}`] as const,
            )}
            onChange={value => model.show(model.path, value === newest ? undefined : Number(value))}
          />
        )}
        {model.files.length > 1 && (
          <Choice
            label={trans.__('File')}
            value={model.path}
            options={model.files.map(file => [file.path, file.path] as const)}
            onChange={path => model.show(path, model.attempt)}
          />
        )}
        <Search
          className="jp-MlwsLogs-search"
          label={trans.__('Search in the log')}
          value={text}
          onChange={setText}
          onKeyDown={event => {
            if (event.key === 'Enter') {
              event.preventDefault();
              step(event.shiftKey ? -1 : 1);
            }
          }}
        />
        <Check label={trans.__('Regular expression')} checked={isRegex} onChange={setRegex} />
        {asked && (
          <span className="jp-MlwsNote" aria-live="polite">
            {query === null
              ? trans.__('Not a regular expression')
              : trans.__('%1 of %2', hits.length ? hit + 1 : 0, hits.length)}
          </span>
        )}
      </Toolbar>
      {model.error && <ErrorStrip error={model.error} onRetry={() => model.retry()} />}
      {!model.isLoaded && <Skeleton rows={8} />}
      {model.isLoaded && nLines === 0 && !model.error && (
        <Empty
          text={
            model.isEnded
              ? trans.__('The job wrote nothing.')
              : trans.__('Nothing written yet. Lines appear as the job writes them.')
          }
        />
      )}
      {nLines > 0 && (
        <LogView
          label={trans.__('Log of the job')}
          nLines={nLines}
          version={version}
          lineAt={lineAt}
          pieces={pieces}
          plain={plain}
          wrap={wrap}
          hits={hits}
          hit={hit}
          query={query}
          instead={index =>
            gap && index === nHead ? (
              <button type="button" className="jp-MlwsMore" onClick={() => void model.fill()}>
                {trans.__('%1 not shown here. Show more', bytes(gap.to - gap.from, locale))}
              </button>
            ) : null
          }
        />
      )}
    </div>
  );
}

/** What to look for; null for what is no regular expression, or for nothing. */
export function searched(text: string, isRegex: boolean): RegExp | null {
  if (!text) {
    return null;
  }
  try {
    return new RegExp(isRegex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi');
  } catch {
    return null;
  }
}

function findHits(
  nLines: number,
  lineAt: (index: number) => string,
  query: RegExp | null,
): readonly number[] {
  const found: number[] = [];
  for (let at = 0; query && at < nLines && found.length < MOST_HITS; at++) {
    query.lastIndex = 0;
    if (query.test(plain(lineAt(at)))) {
      found.push(at);
    }
  }
  return found;
}
