// The dialog that brings data in: from where, what of it, and under which name it is kept.
import '../../style/rundialog.css';
import '../../style/data.css';
import { Dialog } from '@jupyterlab/apputils';
import type { Schemas } from '../api/client';
import type { IImportFields, ImportDraft } from '../model/dataimport';
import type { IWorkspace } from '../tokens';
import { type ILanguage, useLanguage } from '../ui/context';
import { localeOf } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { ErrorStrip } from '../ui/states';
import { Panel } from '../ui/widget';
import { FormDialog } from './formdialog';
import { Field } from './rundialog-fields';

/** Show the dialog until the import is started, is to be scheduled, or is given up. */
export async function openImport(
  workspace: IWorkspace,
  draft: ImportDraft,
): Promise<Schemas['Job'] | 'schedule' | null> {
  const language = { trans: workspace.trans, locale: localeOf(workspace.translator.languageCode) };
  const dialog = new ImportDialog(draft, language);
  if (!draft.sources) {
    void draft.load();
  }
  await dialog.launch();
  return dialog.made;
}

const SCHEDULE = 1;

/** Stays open while something is wrong. */
class ImportDialog extends FormDialog {
  constructor(
    private readonly _draft: ImportDraft,
    { trans, locale }: ILanguage,
  ) {
    super({
      title: trans.__('Import data'),
      body: new Panel({ trans, locale }, () => <Form draft={_draft} />),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.createButton({
          label: trans.__('Schedule…'),
          caption: trans.__('Import it by the clock, a new version each time'),
        }),
        Dialog.okButton({ label: trans.__('Import') }),
      ],
      focusNodeSelector: '.jp-MlwsImport-name',
    });
    this.addClass('jp-MlwsRunDialog');
  }

  /** What came of it. */
  made: Schemas['Job'] | 'schedule' | null = null;

  protected readonly _last = 2;

  protected async submit(index: number): Promise<boolean> {
    if (index === SCHEDULE) {
      this.made = (await this._draft.isReady()) ? 'schedule' : null;
    } else {
      this.made = await this._draft.submit();
    }
    return this.made !== null;
  }
}

function Form(props: { draft: ImportDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  useSignal(draft.changed);
  const { fields, failure } = draft;
  const problems = useProblems(draft);
  const types: Record<IImportFields['type'], string> = {
    mltable: trans.__('Table (mltable)'),
    uri_folder: trans.__('Folder (uri_folder)'),
    uri_file: trans.__('File (uri_file)'),
  };
  const isDatabase = fields.kind === 'database';
  const offered = (Object.keys(types) as IImportFields['type'][]).filter(
    type => !isDatabase || type !== 'uri_file',
  );
  return (
    <form
      className="jp-MlwsRun jp-MlwsImport"
      aria-busy={draft.isBusy}
      onSubmit={event => event.preventDefault()}
    >
      {failure && <ErrorStrip error={failure} />}
      <Text
        draft={draft}
        field="name"
        label={trans.__('Name')}
        help={trans.__('It becomes the next version of this name.')}
        problem={problems.name}
        className="jp-MlwsImport-name"
        isRequired
      />
      <Field label={trans.__('From')}>
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={fields.kind}
            onChange={event => draft.set({ kind: event.target.value as IImportFields['kind'] })}
          >
            <option value="database">{trans.__('A database')}</option>
            <option value="file_system">{trans.__('A storage of files')}</option>
          </select>
        )}
      </Field>
      <Connection draft={draft} />
      {isDatabase ? <Rows draft={draft} /> : <Files draft={draft} />}
      <Field label={trans.__('Kept as')} problem={problems.type}>
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={fields.type}
            onChange={event => draft.set({ type: event.target.value as IImportFields['type'] })}
          >
            {offered.map(type => (
              <option key={type} value={type}>
                {types[type]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <details open={Boolean(problems.path ?? problems.description)}>
        <summary>{trans.__('Description and place')}</summary>
        <Text
          draft={draft}
          field="description"
          label={trans.__('Description')}
          problem={problems.description}
        />
        <Text
          draft={draft}
          field="target"
          label={trans.__('Keep the copy in')}
          help={trans.__(
            'Such as azureml://datastores/NAME/paths/imported; in the workspace when empty.',
          )}
          problem={problems.path}
        />
      </details>
    </form>
  );
}

/** What is wrong, in words for people where a field is just empty. */
function useProblems(draft: ImportDraft): Readonly<Record<string, string>> {
  const { trans } = useLanguage();
  const needed: Record<string, string> = {
    name: draft.fields.name,
    'source.connection': draft.fields.connection,
    'source.query': draft.fields.query,
    'source.table_name': draft.fields.table,
    'source.path': draft.fields.path,
  };
  return Object.fromEntries(
    Object.entries(draft.problems).map(([field, message]) => [
      field,
      needed[field] === '' ? trans.__('Needs a value') : message,
    ]),
  );
}

/** The database or storage that is asked. */
function Connection(props: { draft: ImportDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  const { fields, sources } = draft;
  const problems = useProblems(draft);
  const isDatabase = fields.kind === 'database';
  const offered = (sources ?? []).filter(source => source.kind === fields.kind);
  const none =
    sources && isDatabase && offered.length === 0
      ? trans.__('No database is known yet: add a datastore or a connection on the page Data.')
      : undefined;
  return (
    <Field
      label={isDatabase ? trans.__('Database') : trans.__('Storage')}
      problem={problems['source.connection']}
      help={none}
      isRequired={isDatabase}
    >
      {ids => (
        <select
          {...ids}
          className="jp-mod-styled"
          value={fields.connection}
          onChange={event => draft.set({ connection: event.target.value })}
        >
          {(!isDatabase || offered.length === 0) && (
            <option value="">
              {isDatabase ? trans.__('None') : trans.__('None: an address with all in it')}
            </option>
          )}
          {offered.map(({ reference, name, type }) => (
            <option key={reference} value={reference}>
              {`${name} (${type})`}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Which rows of a database. */
function Rows(props: { draft: ImportDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  const { fields } = draft;
  const problems = useProblems(draft);
  return (
    <>
      <Field label={trans.__('Rows')}>
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={fields.way}
            onChange={event => draft.set({ way: event.target.value as IImportFields['way'] })}
          >
            <option value="query">{trans.__('of a query')}</option>
            <option value="table_name">{trans.__('of a whole table')}</option>
          </select>
        )}
      </Field>
      {fields.way === 'query' ? (
        <Field
          label={trans.__('Query')}
          help={trans.__('SQL of the database; Ctrl+Enter imports.')}
          problem={problems['source.query']}
          isRequired
        >
          {ids => (
            <textarea
              {...ids}
              className="jp-mod-styled jp-MlwsImport-query"
              rows={5}
              spellCheck={false}
              placeholder="SELECT * FROM …"
              value={fields.query}
              onChange={event => draft.set({ query: event.target.value })}
            />
          )}
        </Field>
      ) : (
        <Text
          draft={draft}
          field="table"
          label={trans.__('Table')}
          problem={problems['source.table_name']}
          isRequired
        />
      )}
    </>
  );
}

/** Which files of a storage. */
function Files(props: { draft: ImportDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  const problems = useProblems(draft);
  return (
    <Text
      draft={draft}
      field="path"
      label={trans.__('Path')}
      help={trans.__('A file or folder of the storage, or an address such as https://….')}
      problem={problems['source.path']}
      isRequired
    />
  );
}

function Text(props: {
  draft: ImportDraft;
  field: 'name' | 'table' | 'path' | 'description' | 'target';
  label: string;
  problem?: string;
  help?: string;
  className?: string;
  isRequired?: boolean;
}): JSX.Element {
  const { draft, field } = props;
  return (
    <Field
      label={props.label}
      help={props.help}
      problem={props.problem}
      isRequired={props.isRequired}
    >
      {ids => (
        <input
          {...ids}
          className={['jp-mod-styled', props.className].filter(Boolean).join(' ')}
          type="text"
          autoComplete="off"
          spellCheck={false}
          value={draft.fields[field]}
          onChange={event => draft.set({ [field]: event.target.value })}
        />
      )}
    </Field>
  );
}
