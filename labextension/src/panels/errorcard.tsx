// Why a job failed, in words, with the way to the place.
import '../../style/pages.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Cause, CellError, Job, JobError } from '../api/client';
import { pieces } from '../model/ansi';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { execute, usePage } from './page';

/** A cause in a few words. */
export function causeWords(cause: Cause, trans: TranslationBundle): string {
  switch (cause) {
    case 'user_error':
      return trans.__('The code raised an error');
    case 'out_of_memory':
      return trans.__('Out of memory');
    case 'kernel_died':
      return trans.__('The kernel died');
    case 'start_timeout':
      return trans.__('It did not start in time');
    case 'timeout':
      return trans.__('It took longer than its time limit');
    case 'cell_timeout':
      return trans.__('A cell took longer than its time limit');
    case 'output_lost':
      return trans.__('Output was lost');
    case 'missing_output':
      return trans.__('A declared output is missing');
    case 'wrong_type':
      return trans.__('An output is of the wrong type');
    case 'preparation':
      return trans.__('It could not be prepared');
    case 'supervisor_lost':
      return trans.__('The process that watched it was killed');
    case 'storage':
      return trans.__('Its results could not be stored');
  }
}

export function ErrorCard(props: {
  job: Job;
  error: JobError;
  openTab: (tab: string) => void;
}): JSX.Element {
  const { job, error } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { cell } = error;
  const tail = (cell?.output_tail || error.log_tail || '').trimEnd();
  const args = { name: job.name, cell_id: cell?.cell_id ?? '' };
  return (
    <section className="jp-MlwsErrorCard" aria-label={trans.__('Why it failed')}>
      <h3>{causeWords(error.cause, trans)}</h3>
      <p className="jp-MlwsErrorCard-message">{error.message}</p>
      {cell && <Cell cell={cell} />}
      {tail && (
        <>
          <h4>{trans.__('Last lines of output')}</h4>
          <Ansi text={tail} />
        </>
      )}
      <div className="jp-MlwsErrorCard-actions">
        {cell && page.commands.hasCommand(CommandIDs.openNotebook) && (
          <Button primary onClick={() => execute(page, CommandIDs.openNotebook, args)}>
            {trans.__('Open at failing cell')}
          </Button>
        )}
        <Button onClick={() => execute(page, CommandIDs.retryJob, { run_id: job.name })}>
          {trans.__('Retry')}
        </Button>
        <Button onClick={() => props.openTab('logs')}>{trans.__('Show log')}</Button>
      </div>
    </section>
  );
}

function Cell(props: { cell: CellError }): JSX.Element {
  const { cell } = props;
  const { trans } = useLanguage();
  return (
    <>
      <h4>
        {cell.line == null
          ? trans.__('Cell %1', cell.code_index ?? cell.index + 1)
          : trans.__('Cell %1, line %2', cell.code_index ?? cell.index + 1, cell.line)}
      </h4>
      {cell.source_line && (
        <pre className="jp-MlwsErrorCard-source">
          {cell.line != null && <span className="jp-MlwsErrorCard-line">{cell.line}</span>}
          {cell.source_line}
        </pre>
      )}
      {cell.traceback && cell.traceback.length > 0 && (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          <Ansi text={cell.traceback.join('\n')} />
        </details>
      )}
    </>
  );
}

/** Terminal output with its colours. */
function Ansi(props: { text: string }): JSX.Element {
  return (
    <pre className="jp-MlwsCode">
      {props.text.split('\n').map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name but their place.
        <div key={row}>
          {pieces(line).map((piece, at) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no name but their place.
              key={at}
              className={piece.className}
              style={{ color: piece.colour, backgroundColor: piece.background }}
            >
              {piece.text}
            </span>
          ))}
          {line === '' && '\n'}
        </div>
      ))}
    </pre>
  );
}
