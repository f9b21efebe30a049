// The dialog that registers a file or folder of JupyterLab as data.
import '../../style/data.css';
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import { useState } from 'react';
import type { Asset } from '../model/data';
import type { IWorkspace } from '../tokens';

export interface IRegistration {
  name: string;
  type: string;
  description: string;
}

/** What is known of the thing at a path: its kind, and a name for it. */
export async function proposal(contents: Contents.IManager, path: string): Promise<IRegistration> {
  const model = await contents.get(path);
  const isFolder = model.type === 'directory';
  const inside = isFolder ? (model.content as Contents.IModel[]).map(item => item.name) : [];
  const base = PathExt.basename(path);
  const stem = isFolder ? base : base.slice(0, base.length - PathExt.extname(base).length);
  const plain = stem.replace(/[^\w.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  const folder = inside.includes('MLTable') ? 'mltable' : 'uri_folder';
  return { name: plain || 'data', type: isFolder ? folder : 'uri_file', description: '' };
}

class Body extends ReactWidget {
  constructor(
    private readonly _workspace: IWorkspace,
    private readonly _path: string,
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
        path={this._path}
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
  path: string;
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
      <p className="jp-MlwsNote">{props.path}</p>
      <div className="jp-MlwsFields-field">
        <label htmlFor="mlws-register-name">{trans.__('Name')}</label>
        <input
          id="mlws-register-name"
          className="jp-mod-styled"
          value={value.name}
          onChange={event => set({ name: event.target.value })}
        />
      </div>
      <div className="jp-MlwsFields-field">
        <label htmlFor="mlws-register-about">{trans.__('Description')}</label>
        <input
          id="mlws-register-about"
          className="jp-mod-styled"
          value={value.description}
          onChange={event => set({ description: event.target.value })}
        />
      </div>
      <p className="jp-MlwsNote">{trans.__('It becomes the next version of this name.')}</p>
      {props.problem && (
        <p className="jp-MlwsFields-error" role="alert">
          {props.problem}
        </p>
      )}
    </div>
  );
}

/** Ask for a name until the workspace takes it; answers what was made, or null. */
export async function registerData(
  workspace: IWorkspace,
  contents: Contents.IManager,
  path: string,
): Promise<Asset | null> {
  const { client, trans } = workspace;
  let value = await proposal(contents, path);
  let problem = '';
  for (;;) {
    const body = new Body(workspace, path, value, problem);
    const answer = await showDialog({
      title: trans.__('Register as data'),
      body,
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
    try {
      const { description, ...rest } = value;
      return await client.registerData(path, { ...rest, ...(description && { description }) });
    } catch (error) {
      problem = (error as Error).message;
    }
  }
}
