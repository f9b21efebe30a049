import { expect, test } from 'vitest';
import type { IJobBody } from '../../src/jobform/draft';
import { cliLines, python, pythonLines, scalar } from '../../src/jobform/lines';

const JOB: IJobBody = {
  type: 'notebook',
  notebook: 'my train.ipynb',
  inputs: { lr: 0.1, name: "it's", on: true, table: { type: 'uri_file', path: 'a.csv' } },
  compute: 'local',
  limits: { timeout: 60 },
};

test('the command line quotes what a shell would take apart', () => {
  expect(cliLines(JOB)).toBe(
    `mlws job create --notebook 'my train.ipynb' -p lr=0.1 -p 'name="it'"'"'s"' -p on=true` +
      ' -p table.type=uri_file -p table.path=a.csv --set compute=local --set limits.timeout=60 --stream',
  );
});

test('the Python lines hold Python literals', () => {
  expect(pythonLines(JOB)).toBe(
    [
      'from jupyter_mlws import MLClient, notebook',
      '',
      'job = notebook(',
      '    "my train.ipynb",',
      '    inputs={"lr": 0.1, "name": "it\'s", "on": True, "table": {"type": "uri_file", "path": "a.csv"}},',
      '    compute="local",',
      '    limits={"timeout": 60},',
      ')',
      'job = MLClient().jobs.create_or_update(job)',
    ].join('\n'),
  );
});

test('a JSON value of a parameter stays whole', () => {
  const job: IJobBody = {
    type: 'notebook',
    notebook: 'a.ipynb',
    inputs: { grid: { depth: [1, 2] } },
  };

  expect(cliLines(job)).toContain(`-p 'grid={"depth":[1,2]}'`);
});

test('a secret is shown in neither', () => {
  const job: IJobBody = { type: 'notebook', notebook: 'a.ipynb', inputs: { key: 'hunter2' } };

  expect(cliLines(job, ['key']) + pythonLines(job, ['key'])).not.toContain('hunter2');
});

test('a script brings its folder, from a file and from Python', () => {
  const job: IJobBody = {
    type: 'command',
    command: 'python train.py --lr 0.1',
    limits: { memory: '2g' },
  };

  expect(cliLines(job)).toBe(
    [
      "cat > job.yml <<'EOF'",
      'type: command',
      'command: python train.py --lr 0.1',
      'limits:',
      '  memory: "2g"',
      'code: "."',
      'EOF',
      'mlws job create -f job.yml --stream',
    ].join('\n'),
  );
  expect(pythonLines(job)).toContain('    code=".",');
});

test.each([
  [1e-7, '1.0e-7'],
  [1.5e-7, '1.5e-7'],
  [1e21, '1.0e+21'],
  ['yes', '"yes"'],
  ['5', '"5"'],
  ['', '""'],
  ['a: b', '"a: b"'],
  ['.5', '".5"'],
  ['trailing ', '"trailing "'],
  ['rf', 'rf'],
  ['data/a b.csv', 'data/a b.csv'],
])('%j is %s in YAML', (value, text) => {
  expect(scalar(value)).toBe(text);
});

test.each([
  [null, 'None'],
  [[1, false], '[1, False]'],
  [{ a: null }, '{"a": None}'],
])('%j is %s in Python', (value, literal) => {
  expect(python(value)).toBe(literal);
});
