// The audit page: who changed what and when, narrowed by what is clicked or typed.
import '../../style/audit.css';
import { refreshIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import type { Event } from '../api/client';
import { ALL, type AuditModel, changeText } from '../model/audit';
import { subjectOf } from '../model/concerns';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice, Search, Toolbar } from '../ui/controls';
import { exactTime } from '../ui/format';
import { useDebounced, useResource, useSignal } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { type IColumn, Table } from '../ui/table';
import { execute, type IPage, usePage } from './page';

const ACTIONS = ['', '*/write', '*/delete', 'models/*', 'data/*', 'jobs/*', 'access/*'] as const;
const TYPING_MS = 350;

export function AuditPage(props: { model: AuditModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const { value, error, isLoading } = useResource(model.events);
  useSignal(model.changed);
  const [chosen, setChosen] = useState<Event | null>(null);
  const { query } = model;
  const isNarrow = Object.values({ ...query, isComplete: false }).some(Boolean);
  const columns: IColumn<Event>[] = [
    {
      id: 'time',
      title: trans.__('Time'),
      width: 190,
      render: event => exactTime(event.time, locale),
    },
    { id: 'who', title: trans.__('Who'), width: 110, render: event => event.who },
    { id: 'action', title: trans.__('Action'), width: 150, render: event => event.action },
    {
      id: 'subject',
      title: trans.__('On what'),
      width: 240,
      render: event => event.subject,
      titleOf: event => event.subject,
    },
    {
      id: 'change',
      title: trans.__('What changed'),
      width: 380,
      render: changeText,
      titleOf: changeText,
    },
  ];
  return (
    <div className="jp-MlwsPage jp-MlwsAudit">
      <Toolbar
        label={trans.__('Audit')}
        end={
          <Button
            minimal
            icon={refreshIcon}
            title={trans.__('Read again')}
            onClick={() => void model.events.refresh()}
          />
        }
      >
        <Typed
          label={trans.__('By whom')}
          value={query.user}
          onChange={user => model.ask({ user })}
        />
        <Typed
          label={trans.__('On what, such as model:NAME')}
          value={query.entity}
          onChange={entity => model.ask({ entity })}
        />
        <Choice
          label={trans.__('Action')}
          value={query.action}
          options={[...new Set([...ACTIONS, query.action])].map(
            action => [action, action || trans.__('all')] as const,
          )}
          onChange={action => model.ask({ action })}
        />
        <Day
          label={trans.__('From')}
          value={query.since}
          onChange={since => model.ask({ since })}
        />
        <Day label={trans.__('To')} value={query.until} onChange={until => model.ask({ until })} />
        <Check
          label={trans.__('Also by jobs and the service')}
          checked={query.isComplete}
          onChange={isComplete => model.ask({ isComplete })}
        />
        {isNarrow && (
          <Button minimal onClick={() => model.ask({ ...ALL, isComplete: query.isComplete })}>
            {trans.__('Show all')}
          </Button>
        )}
      </Toolbar>
      {error && <ErrorStrip error={error} onRetry={() => void model.events.refresh()} />}
      {!value && !error && <Skeleton rows={10} />}
      {value?.length === 0 && (
        <Empty
          text={
            isNarrow
              ? trans.__('No change fits what is asked for.')
              : trans.__('Nothing was changed yet.')
          }
        />
      )}
      {value && value.length > 0 && (
        <div className="jp-MlwsAudit-split">
          <Table
            label={trans.__('Changes')}
            columns={columns}
            rows={value}
            rowKey={event => String(event.seq)}
            litKey={chosen ? String(chosen.seq) : null}
            onOpen={setChosen}
            onEnd={() => void model.events.more()}
            hasMore={model.events.hasMore}
            isBusy={isLoading}
          />
          {chosen && (
            <Chosen
              event={chosen}
              onClose={() => setChosen(null)}
              onNarrow={change => model.ask(change)}
              page={page}
            />
          )}
        </div>
      )}
    </div>
  );
}

/** A text that is asked for when the typing pauses. */
function Typed(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  const { label, value, onChange } = props;
  const [text, setText] = useState(value);
  const settled = useDebounced(text, TYPING_MS);
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed is a reason to ask.
  useEffect(() => {
    if (settled !== value && settled === text) {
      onChange(settled);
    }
  }, [settled]);
  return <Search label={label} value={text} onChange={setText} />;
}

function Day(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  return (
    <label className="jp-MlwsAudit-day">
      {props.label}
      <input
        type="date"
        className="jp-mod-styled"
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      />
    </label>
  );
}

function Chosen(props: {
  event: Event;
  page: IPage;
  onClose: () => void;
  onNarrow: (change: { user?: string; entity?: string }) => void;
}): JSX.Element {
  const { event, page } = props;
  const { trans, locale } = useLanguage();
  const { kind, id } = subjectOf(event);
  const [name = '', version] = id.split('@');
  const opens: Record<string, [string, { [key: string]: string }]> = {
    job: [CommandIDs.openRun, { run_id: id }],
    run: [CommandIDs.openRun, { run_id: id }],
    data: [CommandIDs.openDataset, { name, ...(version && { version }) }],
    model: [CommandIDs.openModel, { name, ...(version && { version }) }],
    environment: [CommandIDs.openEnvironments, { name }],
  };
  const open = opens[kind];
  return (
    <aside className="jp-MlwsAudit-aside" aria-label={trans.__('Chosen change')}>
      <header>
        <h3>{event.action}</h3>
        <Button minimal title={trans.__('Close')} onClick={props.onClose}>
          ×
        </Button>
      </header>
      <p>{event.subject}</p>
      <p className="jp-MlwsNote">
        {event.who} · {exactTime(event.time, locale)} · {trans.__('number %1', event.seq)}
      </p>
      <div className="jp-MlwsAudit-actions">
        {open && page.commands.hasCommand(open[0]) && (
          <Button onClick={() => execute(page, ...open)}>{trans.__('Open')}</Button>
        )}
        <Button onClick={() => props.onNarrow({ entity: `${kind}:${name}` })}>
          {trans.__('All of this')}
        </Button>
        <Button onClick={() => props.onNarrow({ user: event.who })}>
          {trans.__('All by %1', event.who)}
        </Button>
      </div>
      <pre>{JSON.stringify(event.change ?? {}, null, 2)}</pre>
    </aside>
  );
}
