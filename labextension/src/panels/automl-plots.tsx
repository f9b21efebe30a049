// How good one trial is, in pictures, each of them a table as well.
import { useEffect, useMemo, useRef } from 'react';
import { type AutoMLModel, type Contender, type Leaderboard, ranked } from '../model/automl';
import {
  type CurveKind,
  curvesOf,
  type Evaluation,
  type IAccuracyTable,
  type IConfusion,
  type ICurve,
  type IPredictedTrue,
  type IResiduals,
} from '../model/evaluation';
import { colourOf, Plot } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Choice } from '../ui/controls';
import { metric } from '../ui/format';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Outlook } from './automl-outlook';
import { PictureCard, titled } from './automl-picture';
import { useInView } from './series';

const HEIGHT = 250;
const IDEAL = { type: 'scatter', mode: 'lines', hoverinfo: 'skip' } as const;
const GREY = { color: '#8a949e', width: 1.2, dash: 'dot' };
/** Cells up to which a confusion matrix says its numbers. */
const MOST_NUMBERS = 12;

/** Choose a trial, and see how good it is. */
export function Plots(props: {
  model: AutoMLModel;
  board: Leaderboard;
  chosen: string | null;
  choose: (name: string) => void;
}): JSX.Element | null {
  const name = props.chosen ?? props.board.best;
  return name ? <OfTrial {...props} name={name} /> : null;
}

function OfTrial(props: {
  model: AutoMLModel;
  board: Leaderboard;
  chosen: string | null;
  choose: (name: string) => void;
  name: string;
}): JSX.Element {
  const { model, board, chosen, choose, name } = props;
  const { trans } = useLanguage();
  const [ref, isInView] = useInView<HTMLElement>();
  const trials = ranked(board).filter(trial => trial.value != null);
  const options: [string, string][] = trials.map(trial => [trial.name, labelOf(trial)]);
  if (board.test?.status === 'Completed') {
    options.push([board.test.name, trans.__('The best model on the test data')]);
  }
  return (
    <section ref={ref} className="jp-MlwsPlots" aria-label={trans.__('How good it is')}>
      <header className="jp-MlwsSweep-bar">
        <h3>{trans.__('How good it is')}</h3>
        <Choice label={trans.__('Trial')} value={name} options={options} onChange={choose} />
      </header>
      {isInView && (
        <Pictures
          key={name}
          model={model}
          name={name}
          task={board.task}
          isAsked={chosen !== null}
        />
      )}
    </section>
  );
}

function labelOf(trial: Contender): string {
  return `${trial.number} · ${trial.algorithm}`;
}

function Pictures(props: {
  model: AutoMLModel;
  name: string;
  task: string;
  /** Whether the person wants to see them now. */
  isAsked: boolean;
}): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const { trans } = useLanguage();
  const resource = props.model.evaluations.of(props.name, props.task);
  const { value, error } = useResource(resource);
  const { isAsked } = props;
  const isThere = value !== null;
  useEffect(() => {
    if (isThere && isAsked) {
      ref.current?.parentElement?.scrollIntoView({ block: 'start' });
    }
  }, [isThere, isAsked]);
  if (error?.status === 404) {
    return <Empty text={trans.__('This trial has left nothing that can be drawn.')} />;
  }
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void resource.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={6} />;
  }
  return (
    <div ref={ref} className="jp-MlwsChartCards" data-evaluation={props.name}>
      {value.kind === 'classes' ? <Classes value={value} /> : <Numbers value={value} />}
    </div>
  );
}

function Classes(props: { value: Extract<Evaluation, { kind: 'classes' }> }): JSX.Element {
  const { accuracy, confusion } = props.value;
  return (
    <>
      <Confusion confusion={confusion} />
      {(['roc', 'precision', 'calibration', 'lift', 'gains'] as const).map(kind => (
        <Curves key={kind} table={accuracy} kind={kind} />
      ))}
    </>
  );
}

function Numbers(props: { value: Extract<Evaluation, { kind: 'numbers' }> }): JSX.Element {
  return (
    <>
      {props.value.forecast && <Outlook table={props.value.forecast} />}
      <PredictedTrue predicted={props.value.predicted} />
      <Residuals residuals={props.value.residuals} />
    </>
  );
}

function useCurveWords(kind: CurveKind): { title: string; x: string; y: string } {
  const { trans } = useLanguage();
  return {
    roc: {
      title: trans.__('ROC'),
      x: trans.__('False positive rate'),
      y: trans.__('True positive rate'),
    },
    precision: {
      title: trans.__('Precision and recall'),
      x: trans.__('Recall'),
      y: trans.__('Precision'),
    },
    calibration: {
      title: trans.__('Calibration'),
      x: trans.__('Probability that was said'),
      y: trans.__('Share that was so'),
    },
    lift: { title: trans.__('Lift'), x: trans.__('Share of the rows'), y: trans.__('Lift') },
    gains: {
      title: trans.__('Gains'),
      x: trans.__('Share of the rows'),
      y: trans.__('Share of the class'),
    },
  }[kind];
}

function Curves(props: { table: IAccuracyTable; kind: CurveKind }): JSX.Element {
  const { table, kind } = props;
  const { trans } = useLanguage();
  const words = useCurveWords(kind);
  const curves = useMemo(() => curvesOf(table, kind), [table, kind]);
  const all = trans.__('All classes');
  const nameOf = (curve: ICurve): string => curve.name ?? all;
  const picture = useMemo(() => {
    const top = kind === 'lift' ? 1 : undefined;
    const ideal = kind !== 'precision' && {
      ...IDEAL,
      x: [0, 1],
      y: [top ?? 0, 1],
      line: GREY,
    };
    return {
      data: [
        ...(ideal ? [ideal] : []),
        ...curves.map((curve, at) => ({
          type: 'scatter',
          mode: kind === 'calibration' ? 'lines+markers' : 'lines',
          x: curve.x,
          y: curve.y,
          hovertemplate: `${curve.name ?? all}<br>%{x:.3f}, %{y:.3f}<extra></extra>`,
          marker: { size: 5 },
          line: curve.name
            ? { color: colourOf(at - 1), width: 1.6 }
            : { color: '#8a949e', width: 2.4 },
        })),
      ],
      xAxis: { ...titled(words.x), range: [0, 1.02], showgrid: false },
      yAxis: { ...titled(words.y), ...(kind === 'lift' ? { rangemode: 'tozero' } : RATE) },
    };
  }, [curves, kind, words.x, words.y, all]);
  const rows = (): (readonly (string | number)[])[] =>
    curves.flatMap(curve => curve.x.map((x, at) => [nameOf(curve), x, curve.y[at] ?? 0] as const));
  return (
    <PictureCard
      id={kind}
      title={words.title}
      columns={[trans.__('Class'), words.x, words.y]}
      rows={rows}
    >
      <Plot
        {...picture}
        height={HEIGHT}
        summary={trans.__('%1 over %2 of %3 classes', words.y, words.x, table.class_labels.length)}
      />
      <ul className="jp-MlwsLegend">
        {curves.map((curve, at) => (
          <li key={nameOf(curve)} title={nameOf(curve)}>
            <span
              className="jp-MlwsLegend-mark"
              style={{ background: curve.name ? colourOf(at - 1) : '#8a949e' }}
            />
            {nameOf(curve)}
          </li>
        ))}
      </ul>
    </PictureCard>
  );
}

const RATE = { range: [0, 1.03] };

function Confusion(props: { confusion: IConfusion }): JSX.Element {
  const { class_labels, matrix } = props.confusion;
  const { trans, locale } = useLanguage();
  const [truth, said] = [trans.__('True class'), trans.__('Predicted class')];
  const picture = useMemo(() => {
    const shares = matrix.map(row => {
      const sum = row.reduce((a, b) => a + b, 0);
      return row.map(n => (sum > 0 ? n / sum : 0));
    });
    return {
      data: [
        {
          type: 'heatmap',
          x: class_labels,
          y: class_labels,
          z: shares,
          zmin: 0,
          zmax: 1,
          text: matrix.map(row => row.map(n => metric(n, locale))),
          texttemplate: class_labels.length <= MOST_NUMBERS ? '%{text}' : '',
          hovertemplate: `${truth} %{y}<br>${said} %{x}<br>%{text} (%{z:.1%})<extra></extra>`,
          colorscale: SHADES,
          showscale: false,
          xgap: 1,
          ygap: 1,
        },
      ],
      xAxis: { ...titled(said), type: 'category', showgrid: false },
      yAxis: { ...titled(truth), type: 'category', autorange: 'reversed', showgrid: false },
    };
  }, [class_labels, matrix, truth, said, locale]);
  const right = matrix.reduce((sum, row, at) => sum + (row[at] ?? 0), 0);
  const all = matrix.flat().reduce((a, b) => a + b, 0);
  return (
    <PictureCard
      id="confusion"
      title={trans.__('Confusion matrix')}
      columns={[truth, ...class_labels]}
      rows={() => matrix.map((row, at) => [class_labels[at] ?? '', ...row])}
    >
      <Plot
        {...picture}
        height={HEIGHT}
        summary={trans.__(
          '%1 of %2 are classified right',
          metric(right, locale),
          metric(all, locale),
        )}
      />
    </PictureCard>
  );
}

const SHADES = [
  [0, '#e8f1f8'],
  [0.5, '#6fb3de'],
  [1, '#0f5c94'],
];

function PredictedTrue(props: { predicted: IPredictedTrue }): JSX.Element {
  const { bin_averages, bin_counts, bin_edges, bin_errors } = props.predicted;
  const { trans } = useLanguage();
  const [truth, said] = [trans.__('True value'), trans.__('Mean of the predictions')];
  const middles = useMemo(
    () => bin_averages.map((_, at) => ((bin_edges[at] ?? 0) + (bin_edges[at + 1] ?? 0)) / 2),
    [bin_averages, bin_edges],
  );
  const picture = useMemo(() => {
    const [low, high] = [bin_edges[0] ?? 0, bin_edges[bin_edges.length - 1] ?? 1];
    return {
      data: [
        { ...IDEAL, x: [low, high], y: [low, high], line: GREY },
        {
          type: 'scatter',
          mode: 'lines+markers',
          x: middles,
          y: bin_averages,
          error_y: { type: 'data', array: bin_errors, thickness: 1, width: 3 },
          text: bin_counts.map(String),
          hovertemplate: `${truth} %{x:.4g}<br>%{y:.4g}<br>n %{text}<extra></extra>`,
          marker: { size: 6 },
          line: { color: colourOf(0), width: 1.4 },
        },
      ],
      xAxis: { ...titled(truth), showgrid: false },
      yAxis: titled(said),
    };
  }, [bin_averages, bin_counts, bin_edges, bin_errors, middles, truth, said]);
  return (
    <PictureCard
      id="predicted"
      title={trans.__('Predicted against true')}
      columns={[truth, said, trans.__('Standard deviation'), trans.__('Rows')]}
      rows={() =>
        middles.map((x, at) => [
          x,
          bin_averages[at] ?? 0,
          bin_errors[at] ?? 0,
          String(bin_counts[at] ?? 0),
        ])
      }
    >
      <Plot
        {...picture}
        height={HEIGHT}
        summary={trans.__('Means of the predictions in %1 bins of the true value', middles.length)}
      />
      <p className="jp-MlwsChartCard-note">
        {trans.__('Bars are standard deviations; the dotted line would be perfect.')}
      </p>
    </PictureCard>
  );
}

function Residuals(props: { residuals: IResiduals }): JSX.Element {
  const { bin_counts, bin_edges } = props.residuals;
  const { trans } = useLanguage();
  const [error, rows] = [trans.__('Predicted minus true'), trans.__('Rows')];
  const picture = useMemo(
    () => ({
      data: [
        {
          type: 'bar',
          x: bin_counts.map((_, at) => ((bin_edges[at] ?? 0) + (bin_edges[at + 1] ?? 0)) / 2),
          y: bin_counts,
          width: bin_counts.map((_, at) => (bin_edges[at + 1] ?? 0) - (bin_edges[at] ?? 0)),
          hovertemplate: '%{x:.4g}: %{y}<extra></extra>',
          marker: { color: colourOf(0), opacity: 0.85 },
        },
      ],
      xAxis: { ...titled(error), showgrid: false },
      yAxis: { ...titled(rows), rangemode: 'tozero' },
    }),
    [bin_counts, bin_edges, error, rows],
  );
  return (
    <PictureCard
      id="residuals"
      title={trans.__('Residuals')}
      columns={[trans.__('From'), trans.__('To'), rows]}
      rows={() =>
        bin_counts.map((n, at) => [bin_edges[at] ?? 0, bin_edges[at + 1] ?? 0, String(n)])
      }
    >
      <Plot
        {...picture}
        height={HEIGHT}
        summary={trans.__('Residuals in %1 bins', bin_counts.length)}
      />
    </PictureCard>
  );
}
