// The card of parallel coordinates on the runs page.
import { both } from '../model/search';
import { useLanguage } from '../ui/context';
import { CardFrame, ColumnsTable } from './card-frame';
import type { IManyCardProps } from './card-importance';
import { useColumnsOf } from './card-many';
import { Axes, HEIGHT } from './parallel';

export function ParallelCard(props: IManyCardProps): JSX.Element {
  const { card, model } = props;
  const { trans } = useLanguage();
  const columns = (card.columns ?? []).filter(Boolean);
  const { runs, instead, note } = useColumnsOf(model, columns);
  return (
    <CardFrame
      id={card.id}
      kind={card.kind}
      title={trans.__('Parallel coordinates')}
      tools={props.tools}
      options={props.options}
      note={note}
      height={HEIGHT}
      chart={() =>
        instead ??
        (runs && (
          <Axes
            runs={runs}
            columns={columns}
            look={model}
            onOrder={next => model.charts.configure(card.id, { columns: next })}
            onFilter={filter => model.ask({ text: both(model.filter, filter) })}
          />
        ))
      }
      table={() => instead ?? (runs && <ColumnsTable runs={runs} columns={columns} />)}
    />
  );
}
