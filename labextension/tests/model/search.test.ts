import { expect, test } from 'vitest';
import { matches, quoteKey, searchToFilter } from '../../src/model/search';

test('words are looked for in the name', () => {
  expect(searchToFilter('two words', 'ana')).toBe(
    "attributes.run_name ILIKE '%two%' and attributes.run_name ILIKE '%words%'",
  );
});

test('states and users have words of their own', () => {
  expect(searchToFilter('failed @me', 'ana')).toBe(
    "attributes.status = 'Failed' and attributes.user_id = 'ana'",
  );
  expect(searchToFilter('@ben', 'ana')).toBe("attributes.user_id = 'ben'");
});

test('a filter stays as it is', () => {
  const filter = 'metrics.auc > 0.9 and params.model = "gbm"';

  expect(searchToFilter(filter, 'ana')).toBe(filter);
  expect(searchToFilter('params.model LIKE "%x%"', 'ana')).toBe('params.model LIKE "%x%"');
});

test('a quote in a name cannot end the text', () => {
  expect(searchToFilter("o'neil", 'ana')).toBe("attributes.run_name ILIKE '%o''neil%'");
});

test('nothing typed is no filter', () => {
  expect(searchToFilter('  ', 'ana')).toBe('');
});

test('names with other characters are quoted', () => {
  expect(quoteKey('val_loss')).toBe('val_loss');
  expect(quoteKey('val loss')).toBe('`val loss`');
  expect(quoteKey('train/loss')).toBe('`train/loss`');
});

test('lists at hand are searched with the same words', () => {
  const item = { name: 'Train forest', user: 'ana', status: 'Failed' };

  expect(matches(item, 'forest failed @me', 'ana')).toBe(true);
  expect(matches(item, '@ben', 'ana')).toBe(false);
  expect(matches(item, 'running', 'ana')).toBe(false);
});
