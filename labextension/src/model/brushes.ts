// Brushed stretches of axes as a filter.
import type { RunColumns } from '../api/client';
import { keyOf } from './cards';
import type { Brush, IScale } from './scales';
import { quoteKey, quoteText } from './search';

/**
 * The filter that leaves the runs within the brushes. Params are texts to the server: of them the values
 * that lie in the brush are named.
 */
export function brushFilter(
  columns: readonly string[],
  scales: readonly IScale[],
  brushes: Readonly<Record<string, Brush>>,
  runs: Pick<RunColumns, 'columns'>,
): string {
  const tests = columns.flatMap((column, at) => {
    const brush = brushes[column];
    const scale = scales[at];
    if (!brush || !scale) {
      return [];
    }
    const name = `${column.slice(0, column.indexOf('.'))}.${quoteKey(keyOf(column))}`;
    if (column.startsWith('metrics.')) {
      const [low, high] = scale.domain;
      const [from, to] = brush.map(place => Number((low + (high - low) * place).toPrecision(6)));
      return [`${name} >= ${from} and ${name} <= ${to}`];
    }
    const inside = (runs.columns[column] ?? []).filter(value => {
      const place = scale.place(value ?? null);
      return place !== null && place >= brush[0] && place <= brush[1];
    });
    const words = [...new Set(inside.map(String))].sort();
    return words.length > 0 ? [`${name} IN (${words.map(quoteText).join(', ')})`] : [];
  });
  return tests.join(' and ');
}
