// What each column adds to what the best model says of one row.
import { useMemo, useState } from 'react';
import type { AutoMLModel } from '../model/automl';
import { addedIn, type IExplained } from '../model/evaluation';
import { colourOf, Plot } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Choice } from '../ui/controls';
import { metric } from '../ui/format';
import { useResource } from '../ui/hooks';
import { PictureCard, titled } from './automl-picture';

const MOST_BARS = 12;

/** The card, once the explanation is there; nothing of jobs whose explanation knows no rows. */
export function Explained(props: { model: AutoMLModel; name: string }): JSX.Element | null {
  const { value } = useResource(props.model.evaluations.explained(props.name));
  return value && value.rows.length > 0 ? <OfRow explained={value} /> : null;
}

function OfRow(props: { explained: IExplained }): JSX.Element {
  const { explained } = props;
  const { trans, locale } = useLanguage();
  const [row, setRow] = useState(0);
  const answers = explained.answers[row] ?? [];
  const likeliest = answers.indexOf(Math.max(...answers));
  const [output, setOutput] = useState<number | null>(null);
  const at = output ?? likeliest;
  const added = useMemo(() => addedIn(explained, row, at), [explained, row, at]);
  const name = explained.outputs[at] ?? '';
  const what = explained.outputs.length > 1 ? trans.__('Probability of %1', name) : name;
  const picture = useMemo(() => {
    const bars = added.slice(0, MOST_BARS).reverse();
    return {
      data: [
        {
          type: 'bar',
          orientation: 'h',
          x: bars.map(bar => bar.added),
          y: bars.map(bar => `${short(bar.feature)} = ${short(bar.value)}`),
          hovertemplate: '%{y}: %{x:+.4g}<extra></extra>',
          marker: { color: bars.map(bar => colourOf(bar.added < 0 ? 1 : 0)) },
        },
      ],
      xAxis: titled(trans.__('Adds to: %1', what)),
      yAxis: { type: 'category', showgrid: false },
    };
  }, [added, what, trans]);
  const rows: [string, string][] = explained.rows.map((_, index) => [
    String(index),
    trans.__('Row %1', index + 1),
  ]);
  const outputs: [string, string][] = explained.outputs.map((label, index) => [
    String(index),
    label,
  ]);
  const [first, truth] = [added[0], explained.truth[row]];
  return (
    <PictureCard
      id="explained"
      title={trans.__('Why it says so of a row')}
      columns={[trans.__('Column'), trans.__('Value'), trans.__('Adds')]}
      rows={() => added.map(one => [one.feature, one.value, one.added])}
      isWide
      options={
        <>
          <Choice
            label={trans.__('Row')}
            value={String(row)}
            options={rows}
            onChange={value => setRow(Number(value))}
          />
          {outputs.length > 1 && (
            <Choice
              label={trans.__('Class')}
              value={String(at)}
              options={outputs}
              onChange={value => setOutput(Number(value))}
            />
          )}
        </>
      }
    >
      <Plot
        {...picture}
        height={250}
        summary={trans.__('%1 adds the most: %2', first?.feature ?? '', first?.added ?? 0)}
      />
      <p className="jp-MlwsChartCard-note">
        {trans.__(
          '%1: %2 on average, %3 for this row, which is truly %4.',
          what,
          metric(explained.base[at], locale),
          metric(answers[at], locale),
          typeof truth === 'number' ? metric(truth, locale) : String(truth ?? '–'),
        )}
      </p>
    </PictureCard>
  );
}

function short(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}
