// The charts of the runs page: cards of all kinds, which one adds, changes, moves and takes away.
import '../../style/pages.css';
import '../../style/runs.css';
import { useCallback, useMemo, useState } from 'react';
import { CARD_KINDS, type CardKind, type ICard, type ILineLook } from '../model/cards';
import type { RunsModel } from '../model/runs';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, Skeleton } from '../ui/states';
import { ImportanceCard } from './card-importance';
import { CardOptions } from './card-options';
import { ParallelCard } from './card-parallel';
import { PlotCard } from './card-plot';
import { ChartCard, LineBar } from './series';
import { type ISeriesSource, isSingle } from './series-lines';
import { ValueCard } from './series-value';

export function ChartCards(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const { charts } = model;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.series);
  useSignal(model.changed);
  useSignal(model.look.changed);
  const [opened, setOpened] = useState<string | null>(null);
  const source = useSource(model);
  const look = model.look.value;
  const { cards } = charts;
  return (
    <aside
      className="jp-MlwsRuns-charts"
      aria-label={trans.__('Charts')}
      style={{ flexBasis: `${look.chartsWidth}%` }}
    >
      <LineBar
        look={look.lines}
        onChange={lines => {
          model.look.value = { ...look, lines };
        }}
        zoom={model.zoom}
      >
        <AddCard onAdd={kind => setOpened(charts.add(kind))} />
        {look.cards && (
          <Button
            minimal
            title={trans.__('One chart for each metric again')}
            onClick={() => charts.reset()}
          >
            {trans.__('Reset charts')}
          </Button>
        )}
      </LineBar>
      {error && <ErrorStrip error={error} onRetry={() => void model.series.refresh()} />}
      {!value && !error && <Skeleton rows={6} />}
      {value && cards.length === 0 && (
        <Empty text={trans.__('No run is charted. Switch on the eye of a run in the table (e).')} />
      )}
      <div className="jp-MlwsChartCards">
        {cards.map(card => (
          <Boundary key={card.id}>
            <Card
              card={card}
              model={model}
              source={source}
              isOpen={opened === card.id}
              onOpen={isOpen => setOpened(isOpen ? card.id : null)}
            />
          </Boundary>
        ))}
      </div>
    </aside>
  );
}

/** What line cards draw, the same objects as long as nothing has changed. */
function useSource(model: RunsModel): ISeriesSource {
  const { charted } = model;
  const points = model.series.value;
  const byId = useMemo(() => new Map(charted.map(run => [run.run_id, run])), [charted]);
  const nameOf = useCallback((id: string) => byId.get(id)?.name ?? id, [byId]);
  const colourOf = useCallback((id: string) => model.colourOf(id), [model]);
  const paramOf = useCallback((id: string, param: string) => byId.get(id)?.params?.[param], [byId]);
  // A closed eye takes its lines away at once, before points are read anew.
  const series = useMemo(() => (points ?? []).filter(one => byId.has(one.run_id)), [points, byId]);
  return useMemo(
    () => ({
      series,
      nameOf,
      colourOf,
      paramOf,
      lit: model.hovered,
      startOf: startUnknown,
      zoom: model.zoom,
    }),
    [series, nameOf, colourOf, paramOf, model],
  );
}

/** Each run starts at its first point. */
function startUnknown(): undefined {
  return undefined;
}

/** What a kind of card is called. */
export function kindTitle(kind: CardKind, trans: ReturnType<typeof useLanguage>['trans']): string {
  const titles: Record<CardKind, string> = {
    line: trans.__('Line'),
    parallel: trans.__('Parallel coordinates'),
    scatter: trans.__('Scatter'),
    contour: trans.__('Contour'),
    importance: trans.__('Importance of parameters'),
    box: trans.__('Box'),
  };
  return titles[kind];
}

function AddCard(props: { onAdd: (kind: CardKind) => void }): JSX.Element {
  const { trans } = useLanguage();
  return (
    <select
      className="jp-MlwsAdd"
      aria-label={trans.__('Add chart')}
      value=""
      onChange={event => props.onAdd(event.target.value as CardKind)}
    >
      <option value="" disabled hidden>
        {trans.__('Add chart')}
      </option>
      {CARD_KINDS.map(kind => (
        <option key={kind} value={kind}>
          {kindTitle(kind, trans)}
        </option>
      ))}
    </select>
  );
}

interface ICardProps {
  card: ICard;
  model: RunsModel;
  source: ISeriesSource;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
}

function Card(props: ICardProps): JSX.Element | null {
  const { card, model, source, isOpen, onOpen } = props;
  const tools = <CardTools card={card} model={model} isOpen={isOpen} onOpen={onOpen} />;
  const options = isOpen ? <CardOptions card={card} model={model} /> : null;
  const shared = model.look.value.lines;
  const look = useMemo<ILineLook>(() => ({ ...shared, ...card.line }), [shared, card.line]);
  switch (card.kind) {
    case 'line': {
      const name = card.metric ?? '';
      return isSingle(source.series, name) ? (
        <ValueCard {...source} metric={name} tools={tools} options={options} />
      ) : (
        <ChartCard
          {...source}
          metric={name}
          look={look}
          groupBy={card.groupBy}
          tools={tools}
          options={options}
        />
      );
    }
    case 'importance':
      return <ImportanceCard card={card} model={model} tools={tools} options={options} />;
    case 'parallel':
      return <ParallelCard card={card} model={model} tools={tools} options={options} />;
    default:
      return <PlotCard card={card} model={model} tools={tools} options={options} />;
  }
}

function CardTools(props: Omit<ICardProps, 'source'>): JSX.Element {
  const { trans } = useLanguage();
  const { card, model, isOpen, onOpen } = props;
  const { charts } = model;
  return (
    <span className="jp-MlwsChartCard-tools">
      <Button
        minimal
        aria-expanded={isOpen}
        title={trans.__('Options of the chart')}
        onClick={() => onOpen(!isOpen)}
      >
        ⚙
      </Button>
      <Button minimal title={trans.__('Move forward')} onClick={() => charts.move(card.id, -1)}>
        ←
      </Button>
      <Button minimal title={trans.__('Move back')} onClick={() => charts.move(card.id, 1)}>
        →
      </Button>
      <Button minimal title={trans.__('Remove the chart')} onClick={() => charts.remove(card.id)}>
        ×
      </Button>
    </span>
  );
}
