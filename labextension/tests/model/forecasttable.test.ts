import { expect, it } from 'vitest';
import { forecastsOf } from '../../src/model/forecasttable';

const COLUMNS = ['origin', 'shop', 'when', 'step', 'truth', 'forecast', 'lower', 'upper'];

it('tells series and origins apart', () => {
  const data = [
    [1, 'Oslo', '2024-01-01', 1, 1, 2, 1.5, 2.5],
    [0, 'Oslo', '2024-02-01', 1, 3, 4, 3.5, 4.5],
    [0, 'Rome', '2024-02-01', 1, 5, 6, 5.5, 6.5],
  ];

  const [oslo, rome] = forecastsOf({ columns: COLUMNS, data });

  expect(oslo).toEqual({
    name: 'Oslo',
    truth: { x: ['2024-01-01', '2024-02-01'], y: [1, 3] },
    outlooks: [
      { x: ['2024-01-01'], forecast: [2], lower: [1.5], upper: [2.5] },
      { x: ['2024-02-01'], forecast: [4], lower: [3.5], upper: [4.5] },
    ],
  });
  expect(rome?.name).toBe('Rome');
});

it('knows a series that is alone', () => {
  const columns = COLUMNS.filter(name => name !== 'shop');
  const table = { columns, data: [[0, '2024-01-01', 1, 1, 2, 1, 3]] };

  expect(forecastsOf(table).map(({ name, truth }) => [name, truth.y])).toEqual([['', [1]]]);
});
