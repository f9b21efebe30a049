// The dialog that registers what a run left as a version of a model.
import '../../style/data.css';
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { useState } from 'react';
import type { Artifact } from '../api/client';
import type { Asset } from '../model/data';
import type { IWorkspace } from '../tokens';

interface IRegistration {
  name: string;
  path: string;
  description: string;
}

class Body extends ReactWidget {
  constructor(
    private readonly _workspace: IWorkspace,
    private readonly _paths: readonly string[],
    private readonly _names: readonly string[],
    private _value: IRegistration,
    private readonly _problem: string,
  ) {
    super();
    this.addClass('jp-MlwsPanel');
  }

  getValue(): IRegistration {
    return this._value;
  }

  protected render(): JSX.Element {
    return (
      <Form
        workspace={this._workspace}
        paths={this._paths}
        names={this._names}
        given={this._value}
        problem={this._problem}
        onChange={value => {
          this._value = value;
        }}
      />
    );
  }
}

function Form(props: {
  workspace: IWorkspace;
  paths: readonly string[];
  names: readonly string[];
  given: IRegistration;
  problem: string;
  onChange: (value: IRegistration) => void;
}): JSX.Element {
  const { trans } = props.workspace;
  const [value, setValue] = useState(props.given);
  const set = (change: Partial<IRegistration>): void => {
    const next = { ...value, ...change };
    setValue(next);
    props.onChange(next);
  };
  return (
    <div className="jp-MlwsFields">
      <div className="jp-MlwsFields-field">
        <label htmlFor="mlws-model-name">{trans.__('Name')}</label>
        <input
          id="mlws-model-name"
          className="jp-mod-styled"
          list="mlws-model-names"
          autoComplete="off"
          value={value.name}
          onChange={event => set({ name: event.target.value })}
        />
        <datalist id="mlws-model-names">
          {props.names.map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      <div className="jp-MlwsFields-field">
        <label htmlFor="mlws-model-path">{trans.__('What the run left')}</label>
        <select
          id="mlws-model-path"
          value={value.path}
          onChange={event => set({ path: event.target.value })}
        >
          {props.paths.map(path => (
            <option key={path} value={path}>
              {path}
            </option>
          ))}
        </select>
      </div>
      <div className="jp-MlwsFields-field">
        <label htmlFor="mlws-model-about">{trans.__('Description')}</label>
        <input
          id="mlws-model-about"
          className="jp-mod-styled"
          value={value.description}
          onChange={event => set({ description: event.target.value })}
        />
      </div>
      <p className="jp-MlwsNote">
        {trans.__('It becomes the next version of this model, and remembers the run.')}
      </p>
      {props.problem && (
        <p className="jp-MlwsFields-error" role="alert">
          {props.problem}
        </p>
      )}
    </div>
  );
}

const MARKER = 'MLmodel';

/** What of a run's files can be a model: folders with an MLmodel first, then others by depth. */
export function candidates(files: readonly Artifact[]): readonly string[] {
  const marked = files
    .filter(file => file.path.split('/').pop() === MARKER && file.path.includes('/'))
    .map(file => file.path.slice(0, -MARKER.length - 1));
  const inside = (path: string): boolean => marked.some(folder => path.startsWith(`${folder}/`));
  const others = files
    .map(file => file.path)
    .filter(path => !marked.includes(path) && !inside(path) && !isLog(path))
    .sort((a, b) => a.split('/').length - b.split('/').length || a.localeCompare(b));
  return [...marked, ...others];
}

function isLog(path: string): boolean {
  return /^(user_logs|system_logs|logs)(\/|$)/.test(path);
}

/** Ask for a name until the workspace takes it; answers what was made, or null. */
export async function registerModel(
  workspace: IWorkspace,
  runId: string,
  path: string,
): Promise<Asset | null> {
  const { client, trans } = workspace;
  const [files, models] = await Promise.all([
    client.call('runs.list_artifacts', { run_id: runId, recursive: true }),
    client.call('models.list', { max_results: 1000 }),
  ]);
  const found = candidates(files);
  const paths = path && !found.includes(path) ? [path, ...found] : found;
  if (paths.length === 0) {
    throw new Error(trans.__('This run left no files that could be a model.'));
  }
  const chosen = path || (paths[0] ?? '');
  const stem = (chosen.split('/').pop() ?? '').replace(/\.[^.]*$/, '');
  const plain = stem.replace(/[^\w.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  let value: IRegistration = {
    name: plain === 'outputs' ? 'model' : plain || 'model',
    path: chosen,
    description: '',
  };
  let problem = '';
  for (;;) {
    const names = models.items.map(item => item.name);
    const answer = await showDialog({
      title: trans.__('Register model'),
      body: new Body(workspace, paths, names, value, problem),
      focusNodeSelector: 'input',
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Register') }),
      ],
    });
    if (!answer.button.accept) {
      return null;
    }
    value = answer.value ?? value;
    const { name, description } = value;
    const isMlflow = files.some(file => file.path === `${value.path}/${MARKER}`);
    try {
      return await client.call('models.create_or_update', {
        asset: {
          name,
          type: isMlflow ? 'mlflow_model' : 'custom_model',
          path: `runs:/${runId}/${value.path}`,
          ...(description && { description }),
        },
      });
    } catch (error) {
      problem = (error as Error).message;
    }
  }
}
