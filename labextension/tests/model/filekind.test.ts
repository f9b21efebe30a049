import { describe, expect, it } from 'vitest';
import { fenced, isTable, isTooLarge, kindOf, languageOf } from '../../src/model/filekind';

describe('A file', () => {
  it.each([
    ['plots/a.PNG', 'image'],
    ['t.parquet', 'table'],
    ['model/MLmodel', 'text'],
    ['n.ipynb', 'notebook'],
    ['a.b/voice.wav', 'audio'],
    ['report.html', 'html'],
    ['model.pkl', 'other'],
    ['noending', 'other'],
  ])('%s is looked at as %s', (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });

  it('is too large by its kind', () => {
    expect(isTooLarge('text', 2_000_001)).toBe(true);
    expect(isTooLarge('table', 2_000_001)).toBe(false);
    expect(isTooLarge('video', 5e9)).toBe(false);
  });

  it('of code has a language', () => {
    expect(languageOf('x/train.py')).toBe('python');
    expect(languageOf('m/MLmodel')).toBe('yaml');
    expect(languageOf('notes.txt')).toBeUndefined();
  });

  it('is fenced by more ticks than it holds', () => {
    expect(fenced('a ```` b', 'py')).toBe('`````py\na ```` b\n`````');
  });

  it('of JSON is a table when mlflow.log_table wrote it', () => {
    expect(isTable({ columns: ['a'], data: [[1]] })).toBe(true);
    expect(isTable({ a: 1 })).toBe(false);
    expect(isTable(null)).toBe(false);
  });
});
