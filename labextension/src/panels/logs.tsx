// The logs of a job: choose file and attempt, search, wrap, save.
import '../../style/pages.css';
import { downloadIcon, linkIcon } from '@jupyterlab/ui-components';
import { useEffect, useMemo, useState } from 'react';
import { pieces, plain } from '../model/ansi';
import type { LogModel } from '../model/log';
import { foldsOf, type Level, ofLevel, rowsOfLog } from '../model/loglines';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice, Search, Toolbar } from '../ui/controls';
import { bytes } from '../ui/format';
import { useDebounced, useSignal } from '../ui/hooks';
import { LogView } from '../ui/log';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { execute, usePage } from './page';

/** More hits than these are not looked for. */
const MOST_HITS = 10_000;

type Shown = 'all' | Level;

/** `attempts` is how many there have been. */
export function Logs(props: { model: LogModel; attempts: number }): JSX.Element {
  const { model, attempts } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  useSignal(model.changed);
  const [wrap, setWrap] = useState(true);
  const [withTimes, setWithTimes] = useState(true);
  const [level, setLevel] = useState<Shown>('all');
  const [isRegex, setRegex] = useState(false);
  const [text, setText] = useState('');
  const [hit, setHit] = useState(0);
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  const [marked, setMarked] = useState<number | null>(null);
  const asked = useDebounced(text, 200);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt has a log of its own.
  useEffect(() => model.show(model.path, undefined), [model, attempts]);

  const { head, tail, gap } = model;
  const nHead = head.length;
  const nLines = nHead + (gap ? 1 + tail.length : 0);
  const version = model.sizeBytes + nLines;
  const lineAt = useMemo(
    () =>
      (index: number): string =>
        (index <= nHead && !(gap && index === nHead)
          ? head.lines[index]
          : tail.lines[index - nHead - 1]) ?? '',
    [head, tail, gap, nHead],
  );
  const query = useMemo(() => searched(asked, isRegex), [asked, isRegex]);

  // Rows are lines, but for what the level leaves out and for folded frames. Null: every line is one.
  const plainAt = useMemo(() => (index: number) => plain(lineAt(index)), [lineAt]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says that the lines have grown.
  const [rows, lengths] = useMemo(() => {
    const kept = level === 'all' ? null : ofLevel(nLines, plainAt, level);
    if (kept && gap && !kept.includes(nHead)) {
      const after = kept.findIndex(line => line > nHead);
      kept.splice(after < 0 ? kept.length : after, 0, nHead);
    }
    const folds = query ? [] : foldsOf(nLines, plainAt);
    const found = rowsOfLog(nLines, kept, folds, fold => unfolded.has(fold.from));
    return [found, new Map(folds.map(fold => [fold.from, fold.to - fold.from]))] as const;
  }, [nLines, version, plainAt, level, query, unfolded, gap, nHead]);
  const nRows = rows ? rows.length : nLines;
  const lineOf = (row: number): number => (rows ? (rows[row] ?? 0) : row);
  const rowAt = useMemo(
    () =>
      (row: number): string => {
        const line = rows ? (rows[row] ?? 0) : row;
        return line < 0 ? '' : lineAt(line);
      },
    [rows, lineAt],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says that the lines have grown.
  const hits = useMemo(() => findHits(nRows, rowAt, query), [nRows, rowAt, query, version]);

  const step = (by: number): void =>
    setHit(hits.length ? (hit + by + hits.length) % hits.length : 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search begins at its first hit.
  useEffect(() => setHit(0), [asked, isRegex]);

  // A link names a line: it is gone to as soon as it is there.
  const { wanted } = model;
  useEffect(() => {
    if (wanted !== null && wanted < nHead) {
      setLevel('all');
      setText('');
      setMarked(wanted);
      model.wanted = null;
    }
  }, [model, wanted, nHead]);
  const markedRow = marked === null ? -1 : rows ? rows.indexOf(marked) : marked;

  const isTimed = head.times.isKnown || tail.times.isKnown;
  const clock = useMemo(
    () =>
      new Intl.DateTimeFormat(locale, {
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        hourCycle: 'h23',
      }),
    [locale],
  );
  const timeOf = useMemo(
    () =>
      isTimed && withTimes
        ? (row: number): string => {
            const line = rows ? (rows[row] ?? 0) : row;
            const isTail = gap !== null && line > nHead;
            const at = isTail ? tail.times.at(line - nHead - 1) : head.times.at(line);
            return line < 0 || at === null ? '' : clock.format(at);
          }
        : undefined,
    [isTimed, withTimes, rows, gap, nHead, head, tail, clock],
  );

  /** Lines after a gap have no number: nobody has counted those in it. */
  const numberOf = (row: number): number | null => {
    const line = lineOf(row);
    return line < 0 || (gap && line >= nHead) ? null : line + 1;
  };
  const copyLink = (row: number): void => {
    const number = numberOf(row);
    if (number !== null) {
      setMarked(number - 1);
      execute(page, CommandIDs.copyRunLink, { run_id: model.name, line: number });
    }
  };

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
            {isTimed && (
              <Check label={trans.__('Times')} checked={withTimes} onChange={setWithTimes} />
            )}
            <Check label={trans.__('Wrap')} checked={wrap} onChange={setWrap} />
            <Button
              minimal
              icon={linkIcon}
              title={trans.__('Copy a link to the marked line')}
              disabled={hits.length === 0 && markedRow < 0}
              onClick={() => copyLink(hits[hit] ?? markedRow)}
            />
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
        <Choice<Shown>
          label={trans.__('Level')}
          value={level}
          options={[
            ['all', trans.__('All')],
            ['info', trans.__('Info and worse')],
            ['warning', trans.__('Warnings and worse')],
            ['error', trans.__('Errors')],
          ]}
          onChange={setLevel}
        />
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
              : gap
                ? trans.__('%1 of %2 in what is shown', hits.length ? hit + 1 : 0, hits.length)
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
      {nLines > 0 && nRows === 0 && (
        <Empty text={trans.__('No line is of this level.')}>
          <Button onClick={() => setLevel('all')}>{trans.__('Show all lines')}</Button>
        </Empty>
      )}
      {nRows > 0 && (
        <LogView
          label={trans.__('Log of the job')}
          nLines={nRows}
          version={version}
          lineAt={rowAt}
          pieces={pieces}
          plain={plain}
          wrap={wrap}
          hits={hits}
          hit={hit}
          query={query}
          onHit={setHit}
          numberOf={numberOf}
          timeOf={timeOf}
          onNumber={copyLink}
          marked={markedRow < 0 ? null : markedRow}
          instead={row => {
            const line = lineOf(row);
            if (line < 0) {
              return (
                <button
                  type="button"
                  className="jp-MlwsMore jp-MlwsLog-fold"
                  onClick={() => setUnfolded(new Set([...unfolded, ~line]))}
                >
                  {trans._n(
                    '… %1 line in libraries',
                    '… %1 lines in libraries',
                    lengths.get(~line) ?? 0,
                  )}
                </button>
              );
            }
            return gap && line === nHead ? (
              <button type="button" className="jp-MlwsMore" onClick={() => void model.fill()}>
                {trans.__('%1 not shown here. Show more', bytes(gap.to - gap.from, locale))}
              </button>
            ) : null;
          }}
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
