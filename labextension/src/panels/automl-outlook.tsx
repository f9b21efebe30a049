// What a trial has forecast from origins in the past, beside what came true.
import { useMemo, useState } from 'react';
import { forecastsOf, type IForecastSeries, type IForecastTable } from '../model/forecasttable';
import { colourOf, Plot } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Choice } from '../ui/controls';
import { PictureCard } from './automl-picture';

const HEIGHT = 250;
const EDGE = { type: 'scatter', mode: 'lines', hoverinfo: 'skip', line: { width: 0 } } as const;

export function Outlook(props: { table: IForecastTable }): JSX.Element | null {
  const all = useMemo(() => forecastsOf(props.table), [props.table]);
  const [name, setName] = useState<string | null>(null);
  const series = all.find(one => one.name === name) ?? all[0];
  return series ? <OfSeries all={all} series={series} choose={setName} /> : null;
}

function OfSeries(props: {
  all: readonly IForecastSeries[];
  series: IForecastSeries;
  choose: (name: string) => void;
}): JSX.Element {
  const { all, series, choose } = props;
  const { trans } = useLanguage();
  const [truth, forecast] = [trans.__('True value'), trans.__('Forecast')];
  const picture = useMemo(
    () => ({
      data: [
        ...series.outlooks.flatMap(one => [
          { ...EDGE, x: one.x, y: one.lower },
          { ...EDGE, x: one.x, y: one.upper, fill: 'tonexty', fillcolor: `${colourOf(0)}33` },
          {
            type: 'scatter',
            mode: 'lines+markers',
            x: one.x,
            y: one.forecast,
            hovertemplate: `${forecast} %{y:.4g}<extra></extra>`,
            marker: { size: 4 },
            line: { color: colourOf(0), width: 1.4 },
          },
        ]),
        {
          type: 'scatter',
          mode: 'lines',
          ...series.truth,
          hovertemplate: `${truth} %{y:.4g}<extra></extra>`,
          line: { color: '#8a949e', width: 1.4 },
        },
      ],
      xAxis: { type: 'date', showgrid: false },
      yAxis: {},
    }),
    [series, truth, forecast],
  );
  const options: [string, string][] = all.map(one => [one.name, one.name]);
  return (
    <PictureCard
      id="forecast"
      title={trans.__('Forecast')}
      isWide
      options={
        all.length > 1 && (
          <Choice
            label={trans.__('Series')}
            value={series.name}
            options={options}
            onChange={choose}
          />
        )
      }
      columns={[trans.__('Time'), forecast, trans.__('Lower end'), trans.__('Upper end'), truth]}
      rows={() => tabled(series)}
    >
      <Plot
        {...picture}
        height={HEIGHT}
        summary={trans._n(
          'Forecasts from %1 origin, and what came true',
          'Forecasts from %1 origins, and what came true',
          series.outlooks.length,
        )}
      />
      <p className="jp-MlwsChartCard-note">
        {trans.__('Blue: forecasts, with where four of five errors lie; grey: what came true.')}
      </p>
    </PictureCard>
  );
}

function tabled(series: IForecastSeries): (string | number)[][] {
  const came = new Map(series.truth.x.map((time, at) => [time, series.truth.y[at] ?? Number.NaN]));
  return series.outlooks.flatMap(one =>
    one.x.map((time, at) => [
      time,
      one.forecast[at] ?? Number.NaN,
      one.lower[at] ?? Number.NaN,
      one.upper[at] ?? Number.NaN,
      came.get(time) ?? Number.NaN,
    ]),
  );
}
