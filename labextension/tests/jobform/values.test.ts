import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, test } from 'vitest';
import {
  atShare,
  controlOf,
  isChanged,
  type Port,
  rangeOf,
  read,
  shareOf,
  stepped,
  textOf,
} from '../../src/jobform/values';

const trans = nullTranslator.load('jupyter_mlws');

function port(more: Partial<Port> = {}): Port {
  return { name: 'x', ...more };
}

function valueAt(of: Port, text: string): unknown {
  const reading = read(of, text, trans);
  return reading.state === 'value' ? reading.value : reading;
}

function problemOf(of: Port, text: string): string {
  const reading = read(of, text, trans);
  return reading.state === 'wrong' ? reading.message : `no problem: ${JSON.stringify(reading)}`;
}

describe('a value and its text go both ways', () => {
  test.each<[Port['type'], unknown]>([
    ['boolean', true],
    ['boolean', false],
    ['integer', -3],
    ['number', 1e-5],
    ['string', ' with spaces '],
    ['string', ''],
    ['date', '2026-02-28'],
    ['datetime', '2026-02-28T13:05'],
    ['list', [1, 'two', null, [3]]],
    ['object', { depth: 3, names: ['a'] }],
    ['path', 'data/küche.csv'],
    ['secret', ' hunter2 '],
    ['any', 5],
    ['any', '5'],
    ['any', 'plain words'],
    ['any', { a: 1 }],
  ])('%s %j', (type, value) => {
    const of = port({ type });

    expect(valueAt(of, textOf(of, value))).toEqual(value);
  });

  test('a choice keeps its type', () => {
    const of = port({ type: 'any', choices: [1, '1', true] });

    expect(controlOf(of)).toBe('select');
    expect(of.choices?.map(choice => valueAt(of, textOf(of, choice)))).toEqual([1, '1', true]);
  });
});

describe('a number', () => {
  test.each(['0.1', '.5', '5.', '1e-3', '-2', '+7E2'])('may be written %s', text => {
    expect(valueAt(port({ type: 'number' }), text)).toBe(Number(text));
  });

  test.each(['0,1', 'abc', '0x10', 'Infinity', 'NaN', '1e999', '1 2'])('is not %s', text => {
    expect(problemOf(port({ type: 'number' }), text)).toContain('needs a number');
  });

  test.each(['1.5', '1e-3', '99999999999999999999'])('is not whole when %s', text => {
    expect(problemOf(port({ type: 'integer' }), text)).toContain('whole number');
  });

  test('may be whole in any spelling', () => {
    expect(valueAt(port({ type: 'integer' }), '1e3')).toBe(1000);
  });

  test.each([
    [{ minimum: 0, maximum: 1 }, '1.5', 'from 0 to 1'],
    [{ minimum: 1 }, '0', 'at least 1'],
    [{ maximum: 9 }, '10', 'at most 9'],
    [{ exclusive_minimum: 0 }, '0', 'more than 0'],
    [{ exclusive_maximum: 1, minimum: 0 }, '1', 'at least 0 · less than 1'],
  ])('outside %j is told with its limits', (limits, text, words) => {
    const of = port({ type: 'number', ...limits });

    expect(problemOf(of, text)).toContain(words);
    expect(rangeOf(of, trans)).toBe(words);
  });

  test('may equal a limit', () => {
    const of = port({ type: 'number', minimum: 0, maximum: 1 });

    expect([valueAt(of, '0'), valueAt(of, '1')]).toEqual([0, 1]);
  });
});

describe('an empty control', () => {
  test('is a value for text', () => {
    expect(valueAt(port({ type: 'string', default: 'abc' }), '')).toBe('');
  });

  test('is a problem where a value is required', () => {
    expect(problemOf(port({ type: 'string', required: true }), '')).toContain('needs a value');
  });

  test('leaves the default where that is nothing', () => {
    expect(read(port({ type: 'number', default: null }), '', trans)).toEqual({ state: 'default' });
  });

  test('is a problem where the default is something, which is told', () => {
    expect(problemOf(port({ type: 'number', default: 0.1 }), '')).toContain('0.1');
  });
});

test.each([
  ['list', '{"a": 1}', 'JSON list'],
  ['list', '[1,', 'JSON list'],
  ['object', '[1]', 'JSON object'],
  ['object', 'null', 'JSON object'],
  ['date', '2026-13-45', 'not a date'],
] as const)('a %s is not %s', (type, text, words) => {
  expect(problemOf(port({ type }), text)).toContain(words);
});

test('JSON is shown on one line and readable', () => {
  const value = { a: [1, 'x[', {}], b: { c: null }, d: [] };

  expect(textOf(port({ type: 'object' }), value)).toBe(
    '{"a": [1, "x[", {}], "b": {"c": null}, "d": []}',
  );
});

test('limits that are null on the wire are none', () => {
  const wire = JSON.parse(
    '{"name": "x", "type": "number", "minimum": null, "maximum": null, "choices": null}',
  );

  expect(valueAt(wire, '7')).toBe(7);
  expect(rangeOf(wire, trans)).toBe('');
  expect(shareOf(wire, 7)).toBeUndefined();
});

test('a text that is no choice is refused', () => {
  expect(problemOf(port({ choices: ['a'] }), '"b"')).toContain('Choose');
});

test('another spelling of the default is no change', () => {
  const number = port({ type: 'number', default: 0.1 });
  const object = port({ type: 'object', default: { a: 1, b: 2 } });

  expect(isChanged(number, '0.10', trans)).toBe(false);
  expect(isChanged(number, '0.2', trans)).toBe(true);
  expect(isChanged(number, 'x', trans)).toBe(true);
  expect(isChanged(object, '{ "b": 2, "a": 1 }', trans)).toBe(false);
});

describe('a step', () => {
  test('moves the last digit shown', () => {
    expect(stepped(port({ type: 'number' }), '0.15', 1)).toBe('0.16');
    expect(stepped(port({ type: 'number' }), '0.3', -1)).toBe('0.2');
    expect(stepped(port({ type: 'integer' }), '9', 1)).toBe('10');
  });

  test('doubles or halves on a logarithmic scale', () => {
    const of = port({ type: 'number', minimum: 1e-5, maximum: 1, log: true });

    expect(stepped(of, '0.01', 1)).toBe('0.02');
    expect(stepped(of, '0.01', -1)).toBe('0.005');
  });

  test('stops at the limits', () => {
    const of = port({ type: 'integer', minimum: 1, maximum: 3 });

    expect(stepped(of, '3', 1)).toBe('3');
    expect(stepped(of, '1', -1)).toBe('1');
  });
});

describe('a slider', () => {
  test('stands in the middle of a logarithmic range at its geometric mean', () => {
    const of = port({ type: 'number', minimum: 1e-4, maximum: 1, log: true });

    expect(shareOf(of, 0.01)).toBeCloseTo(0.5);
    expect(atShare(of, 0.5)).toBe(0.01);
  });

  test('gives whole numbers to a whole parameter', () => {
    expect(atShare(port({ type: 'integer', minimum: 0, maximum: 10 }), 0.33)).toBe(3);
  });

  test('is there only with both limits', () => {
    expect(shareOf(port({ type: 'number', minimum: 0 }), 1)).toBeUndefined();
    expect(shareOf(port({ type: 'number', minimum: 0, maximum: 1, log: true }), 1)).toBeUndefined();
  });
});
