import { expect, test } from 'vitest';
import type { IJobBody } from '../../src/jobform/draft';
import { cliLine, python, pythonLines } from '../../src/jobform/lines';

const JOB: IJobBody = {
  type: 'notebook',
  notebook: 'my train.ipynb',
  inputs: { lr: 0.1, name: "it's", on: true, table: { type: 'uri_file', path: 'a.csv' } },
  compute: 'local',
  limits: { timeout: 60 },
};

test('the command line quotes what a shell would take apart', () => {
  expect(cliLine(JOB)).toBe(
    `mlws job create --notebook 'my train.ipynb' -p lr=0.1 -p 'name=it'"'"'s' -p on=true` +
      ' -p table=a.csv --set compute=local --set limits.timeout=60 --stream',
  );
});

test('the Python lines hold Python literals', () => {
  expect(pythonLines(JOB)).toBe(
    [
      'from jupyter_mlws import MLClient, notebook',
      '',
      'job = notebook(',
      '    notebook="my train.ipynb",',
      '    inputs={"lr": 0.1, "name": "it\'s", "on": True, "table": {"type": "uri_file", "path": "a.csv"}},',
      '    compute="local",',
      '    limits={"timeout": 60},',
      ')',
      'job = MLClient().jobs.create_or_update(job)',
    ].join('\n'),
  );
});

test('a secret is shown in neither', () => {
  const job: IJobBody = { type: 'notebook', notebook: 'a.ipynb', inputs: { key: 'hunter2' } };

  expect(cliLine(job, ['key']) + pythonLines(job, ['key'])).not.toContain('hunter2');
});

test('a script runs in its folder', () => {
  const job: IJobBody = { type: 'command', command: 'python train.py' };

  expect(pythonLines(job)).toContain('code=".",');
  expect(cliLine(job)).toContain("'python train.py'");
});

test.each([
  [null, 'None'],
  [[1, false], '[1, False]'],
  [{ a: null }, '{"a": None}'],
])('%j is %s in Python', (value, literal) => {
  expect(python(value)).toBe(literal);
});
