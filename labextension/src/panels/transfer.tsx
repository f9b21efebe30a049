// *Bring MLflow runs in…*: where they are, what would come, and how far it is.
import '../../style/rundialog.css';
import '../../style/transfer.css';
import { Dialog, Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Transfer } from '../api/client';
import { countOf, type Phase, type SourceKind, TransferModel } from '../model/transfer';
import { CommandIDs, type IWorkspace } from '../tokens';
import { useLanguage } from '../ui/context';
import { ProgressBar } from '../ui/controls';
import { localeOf, bytes as sizeOf } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { ErrorStrip } from '../ui/states';
import { Panel } from '../ui/widget';
import { Field } from './rundialog-fields';

/** Places of the buttons: each means something else in each phase. */
const CLOSE = 0;
const SECOND = 1;
const FIRST = 2;

/** Show the dialog until it is closed; what is running then goes on, and its end is told. */
export async function openTransferDialog(
  workspace: IWorkspace,
  commands: CommandRegistry,
): Promise<void> {
  const { client, trans } = workspace;
  const model = new TransferModel(client, trans);
  await model.resume();
  const openRuns = (): void => void commands.execute(CommandIDs.openRuns);
  await new TransferDialog(workspace, model, openRuns).launch();
  if (model.phase === 'running') {
    await model.ended();
    tellEnd(trans, model, openRuns);
  }
  model.dispose();
}

function tellEnd(trans: TranslationBundle, model: TransferModel, openRuns: () => void): void {
  const { transfer } = model;
  if (transfer?.state === 'failed') {
    const title = trans.__('The runs could not be brought in.');
    Notification.error(`${title} ${transfer.error ?? ''}`, { autoClose: 10_000 });
  } else if (model.phase === 'done' || model.phase === 'counted') {
    Notification.success(summary(trans, transfer), {
      autoClose: 8000,
      actions: [{ label: trans.__('Open Runs'), callback: openRuns }],
    });
  }
}

class TransferDialog extends Dialog<void> {
  constructor(
    workspace: IWorkspace,
    private readonly _model: TransferModel,
    private readonly _openRuns: () => void,
  ) {
    const { trans, translator } = workspace;
    const language = { trans, locale: localeOf(translator.languageCode) };
    super({
      title: trans.__('Bring MLflow runs in'),
      body: new Panel(language, () => <Body model={_model} />),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Close') }),
        Dialog.createButton({ label: trans.__('Count first'), accept: false }),
        Dialog.okButton({ label: trans.__('Bring in') }),
      ],
      focusNodeSelector: '.jp-MlwsTransfer-place',
    });
    this._trans = trans;
    this.addClass('jp-MlwsRunDialog');
    this.addClass('jp-MlwsTransferDialog');
    _model.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  override dispose(): void {
    this._model.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  override handleEvent(event: Event): void {
    const target = event.target as HTMLElement;
    const isOfBody = event instanceof KeyboardEvent && target.closest('.jp-Dialog-body') !== null;
    if (!isOfBody || event.key === 'Escape') {
      super.handleEvent(event);
    } else if (
      event.key === 'Enter' &&
      !event.isComposing &&
      !target.matches('button, summary, select')
    ) {
      event.preventDefault();
      event.stopPropagation();
      this.resolve();
    }
  }

  override resolve(index?: number): void {
    const { phase, isAsking } = this._model;
    if (index === CLOSE) {
      super.resolve(index);
    } else if (!isAsking) {
      const act = index === SECOND ? this._otherAct(phase) : this._mainAct(phase);
      act?.run();
    }
  }

  /** What the middle button does; nothing while it is running. */
  private _otherAct(phase: Phase): IAct | null {
    const trans = this._trans;
    switch (phase) {
      case 'asking':
        return { label: trans.__('Count first'), run: () => void this._start(true) };
      case 'running':
        return null;
      default:
        return { label: trans.__('Back'), run: () => this._model.back() };
    }
  }

  /** What the last button does, and Enter. */
  private _mainAct(phase: Phase): IAct {
    const trans = this._trans;
    switch (phase) {
      case 'running':
        return { label: trans.__('Stop'), run: () => void this._model.cancel() };
      case 'done':
        return {
          label: trans.__('Open Runs'),
          run: () => {
            super.resolve(FIRST);
            this._openRuns();
          },
        };
      case 'canceled':
        return this._model.transfer?.dry_run
          ? { label: trans.__('Count first'), run: () => void this._start(true) }
          : { label: trans.__('Bring in the rest'), run: () => void this._start(false) };
      default:
        return { label: trans.__('Bring in'), run: () => void this._start(false) };
    }
  }

  private async _start(dryRun: boolean): Promise<void> {
    if (!(await this._model.start(dryRun))) {
      this.node.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }

  private _onChanged(): void {
    const { phase, isAsking } = this._model;
    const buttons = this.node.querySelectorAll<HTMLButtonElement>('.jp-Dialog-button');
    const acts = { [SECOND]: this._otherAct(phase), [FIRST]: this._mainAct(phase) };
    for (const [place, act] of Object.entries(acts)) {
      const button = buttons[Number(place)];
      const label = button?.querySelector('.jp-Dialog-buttonLabel');
      if (button && label) {
        label.textContent = act?.label ?? label.textContent;
        button.setAttribute('aria-label', label.textContent ?? '');
        button.style.display = act ? '' : 'none';
        button.disabled = isAsking;
      }
    }
    this.toggleClass('jp-mod-busy', isAsking || phase === 'running');
    if (phase !== this._phase && !isAsking) {
      this._phase = phase;
      // The control that had the focus may be gone; the body is drawn a frame later.
      requestAnimationFrame(() => this._focus(phase, buttons));
    }
  }

  private _focus(phase: Phase, buttons: NodeListOf<HTMLButtonElement>): void {
    const place = this.node.querySelector<HTMLElement>('.jp-MlwsTransfer-place');
    // An Enter too many must not stop what the first one began.
    (phase === 'asking' ? place : buttons[phase === 'running' ? CLOSE : FIRST])?.focus();
  }

  private _phase: Phase | null = null;
  private readonly _trans: TranslationBundle;
}

interface IAct {
  label: string;
  run: () => void;
}

function Body(props: { model: TransferModel }): JSX.Element {
  const { model } = props;
  useSignal(model.changed);
  return (
    <div className="jp-MlwsTransfer">
      {model.failure && <ErrorStrip error={model.failure} />}
      {model.phase === 'asking' ? <Form model={model} /> : <Progress model={model} />}
    </div>
  );
}

function Form(props: { model: TransferModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { draft, problems } = model;
  const root = PageConfig.getOption('serverRoot') || '/home/me';
  const places: Record<SourceKind, [string, string, string]> = {
    folder: [
      trans.__('Folder'),
      `${root}/mlruns`,
      trans.__('On the machine of the workspace: mlruns, or the folder that it is in.'),
    ],
    database: [
      trans.__('File'),
      `${root}/mlflow.db`,
      trans.__('On the machine of the workspace; it is only read.'),
    ],
    server: [
      trans.__('Address'),
      'http://localhost:5000',
      trans.__('As the machine of the workspace reaches it.'),
    ],
  };
  const [label, placeholder, help] = places[draft.kind];
  return (
    <form
      className="jp-MlwsTransfer-form"
      aria-label={trans.__('Bring MLflow runs in')}
      onSubmit={event => event.preventDefault()}
    >
      <p className="jp-MlwsTransfer-about">
        {trans.__(
          'Experiments, runs with their histories and files, and models come with their ids and times. It may be repeated: only what is new or has changed comes.',
        )}
      </p>
      <Field label={trans.__('Source')}>
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={draft.kind}
            onChange={event => model.describe({ kind: event.target.value as SourceKind })}
          >
            <option value="folder">{trans.__('mlruns folder')}</option>
            <option value="database">{trans.__('SQLite file')}</option>
            <option value="server">{trans.__('Tracking server')}</option>
          </select>
        )}
      </Field>
      <Field label={label} help={help} problem={problems.place} isRequired>
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled jp-MlwsTransfer-place"
            type="text"
            autoComplete="off"
            spellCheck={false}
            placeholder={placeholder}
            value={draft.place}
            onChange={event => model.describe({ place: event.target.value })}
          />
        )}
      </Field>
      {draft.kind === 'database' && (
        <Field
          label={trans.__('Files lie in')}
          help={trans.__(
            'Only if its server kept them (mlflow-artifacts:) and does not run: the folder or address where they begin.',
          )}
          problem={problems.artifacts}
        >
          {ids => (
            <input
              {...ids}
              className="jp-mod-styled"
              type="text"
              autoComplete="off"
              spellCheck={false}
              value={draft.artifacts}
              onChange={event => model.describe({ artifacts: event.target.value })}
            />
          )}
        </Field>
      )}
      <Field label={trans.__('With files')}>
        {ids => (
          <input
            {...ids}
            type="checkbox"
            checked={draft.withFiles}
            onChange={event => model.describe({ withFiles: event.target.checked })}
          />
        )}
      </Field>
    </form>
  );
}

function Progress(props: { model: TransferModel }): JSX.Element {
  const { transfer, phase, nExpected } = props.model;
  const { trans, locale } = useLanguage();
  const kinds: [string, string][] = [
    ['experiments', trans.__('Experiments')],
    ['runs', trans.__('Runs')],
    ['metrics', trans.__('Metrics')],
    ['files', trans.__('Files')],
    ['logged models', trans.__('Logged models')],
    ['registered models', trans.__('Registered models')],
  ];
  const number = new Intl.NumberFormat(locale);
  const failures = transfer?.report?.failures ?? [];
  const nRuns = countOf(transfer, 'runs').n ?? 0;
  return (
    <>
      <p className="jp-MlwsTransfer-source" title={transfer?.source}>
        {transfer?.source}
      </p>
      <p role="status">{phase === 'running' ? doing(trans, transfer) : summary(trans, transfer)}</p>
      {phase === 'running' && nExpected !== null && (
        <ProgressBar
          done={nRuns}
          total={nExpected}
          label={trans.__('%1 of %2 runs', number.format(nRuns), number.format(nExpected))}
        />
      )}
      <table className="jp-MlwsTransfer-counts">
        <thead>
          <tr>
            <td />
            <th scope="col">{trans.__('Found')}</th>
            <th scope="col">{trans.__('New')}</th>
            <th scope="col">{trans.__('Changed')}</th>
          </tr>
        </thead>
        <tbody>
          {kinds.map(([kind, label]) => {
            const { n = 0, n_new = 0, n_changed = 0, size_bytes } = countOf(transfer, kind);
            return (
              <tr key={kind} data-kind={kind}>
                <th scope="row">{label}</th>
                <td>{number.format(n)}</td>
                <td>
                  {size_bytes ? `${sizeOf(size_bytes, locale)} · ` : ''}
                  {number.format(n_new)}
                </td>
                <td>{number.format(n_changed)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {failures.length > 0 && (
        <details className="jp-MlwsTransfer-failures">
          <summary>
            {trans._n('%1 could not be read', '%1 could not be read', failures.length)}
          </summary>
          <ul>
            {failures.map(failure => (
              <li key={failure}>{failure}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function doing(trans: TranslationBundle, transfer: Transfer | null): string {
  return transfer?.dry_run
    ? trans.__('Counting; nothing changes.')
    : trans.__('Bringing in. You may close this: it goes on.');
}

/** How it ended, in one sentence. */
function summary(trans: TranslationBundle, transfer: Transfer | null): string {
  const kinds = transfer?.report?.counts ?? [];
  const { n_new = 0, n_changed = 0 } = countOf(transfer, 'runs');
  const nRuns = n_new + n_changed;
  const isAllHere = kinds.every(({ n_new = 0, n_changed = 0 }) => n_new + n_changed === 0);
  if (transfer?.state === 'canceled') {
    return transfer.dry_run
      ? trans.__('Stopped counting.')
      : trans.__('Stopped. What has come stays, and the rest can follow.');
  }
  if (isAllHere && (transfer?.report?.failures ?? []).length === 0) {
    return kinds.every(({ n = 0 }) => n === 0)
      ? trans.__('Nothing is there.')
      : trans.__('All of it is here already.');
  }
  return transfer?.dry_run
    ? trans._n('%1 run would come.', '%1 runs would come.', nRuns)
    : trans._n('%1 run was brought in.', '%1 runs were brought in.', nRuns);
}
