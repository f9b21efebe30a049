// The file of an earlier job, in the snapshot of its code: what *Run again* runs.
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Client, Job, Schemas } from '../api/client';
import { type IJobBody, isNotebook } from '../jobform/draft';
import type { ICodeCell, IRunFile } from '../jobform/form';
import { isObject, type Port } from '../jobform/values';
import { codeCells } from './file';

/** Fields of a job that the dialog does not show and that stay as they were. */
const KEPT = [
  'code',
  'description',
  'environment_variables',
  'outputs',
  'resources',
  'queue_settings',
  'cell_timeout',
];

const PORT_TYPES: Record<string, Port['type']> = {
  uri_file: 'file',
  uri_folder: 'folder',
  mlflow_model: 'model',
  custom_model: 'model',
  mltable: 'folder',
  boolean: 'boolean',
  integer: 'integer',
  number: 'number',
  string: 'string',
};

export class SnapshotFile implements IRunFile {
  constructor(
    readonly job: Job,
    private readonly _client: Pick<Client, 'call' | 'download'>,
    private readonly _trans: TranslationBundle,
  ) {
    this.path = typeof job.notebook === 'string' ? job.notebook : '';
  }

  readonly path: string;
  readonly isDirty = false;

  get savedAt(): string {
    return this.job.creation_context.created_at;
  }

  async save(): Promise<void> {}

  async interface(): Promise<Schemas['Interface']> {
    return isNotebook(this.path)
      ? await this._client.call('notebooks.interface', {
          notebook: { ...(await this._notebook()) },
        })
      : { language: '', has_parameters: true, inputs: portsOf(this.job) };
  }

  async cells(): Promise<readonly ICodeCell[]> {
    return codeCells(await this._notebook());
  }

  markParameters(): Promise<void> {
    return Promise.reject(
      new Error(this._trans.__('The code of an earlier run cannot be changed. Open the notebook.')),
    );
  }

  async submit(job: IJobBody): Promise<Job> {
    const kept = Object.entries(this.job).filter(
      ([field, value]) => KEPT.includes(field) && value !== null,
    );
    const name = isNotebook(this.path) ? { notebook: this.path } : {};
    return await this._client.call('jobs.create_or_update', {
      job: {
        ...Object.fromEntries(kept),
        ...job,
        ...name,
        inputs: withOriginals(job.inputs ?? {}, inputsOf(this.job)),
      },
    });
  }

  private async _notebook(): Promise<INotebookContent> {
    const file = await this._client.download('jobs.read_code', {
      name: this.job.name,
      path: this.path,
    });
    return JSON.parse(await file.text()) as INotebookContent;
  }
}

/** The inputs of a command as parameters, each with the value it had. */
export function portsOf(job: Job): Port[] {
  return Object.entries(inputsOf(job)).map(([name, value]) => {
    const given = isObject(value) ? value : { value };
    const kind = typeof given.type === 'string' ? given.type : typeof given.value;
    return {
      name,
      type: PORT_TYPES[kind] ?? 'any',
      required: true,
      default: given.path ?? given.value,
    };
  });
}

/** Inputs whose path was not changed keep their type and mode. */
function withOriginals(
  inputs: Readonly<Record<string, unknown>>,
  originals: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => {
      const original = originals[name];
      const isSame = isObject(value) && isObject(original) && value.path === original.path;
      return [name, isSame ? original : value];
    }),
  );
}

function inputsOf(job: Job): Record<string, unknown> {
  return isObject(job.inputs) ? job.inputs : {};
}
