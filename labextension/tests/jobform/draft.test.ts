import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, test } from 'vitest';
import {
  check,
  durationText,
  emptyDraft,
  fieldsOf,
  jobOf,
  problemsByField,
  secondsOf,
  withJob,
  withValues,
} from '../../src/jobform/draft';
import type { Port } from '../../src/jobform/values';

const trans = nullTranslator.load('jupyter_mlws');
const PORTS: Port[] = [
  { name: 'lr', type: 'number', default: 0.1, minimum: 0, maximum: 1 },
  { name: 'model', type: 'string', default: 'rf', choices: ['rf', 'gbm'] },
  { name: 'table', type: 'file', required: true },
  { name: 'key', type: 'secret' },
];

function filled(values: Record<string, string>, path = 'work/train.ipynb') {
  const draft = emptyDraft(path, PORTS);
  return { ...draft, values: { ...draft.values, ...values } };
}

describe('the job of a draft', () => {
  test('names the notebook and only what differs from its defaults', () => {
    const job = jobOf(filled({ lr: '0.2', table: 'data/a.csv' }), PORTS, trans);

    expect(job).toEqual({
      type: 'notebook',
      notebook: 'train.ipynb',
      inputs: { lr: 0.2, table: { type: 'uri_file', path: 'data/a.csv' } },
    });
  });

  test('keeps a required value that equals no default', () => {
    const job = jobOf(filled({ table: 'a.csv' }), PORTS, trans);

    expect(Object.keys(job.inputs ?? {})).toEqual(['table']);
  });

  test('carries its limits, retries and place', () => {
    const draft = {
      ...filled({ table: 'a.csv' }),
      displayName: ' first ',
      experimentName: 'digits',
      where: {
        compute: 'local',
        environment: 'python3',
        timeout: '2 h',
        retries: '3',
        memory: '2g',
      },
    };

    expect(jobOf(draft, PORTS, trans)).toMatchObject({
      display_name: 'first',
      experiment_name: 'digits',
      compute: 'local',
      environment: 'python3',
      limits: { timeout: 7200, memory: '2g' },
      retry_settings: { max_retries: 3 },
    });
  });

  test('of a script runs its command', () => {
    const draft = emptyDraft('work/my train.py', []);

    expect(jobOf(draft, [], trans)).toEqual({ type: 'command', command: "python 'my train.py'" });
  });
});

describe('checking', () => {
  test('finds nothing wrong in good values', () => {
    expect(check(filled({ table: 'a.csv' }), PORTS, trans)).toEqual({});
  });

  test('names each field that is wrong', () => {
    const draft = {
      ...filled({ lr: '7' }),
      where: { compute: '', environment: '', timeout: 'soon', retries: '-1', memory: 'much' },
    };

    expect(Object.keys(check(draft, PORTS, trans)).sort()).toEqual([
      'inputs.lr',
      'inputs.table',
      'limits.memory',
      'limits.timeout',
      'retry_settings.max_retries',
    ]);
  });

  test('asks a script for its command', () => {
    const draft = { ...emptyDraft('a.py', []), command: '  ' };

    expect(check(draft, [], trans)).toHaveProperty('command');
  });
});

describe('problems of the workspace', () => {
  const fields = fieldsOf('a.ipynb', PORTS);

  test('stand at the field they name, however deep', () => {
    const found = problemsByField(
      [
        { message: 'too big', field: 'inputs.lr' },
        { message: 'no such file', field: 'inputs.table.path' },
      ],
      fields,
    );

    expect(found).toEqual({ 'inputs.lr': 'too big', 'inputs.table': 'no such file' });
  });

  test('of a field that is not shown stand on top with its name', () => {
    const found = problemsByField([{ message: 'unknown key', field: 'inputs.lrr' }], fields);

    expect(found).toEqual({ '': 'inputs.lrr: unknown key' });
  });

  test('in one field are all told', () => {
    const found = problemsByField([{ message: 'one' }, { message: 'two', field: '' }], fields);

    expect(found).toEqual({ '': 'one\ntwo' });
  });
});

describe('values from elsewhere', () => {
  test('fill the controls, and those without a parameter are told', () => {
    const { draft, unknown } = withValues(filled({}), PORTS, { lr: 0.5, depth: 3 });

    expect(draft.values.lr).toBe('0.5');
    expect(unknown).toEqual(['depth']);
  });

  test('never bring a secret', () => {
    expect(withValues(filled({}), PORTS, { key: 'x' }).draft.values.key).toBe('');
  });

  test('of an earlier job come back as they were given', () => {
    const job = {
      inputs: { lr: 0.5, table: { type: 'uri_file', path: 'a.csv' } },
      experiment_name: 'digits',
      compute: 'local',
      limits: { timeout: 5400, memory: '1g' },
      retry_settings: { max_retries: 0 },
    };

    const draft = withJob(filled({}), PORTS, job);

    expect(draft.values).toMatchObject({ lr: '0.5', table: 'a.csv', model: '"rf"' });
    expect(draft.experimentName).toBe('digits');
    expect(draft.where).toMatchObject({ timeout: '90 min', memory: '1g', retries: '' });
  });
});

test.each([
  ['90 s', 90],
  ['30 min', 1800],
  ['2h', 7200],
  ['1.5 h', 5400],
  ['45', 2700],
  ['1 day', 86400],
])('%s is %d seconds', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});

test.each(['', 'soon', '-5 min', '0', '5 fortnights later'])('%j is no time', text => {
  expect(secondsOf(text)).toBeUndefined();
});

test.each([90, 1800, 7200, 86400])('%d seconds keep their length as text', seconds => {
  expect(secondsOf(durationText(seconds))).toBe(seconds);
});
