// The schedules page and the section of the panel: what starts by the clock, and how it went.
import '../../style/schedules.css';
import { refreshIcon } from '@jupyterlab/ui-components';
import { useRef } from 'react';
import type { Schedule, SchedulesModel } from '../model/schedules';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Toolbar } from '../ui/controls';
import { exactTime } from '../ui/format';
import { useDelayed, useNow, useResource } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { ConnectionMark, useIsDown } from './connection';
import { execute, usePage } from './page';
import { useSentence } from './sentence';

const N_DOTS = 5;

export function SchedulesPage(props: { model: SchedulesModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error, isLoading } = useResource(model.schedules);
  const isBusy = useDelayed(isLoading);
  return (
    <div className="jp-MlwsPage jp-MlwsSchedules">
      {isBusy && <div className="jp-MlwsPage-busy" />}
      <Toolbar
        label={trans.__('Schedules')}
        end={
          <>
            <ConnectionMark />
            <Button
              minimal
              icon={refreshIcon}
              title={trans.__('Read again')}
              onClick={() => void model.schedules.refresh()}
            />
          </>
        }
      >
        <h2 className="jp-MlwsSchedules-title">{trans.__('Schedules')}</h2>
      </Toolbar>
      {error && <ErrorStrip error={error} onRetry={() => void model.schedules.refresh()} />}
      {!value && !error && <Skeleton rows={6} />}
      {value?.length === 0 && <NoSchedules />}
      {value && value.length > 0 && (
        <ul className="jp-MlwsSchedules-list" aria-label={trans.__('Schedules')}>
          {value.map(schedule => (
            <ScheduleRow key={schedule.name} schedule={schedule} model={model} />
          ))}
        </ul>
      )}
    </div>
  );
}

function NoSchedules(): JSX.Element {
  const page = usePage();
  const { trans } = useLanguage();
  return (
    <Empty
      text={trans.__(
        'A schedule starts a job by the clock. Open a notebook and choose Schedule…, or use the terminal: mlws schedule create --notebook report.ipynb --cron "0 7 * * 1-5"',
      )}
    >
      <Button primary onClick={() => execute(page, CommandIDs.scheduleDialog)}>
        {trans.__('Schedule the open notebook')}
      </Button>
    </Empty>
  );
}

function ScheduleRow(props: { schedule: Schedule; model: SchedulesModel }): JSX.Element {
  const { schedule, model } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const sentence = useSentence(schedule.trigger, schedule.sentence);
  const row = useRef<HTMLLIElement>(null);
  const { name } = schedule;
  const run = (command: string): void => execute(page, command, { name });
  return (
    <li
      ref={row}
      className="jp-MlwsSchedules-row"
      data-schedule={name}
      onKeyDown={event => {
        if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) {
          return;
        }
        if (event.key === 'n') {
          run(CommandIDs.triggerSchedule);
        } else if (event.key === 'd') {
          void model.setEnabled(name, !schedule.is_enabled);
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault();
          const next =
            event.key === 'ArrowDown'
              ? row.current?.nextElementSibling
              : row.current?.previousElementSibling;
          next?.querySelector<HTMLElement>('.jp-MlwsSchedules-name')?.focus();
        }
      }}
    >
      <button
        type="button"
        role="switch"
        className="jp-MlwsSwitch"
        aria-checked={schedule.is_enabled}
        aria-label={trans.__('Enabled: %1', name)}
        title={schedule.is_enabled ? trans.__('Switch off') : trans.__('Switch on')}
        onClick={() => void model.setEnabled(name, !schedule.is_enabled)}
      />
      <div className="jp-MlwsSchedules-what">
        <button
          type="button"
          className="jp-MlwsSchedules-name"
          title={trans.__('Edit…')}
          onClick={() => run(CommandIDs.scheduleDialog)}
        >
          {schedule.display_name}
        </button>
        <span className="jp-MlwsSchedules-sentence">
          {sentence} · {schedule.time_zone}
        </span>
      </div>
      <div className="jp-MlwsSchedules-next">
        {schedule.next_run && schedule.is_enabled ? (
          <time dateTime={schedule.next_run} title={exactTime(schedule.next_run, locale)}>
            <Next time={schedule.next_run} />
          </time>
        ) : (
          <span>{schedule.is_enabled ? trans.__('never again') : trans.__('off')}</span>
        )}
        {schedule.waiting !== undefined && schedule.waiting > 0 && (
          <span className="jp-MlwsSchedules-waiting">
            {trans._n('%1 waits', '%1 wait', schedule.waiting)}
          </span>
        )}
      </div>
      <Dots schedule={schedule} />
      <div className="jp-MlwsSchedules-actions">
        <Button onClick={() => run(CommandIDs.triggerSchedule)}>{trans.__('Run now')}</Button>
        <Button minimal onClick={() => run(CommandIDs.backfillSchedule)}>
          {trans.__('Back-fill…')}
        </Button>
        <Button minimal onClick={() => run(CommandIDs.deleteSchedule)}>
          {trans.__('Delete')}
        </Button>
      </div>
    </li>
  );
}

/** When it fires next, in the reader's zone and counted from now. */
function Next(props: { time: string; isShort?: boolean }): JSX.Element {
  const { locale } = useLanguage();
  const now = useNow(30_000);
  const left = (new Date(props.time).getTime() - now) / 60_000;
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const words =
    left < 60
      ? relative.format(Math.max(0, Math.round(left)), 'minute')
      : left < 48 * 60
        ? relative.format(Math.round(left / 60), 'hour')
        : relative.format(Math.round(left / 1440), 'day');
  const at = new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  return props.isShort ? (
    <span title={exactTime(props.time, locale)}>{words}</span>
  ) : (
    <>
      {at.format(new Date(props.time))} <small>{words}</small>
    </>
  );
}

const KINDS: Record<string, string> = {
  Completed: 'good',
  Failed: 'bad',
  Canceled: 'off',
  skipped: 'waiting',
  missed: 'waiting',
  failed: 'bad',
};
const MARKS: Record<string, string> = { good: '✓', bad: '✕', off: '–', waiting: '↷', busy: '…' };

/** The last results, the newest at the right; each opens its run. */
function Dots(props: { schedule: Schedule }): JSX.Element {
  const page = usePage();
  const { trans, locale } = useLanguage();
  const fires = (props.schedule.recent ?? []).slice(0, N_DOTS).reverse();
  return (
    <ul className="jp-MlwsDots" aria-label={trans.__('Last results')}>
      {fires.map(fire => {
        const word = fire.outcome === 'started' ? (fire.status ?? '') : fire.outcome;
        const kind = KINDS[word] ?? 'busy';
        const title = [exactTime(fire.due, locale), word, fire.reason].filter(Boolean).join(' · ');
        return (
          <li key={`${fire.due} ${fire.job}`}>
            <button
              type="button"
              className={`jp-MlwsDot jp-mod-${kind}`}
              title={title}
              aria-label={title}
              disabled={!fire.job}
              onClick={() => execute(page, CommandIDs.openRun, { run_id: fire.job ?? '' })}
            >
              {MARKS[kind]}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** The schedules that fire next: a section of the panel. */
export function SchedulesSection(props: { model: SchedulesModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { value, error } = useResource(model.schedules);
  const isDown = useIsDown();
  const { panelRows } = page.workspace.settings.values;
  const shown = [...(value ?? [])]
    .sort((a, b) => rankOf(a).localeCompare(rankOf(b)))
    .slice(0, panelRows);
  return (
    <div className="jp-MlwsSection">
      {error && !value && !isDown && (
        <ErrorStrip error={error} onRetry={() => void model.schedules.refresh()} />
      )}
      {!value && (!error || isDown) && <Skeleton rows={2} />}
      {value?.length === 0 && (
        <Empty text={trans.__('Schedules start jobs by the clock.')}>
          <Button onClick={() => execute(page, CommandIDs.scheduleDialog)}>
            {trans.__('Schedule the open notebook')}
          </Button>
        </Empty>
      )}
      {shown.length > 0 && (
        <List
          label={trans.__('Schedules')}
          items={shown}
          itemKey={schedule => schedule.name}
          render={schedule => <SectionRow schedule={schedule} />}
          titleOf={schedule => `${schedule.display_name}\n${schedule.sentence}`}
          onOpen={() => execute(page, CommandIDs.openSchedules)}
          onMenu={() => execute(page, CommandIDs.openSchedules)}
        />
      )}
    </div>
  );
}

function SectionRow(props: { schedule: Schedule }): JSX.Element {
  const { schedule } = props;
  const { trans } = useLanguage();
  return (
    <div className="jp-MlwsRow" data-schedule={schedule.name}>
      <span className="jp-MlwsRow-name">{schedule.display_name}</span>
      <span className="jp-MlwsRow-time">
        {schedule.is_enabled && schedule.next_run ? (
          <Next time={schedule.next_run} isShort />
        ) : (
          trans.__('off')
        )}
      </span>
    </div>
  );
}

/** Those that fire soon first, those that are off last. */
function rankOf(schedule: Schedule): string {
  return schedule.is_enabled && schedule.next_run ? schedule.next_run : `~${schedule.name}`;
}
