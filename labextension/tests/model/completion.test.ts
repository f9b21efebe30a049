import { expect, test } from 'vitest';
import { complete, completionAt, faultIn } from '../../src/model/completion';

const KEYS = { metrics: ['auc', 'train/loss', 'val loss'], params: ['lr'], tags: ['team'] };
const at = (text: string) => completionAt(text, text.length, KEYS)?.options ?? null;

test('a word is completed to what a filter begins with', () => {
  expect(at('me')).toEqual(['metrics.']);
  expect(at('metrics.auc > 0.5 and par')).toEqual(['params.']);
  expect(at('sweep')).toBeNull();
});

test('names that the runs have follow the dot, quoted where they must be', () => {
  expect(at('metrics.')).toEqual(['metrics.auc', 'metrics.`train/loss`', 'metrics.`val loss`']);
  expect(at('metrics.lo')).toEqual(['metrics.`train/loss`', 'metrics.`val loss`']);
  expect(at('attributes.sta')).toEqual(['attributes.status', 'attributes.start_time']);
});

test('operators follow a name, numbers have others than texts', () => {
  expect(at('metrics.auc ')).toContain('>=');
  expect(at('params.lr ')).toEqual(['=', '!=', 'LIKE', 'ILIKE', 'IN']);
});

test('states are offered for the status, connectives after a whole clause', () => {
  expect(at('attributes.status = ')).toContain("'Failed'");
  expect(at("attributes.status = 'Fa")).toEqual(["'Failed'"]);
  expect(at('metrics.`val loss` > 0.5 ')).toEqual(['and', 'or']);
});

test('the caret stands where one types on', () => {
  const text = 'me and x';
  const completion = completionAt(text, 2, KEYS);

  expect(completion && complete(text, completion, 'metrics.')).toEqual({
    text: 'metrics.and x',
    caret: 8,
  });
});

test('the fault is where the server says', () => {
  expect(faultIn("Invalid clause(s) in filter string: '>' (at character 10)")).toBe(9);
  expect(faultIn('No.')).toBeNull();
});
