// The editor of a schedule: presets, cron field and sentence in step, and when it fires next.
import '../../style/schedules.css';
import '../../style/rundialog.css';
import { Dialog } from '@jupyterlab/apputils';
import { useId } from 'react';
import type { Schedule, ScheduleDraft } from '../model/schedules';
import type { IWorkspace } from '../tokens';
import { type ILanguage, useLanguage } from '../ui/context';
import { Button, Choice } from '../ui/controls';
import { localeOf } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { ErrorStrip } from '../ui/states';
import { Panel } from '../ui/widget';
import { FormDialog } from './formdialog';
import { Field } from './rundialog-fields';
import { useSentence } from './sentence';

/** Show the editor until the schedule is created or given up; answers it or null. */
export async function openScheduleEditor(
  workspace: IWorkspace,
  draft: ScheduleDraft,
): Promise<Schedule | null> {
  const language = { trans: workspace.trans, locale: localeOf(workspace.translator.languageCode) };
  const dialog = new EditorDialog(draft, language);
  await dialog.launch();
  draft.dispose();
  return dialog.made;
}

/** Stays open while something is wrong. */
class EditorDialog extends FormDialog {
  constructor(
    private readonly _draft: ScheduleDraft,
    language: ILanguage,
  ) {
    const { trans } = language;
    const isNew = _draft.source.schedule === null;
    super({
      title: isNew
        ? trans.__('Schedule %1', _draft.source.title)
        : trans.__('Edit schedule %1', _draft.source.title),
      body: new Panel(language, () => <Editor draft={_draft} />),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: isNew ? trans.__('Create schedule') : trans.__('Save') }),
      ],
      focusNodeSelector: '.jp-MlwsSchedule-cron',
    });
    this.addClass('jp-MlwsRunDialog');
  }

  /** What was created. */
  made: Schedule | null = null;

  protected readonly _last = 1;

  protected async submit(): Promise<boolean> {
    this.made = await this._draft.submit();
    return this.made !== null;
  }
}

const PRESETS = ['0 * * * *', '0 7 * * *', '0 7 * * 1-5', '0 7 * * 1', '0 7 1 * *'] as const;

function Editor(props: { draft: ScheduleDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  useSignal(draft.changed);
  const { fields, problems, preview, failure } = draft;
  const sentence = useSentence(draft.trigger, preview?.sentence ?? '');
  const zones = useId();
  const presets: Record<(typeof PRESETS)[number], string> = {
    '0 * * * *': trans.__('Hourly'),
    '0 7 * * *': trans.__('Daily'),
    '0 7 * * 1-5': trans.__('Workdays'),
    '0 7 * * 1': trans.__('Weekly'),
    '0 7 1 * *': trans.__('Monthly'),
  };
  const wrongTrigger = problems.trigger ?? problems['trigger.schedule'];
  return (
    <form
      className="jp-MlwsRun jp-MlwsSchedule"
      aria-busy={draft.isBusy}
      onSubmit={event => event.preventDefault()}
    >
      {failure && <ErrorStrip error={failure} />}
      <Field label={trans.__('Name')} problem={problems.name} isRequired>
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            value={fields.name}
            readOnly={draft.source.schedule !== null}
            onChange={event => draft.set({ name: event.target.value })}
          />
        )}
      </Field>
      <fieldset className="jp-MlwsSchedule-presets" aria-label={trans.__('Presets')}>
        {PRESETS.map(expression => (
          <Button
            key={expression}
            aria-pressed={fields.kind === 'cron' && fields.expression === expression}
            onClick={() => draft.set({ kind: 'cron', expression })}
          >
            {presets[expression]}
          </Button>
        ))}
        <Button
          aria-pressed={fields.kind === 'recurrence'}
          onClick={() => draft.set({ kind: 'recurrence' })}
        >
          {trans.__('Every…')}
        </Button>
      </fieldset>
      {fields.kind === 'cron' ? (
        <Field
          label={trans.__('Cron')}
          help={trans.__('Minute, hour, day of month, month, day of week')}
          problem={problems['trigger.expression'] ?? wrongTrigger}
        >
          {ids => (
            <input
              {...ids}
              className="jp-mod-styled jp-MlwsSchedule-cron"
              spellCheck={false}
              autoComplete="off"
              value={fields.expression}
              onChange={event => draft.set({ expression: event.target.value })}
            />
          )}
        </Field>
      ) : (
        <Field
          label={trans.__('Every')}
          problem={problems['trigger.interval'] ?? problems['trigger.frequency'] ?? wrongTrigger}
        >
          {ids => (
            <div className="jp-MlwsSchedule-every">
              <input
                {...ids}
                className="jp-mod-styled"
                type="number"
                min={1}
                value={fields.interval}
                onChange={event => draft.set({ interval: event.target.value })}
              />
              <Choice
                label=""
                value={fields.frequency}
                options={[
                  ['minute', trans.__('minutes')],
                  ['hour', trans.__('hours')],
                  ['day', trans.__('days')],
                  ['week', trans.__('weeks')],
                  ['month', trans.__('months')],
                ]}
                onChange={frequency => draft.set({ frequency })}
              />
            </div>
          )}
        </Field>
      )}
      <Field label={trans.__('Time zone')} problem={problems['trigger.time_zone']}>
        {ids => (
          <>
            <input
              {...ids}
              className="jp-mod-styled"
              list={zones}
              spellCheck={false}
              value={fields.timeZone}
              onChange={event => draft.set({ timeZone: event.target.value })}
            />
            <datalist id={zones}>
              {Intl.supportedValuesOf('timeZone').map(zone => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <div className="jp-MlwsSchedule-meaning" aria-live="polite">
        <strong className="jp-MlwsSchedule-sentence">{preview ? sentence : ''}</strong>
        {preview && <Times draft={draft} />}
        {preview?.warnings?.map(warning => (
          <p key={warning} className="jp-MlwsRun-hint">
            {warning}
          </p>
        ))}
      </div>
      <details className="jp-MlwsSchedule-more">
        <summary>{trans.__('Missed runs, overlap, start and end')}</summary>
        <Field
          label={trans.__('Missed runs')}
          help={trans.__('When the workspace did not run at that time')}
          problem={problems['missed_runs.policy']}
        >
          {ids => (
            <select
              {...ids}
              className="jp-mod-styled"
              value={fields.missed}
              onChange={event => draft.set({ missed: event.target.value as typeof fields.missed })}
            >
              <option value="skip">{trans.__('Skip them')}</option>
              <option value="latest">{trans.__('Make up for the latest only')}</option>
              <option value="all">{trans.__('Make up for all')}</option>
            </select>
          )}
        </Field>
        {fields.missed !== 'skip' && (
          <Field
            label={trans.__('At most (hours) late')}
            problem={problems['missed_runs.max_age_s']}
          >
            {ids => (
              <input
                {...ids}
                className="jp-mod-styled"
                type="number"
                min={1}
                value={fields.maxAgeHours}
                onChange={event => draft.set({ maxAgeHours: event.target.value })}
              />
            )}
          </Field>
        )}
        <Field
          label={trans.__('Overlap')}
          help={trans.__('When the job before has not ended')}
          problem={problems.overlap}
        >
          {ids => (
            <select
              {...ids}
              className="jp-mod-styled"
              value={fields.overlap}
              onChange={event =>
                draft.set({ overlap: event.target.value as typeof fields.overlap })
              }
            >
              <option value="skip">{trans.__('Skip the new one')}</option>
              <option value="queue">{trans.__('Wait for it')}</option>
              <option value="cancel">{trans.__('Cancel the old one')}</option>
              <option value="allow">{trans.__('Run both')}</option>
            </select>
          )}
        </Field>
        <Field
          label={trans.__('Jitter (seconds)')}
          help={trans.__('Each start is put off by up to so many seconds')}
          problem={problems.jitter_s}
        >
          {ids => (
            <input
              {...ids}
              className="jp-mod-styled"
              type="number"
              min={0}
              value={fields.jitter}
              onChange={event => draft.set({ jitter: event.target.value })}
            />
          )}
        </Field>
        <Field label={trans.__('Start')} problem={problems['trigger.start_time']}>
          {ids => (
            <input
              {...ids}
              className="jp-mod-styled"
              type="datetime-local"
              value={fields.startTime.slice(0, 16)}
              onChange={event => draft.set({ startTime: event.target.value })}
            />
          )}
        </Field>
        <Field label={trans.__('End')} problem={problems['trigger.end_time']}>
          {ids => (
            <input
              {...ids}
              className="jp-mod-styled"
              type="datetime-local"
              value={fields.endTime.slice(0, 16)}
              onChange={event => draft.set({ endTime: event.target.value })}
            />
          )}
        </Field>
      </details>
      <p className="jp-MlwsRun-hint">
        {trans.__(
          'Fires while the workspace service runs: it stays as long as a schedule is enabled. “mlws service unit” starts it again with the machine.',
        )}
      </p>
    </form>
  );
}

/** The next fire times in the schedule's zone; daylight-saving jumps stand between them. */
function Times(props: { draft: ScheduleDraft }): JSX.Element {
  const { draft } = props;
  const { trans, locale } = useLanguage();
  const { preview } = draft;
  if (!preview || preview.times.length === 0) {
    return <p className="jp-MlwsRun-hint">{trans.__('It never fires again.')}</p>;
  }
  const format = new Intl.DateTimeFormat(locale, {
    timeZone: preview.time_zone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  });
  return (
    <ol className="jp-MlwsSchedule-times" aria-label={trans.__('Next fire times')}>
      {preview.times.map(({ time, offset_change_s, moved }) => (
        <li key={time} className={offset_change_s ? 'jp-mod-jump' : undefined}>
          {format.format(new Date(time))}
          {offset_change_s !== undefined && offset_change_s > 0 && (
            <em>{trans.__('clock forward before this')}</em>
          )}
          {offset_change_s !== undefined && offset_change_s < 0 && (
            <em>{trans.__('clock back before this')}</em>
          )}
          {moved && <em>{trans.__('moved: the wall time is skipped that day')}</em>}
        </li>
      ))}
    </ol>
  );
}
