import { describe, expect, it } from 'vitest';
import { idsIn, runsIn } from '../../src/plugins/compare';

describe('A link to a comparison', () => {
  it('names the runs in order', () => {
    expect(runsIn('?mlws=compare%2Fa-1%2Cb_2')).toEqual(['a-1', 'b_2']);
    expect(runsIn('?mlws=compare/a,b&x=1')).toEqual(['a', 'b']);
    expect(runsIn('?mlws=compare')).toEqual([]);
  });

  it('takes nothing that is no id', () => {
    expect(idsIn(['a', 3, '../x', null, 'b'])).toEqual(['a', 'b']);
    expect(idsIn('a')).toEqual([]);
  });
});
