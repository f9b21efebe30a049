import { expect, test } from 'vitest';
import { leave } from '../../src/plugins/widgetkeys';

function pressed(key: string, more: KeyboardEventInit = {}): boolean {
  document.body.innerHTML = '<div class="jp-MlwsWidget"><select></select></div>';
  const select = document.querySelector('select') as HTMLSelectElement;
  select.addEventListener('keydown', leave);
  select.dispatchEvent(new KeyboardEvent('keydown', { key, ...more }));
  return select.hasAttribute('data-lm-suppress-shortcuts');
}

test('a plain key is left to the widget', () => {
  expect(pressed('d')).toBe(true);
  expect(pressed('ArrowDown')).toBe(true);
  expect(pressed('Enter')).toBe(true);
});

test('a combination is a shortcut there too', () => {
  expect(pressed('s', { ctrlKey: true })).toBe(false);
  expect(pressed('Enter', { shiftKey: true })).toBe(false);
});

test('elsewhere nothing is changed', () => {
  document.body.innerHTML = '<div><button></button></div>';
  const button = document.querySelector('button') as HTMLButtonElement;
  button.addEventListener('keydown', leave);
  button.dispatchEvent(new KeyboardEvent('keydown', { key: 'd' }));
  expect(document.querySelector('[data-lm-suppress-shortcuts]')).toBeNull();
});
