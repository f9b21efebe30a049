// What the AutoML wizard asks for a forecast.
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AutoMLDraft } from '../model/automldraft';
import { useLanguage } from '../ui/context';
import { Check } from '../ui/controls';
import { blockerWord } from './automl-words';
import { Field, SelectField } from './rundialog-fields';

/** Columns that are drawn as boxes. */
const MAX_BOXES = 30;

/** Why a task is proposed. */
export function proposal(
  draft: AutoMLDraft,
  task: string,
  distinct: string,
  trans: TranslationBundle,
): string {
  const name = draft.fields.target;
  switch (task) {
    case 'forecasting':
      return trans.__('Proposed: %1 is a number, and %2 has moments.', name, draft.time);
    case 'regression':
      return trans.__('Proposed: %1 is a number with %2 values.', name, distinct);
    default:
      return trans.__('Proposed: %1 has %2 classes.', name, distinct);
  }
}

/** What is forecast, in one line. */
export function forecastLine(draft: AutoMLDraft, trans: TranslationBundle): string {
  const { horizon } = draft.fields;
  const ahead = horizon.trim()
    ? trans._n('%1 step ahead', '%1 steps ahead', Number(horizon))
    : trans.__('as far ahead as the series allow');
  const each = draft.series.length > 0 ? trans.__('for each %1', draft.series.join(' × ')) : '';
  return [draft.time, ahead, each].filter(Boolean).join(', ');
}

export function ForecastFields(props: { draft: AutoMLDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  const { fields, problems, series, time } = draft;
  const isWrong = draft.blocker('task') === 'horizon';
  return (
    <>
      <SelectField
        label={trans.__('Time')}
        help={trans.__('The column that says when.')}
        value={time}
        options={[
          ...(time ? [] : [['', trans.__('Choose…')] as const]),
          ...draft.moments.map(({ name }) => [name, name] as const),
        ]}
        onChange={name => draft.describe({ time: name, series: null })}
      />
      <Field
        label={trans.__('Steps ahead')}
        help={trans.__('How many are forecast; empty: as the series propose, such as one season.')}
        problem={isWrong ? blockerWord('horizon', trans) : problems['forecasting.forecast_horizon']}
      >
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            inputMode="numeric"
            value={fields.horizon}
            onChange={event => draft.describe({ horizon: event.target.value })}
          />
        )}
      </Field>
      <Boxes
        legend={trans.__('One series for each')}
        note={trans.__('With none, the table is one series, and each moment stands once in it.')}
        names={draft.keys.map(({ name }) => name)}
        chosen={series}
        onChange={names => draft.describe({ series: names })}
      />
      <Boxes
        legend={trans.__('Known only afterwards')}
        note={trans.__('Who asks for a forecast gives all other columns of the future.')}
        names={draft.features.map(({ name }) => name)}
        chosen={fields.unknown}
        onChange={names => draft.describe({ unknown: names })}
      />
    </>
  );
}

function Boxes(props: {
  legend: string;
  note: string;
  names: readonly string[];
  chosen: readonly string[];
  onChange: (names: string[]) => void;
}): JSX.Element | null {
  const { names, chosen } = props;
  if (names.length === 0) {
    return null;
  }
  return (
    <fieldset className="jp-MlwsWizard-boxes">
      <legend>{props.legend}</legend>
      <div className="jp-MlwsWizard-checks">
        {names.slice(0, MAX_BOXES).map(name => (
          <Check
            key={name}
            label={name}
            checked={chosen.includes(name)}
            onChange={isChosen =>
              props.onChange(isChosen ? [...chosen, name] : chosen.filter(other => other !== name))
            }
          />
        ))}
      </div>
      <p className="jp-MlwsNote">{props.note}</p>
    </fieldset>
  );
}
