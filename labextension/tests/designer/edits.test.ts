import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { apply, remove, renameKey, set } from '../../src/designer/edits';

const TEXT = `# A pipeline of two steps
type: pipeline
settings: {default_compute: local}   # here

jobs:
  # Reads the data
  prepare:
    command: >-
      python prepare.py
      --out \${{outputs.table}}
    outputs:
      table:
        type: uri_file   # a table
  # Learns
  train:
    inputs:
      table: \${{parent.jobs.prepare.outputs.table}}  # from above
      rate: 0.1
    command: python train.py
experiment_name: two
`;

/** Lines that differ, as `-old` and `+new`. */
function difference(before: string, after: string): string[] {
  const a = before.split('\n');
  const b = after.split('\n');
  return [
    ...a.filter(l => !b.includes(l)).map(l => `-${l}`),
    ...b.filter(l => !a.includes(l)).map(l => `+${l}`),
  ];
}

describe('set', () => {
  it('changes one value and nothing else', () => {
    const after = apply(TEXT, set(TEXT, ['jobs', 'train', 'inputs', 'rate'], 0.5));

    expect(difference(TEXT, after)).toEqual(['-      rate: 0.1', '+      rate: 0.5']);
  });

  it('keeps the comment behind a value', () => {
    const after = apply(TEXT, set(TEXT, ['jobs', 'train', 'inputs', 'table'], 'azureml:t:1'));

    expect(after).toContain('      table: azureml:t:1  # from above\n');
  });

  it('adds an entry after the last one of its mapping', () => {
    const after = apply(TEXT, set(TEXT, ['jobs', 'train', 'inputs', 'epochs'], 3));

    expect(difference(TEXT, after)).toEqual(['+      epochs: 3']);
    expect(parse(after).jobs.train.inputs.epochs).toBe(3);
  });

  it('adds a step below the others', () => {
    const after = apply(
      TEXT,
      set(TEXT, ['jobs', 'score'], { notebook: 'score.ipynb', inputs: { top: 1 } }),
    );

    expect(difference(TEXT, after)).toEqual([
      '+  score:',
      '+    notebook: score.ipynb',
      '+      top: 1',
    ]);
    expect(Object.keys(parse(after).jobs)).toEqual(['prepare', 'train', 'score']);
    expect(parse(after).experiment_name).toBe('two');
  });

  it('makes the mappings on the way', () => {
    const after = apply(TEXT, set(TEXT, ['jobs', 'prepare', 'inputs', 'seed'], 7));

    expect(parse(after).jobs.prepare.inputs).toEqual({ seed: 7 });
    expect(parse(after).jobs.prepare.outputs.table.type).toBe('uri_file');
  });

  it('stays in flow style where it is', () => {
    const after = apply(TEXT, set(TEXT, ['settings', 'force_rerun'], true));

    expect(after).toContain('settings: { default_compute: local, force_rerun: true }   # here\n');
  });

  it('replaces a text of many lines', () => {
    const after = apply(TEXT, set(TEXT, ['jobs', 'prepare', 'command'], 'python other.py'));

    expect(parse(after).jobs.prepare.command).toBe('python other.py');
    expect(parse(after).jobs.prepare.outputs.table.type).toBe('uri_file');
    expect(after).toContain('# a table');
  });

  it('fills an empty entry', () => {
    const text =
      'type: pipeline\njobs:\n  a:\n    command: x\n    outputs:\n      y:\n  b:\n    command: z\n';
    const after = apply(text, set(text, ['jobs', 'a', 'outputs', 'y'], { type: 'uri_file' }));

    expect(parse(after)).toEqual({
      type: 'pipeline',
      jobs: { a: { command: 'x', outputs: { y: { type: 'uri_file' } } }, b: { command: 'z' } },
    });
  });

  it.each([
    '',
    '# nothing yet\n',
    'type: pipeline\n',
    'type: pipeline',
    'type: pipeline\njobs: {}\n',
    'type: pipeline\njobs:\n',
  ])('works from %j on', text => {
    const after = apply(text, set(text, ['jobs', 'a'], { command: 'x' }));

    expect(parse(after).jobs).toEqual({ a: { command: 'x' } });
  });

  it('quotes what YAML 1.1 would read as something else', () => {
    const after = apply(TEXT, set(TEXT, ['jobs', 'train', 'inputs', 'rate'], 'off'));

    expect(parse(after, { version: '1.1' }).jobs.train.inputs.rate).toBe('off');
  });
});

describe('remove', () => {
  it('takes a step away with the comment above it', () => {
    const after = apply(TEXT, remove(TEXT, ['jobs', 'train']));

    expect(after).not.toContain('Learns');
    expect(Object.keys(parse(after).jobs)).toEqual(['prepare']);
    expect(after).toContain('# a table');
    expect(parse(after).experiment_name).toBe('two');
  });

  it('takes a mapping away that would be left empty', () => {
    const after = apply(TEXT, remove(TEXT, ['jobs', 'prepare', 'outputs', 'table']));

    expect(parse(after).jobs.prepare).toEqual({ command: expect.any(String) });
  });

  it('changes nothing when there is nothing', () => {
    expect(apply(TEXT, remove(TEXT, ['jobs', 'nobody', 'inputs']))).toBe(TEXT);
  });

  it('takes a key from a mapping in flow style', () => {
    const text = 'settings: {a: 1, b: 2} # x\ntype: pipeline\n';

    expect(apply(text, remove(text, ['settings', 'a']))).toBe(
      'settings: { b: 2 } # x\ntype: pipeline\n',
    );
  });
});

it('renames a step in its place', () => {
  const after = apply(TEXT, renameKey(TEXT, ['jobs', 'train'], 'fit'));

  expect(difference(TEXT, after)).toEqual(['-  train:', '+  fit:']);
});
