import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';
import { ApiError, type ICaller, type Job, type Schemas } from '../../src/api/client';
import type { IJobBody } from '../../src/jobform/draft';
import { type ICodeCell, type IRunFile, JobForm } from '../../src/jobform/form';

const INTERFACE: Schemas['Interface'] = {
  language: 'python',
  has_parameters: true,
  inputs: [
    { name: 'lr', type: 'number', default: 0.1, maximum: 1 },
    { name: 'target', type: 'string', required: true },
  ],
};

class File implements IRunFile {
  path = 'work/train.ipynb';
  savedAt = '';
  isDirty = true;
  job: Job | null = null;
  refusal: ApiError | null = null;
  submitted: IJobBody[] = [];
  described: Schemas['Interface'] = INTERFACE;

  async save(): Promise<void> {
    this.isDirty = false;
  }

  async interface() {
    return this.described;
  }

  async cells(): Promise<readonly ICodeCell[]> {
    return [];
  }

  async markParameters(): Promise<void> {
    this.described = INTERFACE;
  }

  async submit(job: IJobBody): Promise<Job> {
    if (this.refusal) {
      throw this.refusal;
    }
    this.submitted.push(job);
    return { name: 'brave_fox' } as Job;
  }
}

function makeForm(file = new File(), jobs: Partial<Job>[] = []) {
  const client = { call: async () => ({ items: jobs }) } as unknown as ICaller;
  const form = new JobForm({ client, file, trans: nullTranslator.load('jupyter_mlws') });
  return { form, file };
}

test('a field that nobody touched is left alone until submission', async () => {
  const { form, file } = makeForm();
  await form.load();

  expect(form.problems).toEqual({});
  expect(await form.submit()).toBeNull();
  expect(Object.keys(form.problems)).toEqual(['inputs.target']);
  expect(file.submitted).toEqual([]);
});

test('a file with changes is saved before its job is submitted', async () => {
  const { form, file } = makeForm();
  await form.load();
  form.setValue('target', 'y');

  const job = await form.submit();

  expect(job?.name).toBe('brave_fox');
  expect(file.isDirty).toBe(false);
  expect(file.submitted).toEqual([
    { type: 'notebook', notebook: 'train.ipynb', inputs: { target: 'y' } },
  ]);
});

test('a refusal stands at its field until that is changed, and the values stay', async () => {
  const { form, file } = makeForm();
  await form.load();
  form.setValue('target', 'y');
  file.refusal = new ApiError('no', 422, 'INVALID', [
    { message: 'too bold', field: 'inputs.lr', line: undefined, file: undefined },
  ]);

  await form.submit();
  const refused = form.problems;
  form.setValue('lr', '0.2');

  expect(refused).toEqual({ 'inputs.lr': 'too bold' });
  expect(form.failure).toBeNull();
  expect(form.problems).toEqual({});
  expect(form.draft.values.target).toBe('y');
});

test('a refusal of the whole stands on top', async () => {
  const { form, file } = makeForm();
  await form.load();
  form.setValue('target', 'y');
  file.refusal = new ApiError('The workspace is full.', 507, 'UNAVAILABLE');

  await form.submit();

  expect(form.failure?.message).toBe('The workspace is full.');
  expect(form.problems).toEqual({});
});

test('values filled in by hand outlive a new reading of the interface', async () => {
  const file = new File();
  file.described = { ...INTERFACE, has_parameters: false, inputs: [] };
  const { form } = makeForm(file);
  await form.load();
  form.setText('experimentName', 'digits', 'experiment_name');

  await form.chooseParameters('a');
  form.setValue('lr', '0.3');
  await form.load();

  expect(form.draft.experimentName).toBe('digits');
  expect(form.draft.values).toEqual({ lr: '0.3', target: '' });
});

test('the last run is that of the same file', async () => {
  const other = { notebook: 'train.ipynb', properties: { 'mlws.path': 'else/train.ipynb' } };
  const own = { notebook: 'train.ipynb', properties: { 'mlws.path': 'work/train.ipynb' } };
  const { form } = makeForm(new File(), [
    { ...other, name: 'a', inputs: { lr: 0.9 } },
    { ...own, name: 'b', display_name: 'second', inputs: { lr: 0.5, target: 'z' } },
  ]);
  await form.load();

  await form.fillFromLast();

  expect(form.draft.values).toEqual({ lr: '0.5', target: 'z' });
  expect(form.notice).toContain('second');
});

test('a file that never ran says so', async () => {
  const { form } = makeForm();
  await form.load();

  await form.fillFromLast();

  expect(form.notice).toContain('train.ipynb');
  expect(form.draft.values.lr).toBe('0.1');
});

test.each([
  ['{', 'not JSON'],
  ['[1]', 'JSON object'],
  ['{"rate": 1}', 'no parameter rate'],
])('pasting %s changes nothing and says why', async (json, words) => {
  const { form } = makeForm();
  await form.load();

  expect(form.paste(json)).toContain(words);
  expect(form.draft.values.lr).toBe('0.1');
});

test('pasted values are checked at once', async () => {
  const { form } = makeForm();
  await form.load();

  expect(form.paste('{"lr": 5}')).toBe('');
  expect(form.problems['inputs.lr']).toContain('out of range');
});
