// How far a metric is from that of another run, marked where better or worse is known.
import '../../style/compare.css';
import type { MetricRow } from '../api/client';
import { useLanguage } from '../ui/context';
import { metric } from '../ui/format';

/** Nothing where they are equal or one is not there. */
export function Delta(props: { row: MetricRow | undefined; at: number }): JSX.Element | null {
  const { row, at } = props;
  const { trans, locale } = useLanguage();
  const delta = row?.deltas[at];
  const relative = row?.relative[at];
  if (!row || !delta) {
    return null;
  }
  const better = row.goal ? delta > 0 === (row.goal === 'maximize') : null;
  const word = better === null ? undefined : better ? trans.__('better') : trans.__('worse');
  const percent = new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumSignificantDigits: 3,
    signDisplay: 'exceptZero',
  });
  return (
    <span className={`jp-MlwsDelta ${tone(better)}`} title={word}>
      {delta > 0 ? '▲' : '▼'} {metric(Math.abs(delta), locale)}
      {relative != null && ` (${percent.format(relative)})`}
      {word && <span className="jp-MlwsVisuallyHidden">{word}</span>}
    </span>
  );
}

export function tone(better: boolean | null | undefined): string {
  return better == null ? '' : better ? 'jp-mod-good' : 'jp-mod-bad';
}
