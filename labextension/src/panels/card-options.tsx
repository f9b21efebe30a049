// What can be chosen for a card: its metric or columns, and how it is drawn.
import { type ICard, keyOf, MOST_COLUMNS } from '../model/cards';
import type { RunsModel } from '../model/runs';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice } from '../ui/controls';
import { LineControls } from './series';

export function CardOptions(props: { card: ICard; model: RunsModel }): JSX.Element {
  const { card, model } = props;
  const { charts } = model;
  const { trans } = useLanguage();
  const set = (change: Partial<ICard>): void => charts.configure(card.id, change);
  return (
    <div className="jp-MlwsChartCard-options">
      {(card.kind === 'line' || card.kind === 'importance') && (
        <Choice
          label={trans.__('Metric')}
          value={card.metric ?? ''}
          options={withChosen(charts.names.metrics, card.metric).map(name => [name, name])}
          onChange={metric => set({ metric })}
        />
      )}
      {card.kind === 'line' && <LineOptions card={card} model={model} set={set} />}
      {card.kind === 'parallel' && <Axes card={card} model={model} set={set} />}
      {['scatter', 'contour', 'box'].includes(card.kind) && (
        <Columns card={card} model={model} set={set} />
      )}
    </div>
  );
}

interface IOptionsProps {
  card: ICard;
  model: RunsModel;
  set: (change: Partial<ICard>) => void;
}

function LineOptions({ card, model, set }: IOptionsProps): JSX.Element {
  const { trans } = useLanguage();
  const { names } = model.charts;
  return (
    <>
      <Choice
        label={trans.__('Mean and band by')}
        value={card.groupBy ?? ''}
        options={[
          ['', trans.__('nothing')],
          ...withChosen(names.params, card.groupBy).map(name => [name, name] as [string, string]),
        ]}
        onChange={groupBy => set({ groupBy })}
      />
      <LineControls
        look={{ ...model.look.value.lines, ...card.line }}
        onChange={line => set({ line })}
      />
      {card.line && (
        <Button minimal onClick={() => set({ line: undefined })}>
          {trans.__('As all charts')}
        </Button>
      )}
    </>
  );
}

function Columns({ card, model, set }: IOptionsProps): JSX.Element {
  const { trans } = useLanguage();
  const columns = card.columns ?? [];
  const labels: Partial<Record<ICard['kind'], string[]>> = {
    scatter: [trans.__('Across'), trans.__('Up'), trans.__('Colour')],
    contour: [trans.__('Across'), trans.__('Up'), trans.__('Value')],
    box: [trans.__('Groups'), trans.__('Value')],
  };
  return (
    <>
      {(labels[card.kind] ?? []).slice(0, MOST_COLUMNS[card.kind]).map((label, at) => (
        <Choice
          key={label}
          label={label}
          value={columns[at] ?? ''}
          options={[
            ['', '–'],
            ...withChosen(allColumns(model), columns[at]).map(
              column => [column, keyOf(column)] as [string, string],
            ),
          ]}
          onChange={column => {
            const next = [...columns];
            next[at] = column;
            set({ columns: next });
          }}
        />
      ))}
    </>
  );
}

function Axes({ card, model, set }: IOptionsProps): JSX.Element {
  const { trans } = useLanguage();
  const columns = card.columns ?? [];
  const all = [...new Set([...allColumns(model), ...columns])];
  const isFull = columns.length >= MOST_COLUMNS.parallel;
  return (
    <fieldset className="jp-MlwsChartCard-axes">
      <legend>{trans.__('Axes, at most %1', MOST_COLUMNS.parallel)}</legend>
      {all.map(column => {
        const isChosen = columns.includes(column);
        return (
          <Check
            key={column}
            label={keyOf(column)}
            checked={isChosen}
            onChange={isWanted => {
              if (!isWanted) {
                set({ columns: columns.filter(one => one !== column) });
              } else if (!isFull) {
                set({ columns: [...columns, column] });
              }
            }}
          />
        );
      })}
    </fieldset>
  );
}

function allColumns(model: RunsModel): string[] {
  const { metrics, params } = model.charts.names;
  return [...params.map(name => `params.${name}`), ...metrics.map(name => `metrics.${name}`)];
}

/** `names`, and the chosen one where it is none of them: a view may name what no run has that is shown. */
function withChosen(names: readonly string[], chosen: string | undefined): readonly string[] {
  return chosen && !names.includes(chosen) ? [chosen, ...names] : names;
}
