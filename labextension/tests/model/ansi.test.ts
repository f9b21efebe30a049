import { expect, test } from 'vitest';
import { pieces, plain } from '../../src/model/ansi';

const ESC = '\u001b';

test('text without sequences is one piece', () => {
  expect(pieces('plain')).toEqual([{ text: 'plain', className: '' }]);
});

test('colours become the classes that JupyterLab gives them', () => {
  expect(pieces(`${ESC}[1;31mbad${ESC}[0m good`)).toEqual([
    { text: 'bad', className: 'ansi-red-fg ansi-bold' },
    { text: ' good', className: '' },
  ]);
});

test('bright colours, backgrounds and their ends are understood', () => {
  expect(pieces(`${ESC}[92;44ma${ESC}[39mb${ESC}[49mc`)).toEqual([
    { text: 'a', className: 'ansi-green-intense-fg ansi-blue-bg' },
    { text: 'b', className: 'ansi-blue-bg' },
    { text: 'c', className: '' },
  ]);
});

test('colours of 256 and of three parts are given as colours', () => {
  expect(pieces(`${ESC}[38;5;196ma${ESC}[38;2;1;2;3mb`)).toEqual([
    { text: 'a', className: '', colour: 'rgb(255, 0, 0)' },
    { text: 'b', className: '', colour: 'rgb(1, 2, 3)' },
  ]);
});

test('the first sixteen of the 256 colours follow the theme', () => {
  expect(pieces(`${ESC}[38;5;1ma`)).toEqual([{ text: 'a', className: 'ansi-red-fg' }]);
});

test('inverse swaps the colours', () => {
  expect(pieces(`${ESC}[31;7ma`)).toEqual([{ text: 'a', className: 'ansi-red-bg' }]);
});

test('moves of the cursor, titles and links leave no trace', () => {
  expect(
    plain(`${ESC}[2K${ESC}[1A${ESC}]0;title\u0007a${ESC}]8;;http://x${ESC}\\b${ESC}[?25l`),
  ).toBe('ab');
});

test('a sequence that is cut off stays as text', () => {
  expect(plain(`a${ESC}[3`)).toBe(`a${ESC}[3`);
});
