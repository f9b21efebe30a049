// The forecasts of a trial beside what came true, by series.

type Cell = string | number | null;

/** As the trial's notebook keeps it: origin, series' columns, time, step, truth, forecast, lower, upper. */
export interface IForecastTable {
  columns: readonly string[];
  data: readonly (readonly Cell[])[];
}

/** What was forecast from one origin. */
export interface IOutlook {
  x: string[];
  forecast: number[];
  lower: number[];
  upper: number[];
}

export interface IForecastSeries {
  /** What tells it from others; empty where there is one alone. */
  name: string;
  truth: { x: string[]; y: number[] };
  /** The earliest origin first. */
  outlooks: IOutlook[];
}

/** The series in the order of the table. */
export function forecastsOf(table: IForecastTable): IForecastSeries[] {
  const step = table.columns.indexOf('step');
  const found = new Map<string, { truth: Map<string, number>; outlooks: Map<Cell, IOutlook> }>();
  for (const row of table.data) {
    const name = row.slice(1, step - 1).join(' | ');
    const series = found.get(name) ?? { truth: new Map(), outlooks: new Map() };
    found.set(name, series);
    const outlook = series.outlooks.get(row[0] ?? null) ?? {
      x: [],
      forecast: [],
      lower: [],
      upper: [],
    };
    series.outlooks.set(row[0] ?? null, outlook);
    const time = String(row[step - 1]);
    const [truth, forecast, lower, upper] = row.slice(step + 1).map(Number);
    series.truth.set(time, truth ?? Number.NaN);
    outlook.x.push(time);
    outlook.forecast.push(forecast ?? Number.NaN);
    outlook.lower.push(lower ?? Number.NaN);
    outlook.upper.push(upper ?? Number.NaN);
  }
  return [...found].map(([name, { truth, outlooks }]) => {
    const x = [...truth.keys()].sort();
    return {
      name,
      truth: { x, y: x.map(time => truth.get(time) ?? Number.NaN) },
      outlooks: [...outlooks.values()],
    };
  });
}
