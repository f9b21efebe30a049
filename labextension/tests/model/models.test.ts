import { describe, expect, it } from 'vitest';
import { ALL, argumentsOf } from '../../src/model/audit';
import { mayDo } from '../../src/model/models';
import { candidates } from '../../src/panels/registermodel';

describe('what a role may do', () => {
  it.each([
    [['*'], true],
    [['*', '!models/approve'], false],
    [['*/read'], false],
    [['models/*'], true],
    [['*', '!access/*'], true],
    [[], false],
  ])('with %j approving is %s', (actions, may) => {
    expect(mayDo(actions, 'models/approve')).toBe(may);
  });
});

describe('what a run left', () => {
  it('offers MLflow models first, then files by depth, and no logs', () => {
    const files = [
      'user_logs/std_log.txt',
      'outputs/deep/net.bin',
      'outputs/deep',
      'outputs',
      'mlruns/model/MLmodel',
      'mlruns/model/model.pkl',
    ].map(path => ({ path, is_dir: !path.includes('.') && !path.endsWith('MLmodel') }));

    expect(candidates(files)).toEqual([
      'mlruns/model',
      'outputs',
      'outputs/deep',
      'outputs/deep/net.bin',
    ]);
  });
});

describe('what is asked of the audit', () => {
  it('leaves out what is empty', () => {
    expect(argumentsOf({ ...ALL, isComplete: true })).toEqual({});
  });

  it('is about people, until somebody is named or all is asked for', () => {
    expect(argumentsOf(ALL)).toEqual({ people_only: true });
    expect(argumentsOf({ ...ALL, user: 'dispatcher' })).toEqual({ user: 'dispatcher' });
  });

  it('turns days into moments from midnight to midnight', () => {
    const { since, until } = argumentsOf({ ...ALL, since: '2026-11-26', until: '2026-11-26' });
    expect(Date.parse(until ?? '') - Date.parse(since ?? '')).toBe(86_400_000 - 1);
  });
});
