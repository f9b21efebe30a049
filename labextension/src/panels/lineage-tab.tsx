// The lineage as a part of other pages; its graph is fetched when the part is opened.
import { lazy, Suspense, useEffect, useState } from 'react';
import { LineageModel } from '../model/lineage';
import { Skeleton } from '../ui/states';
import { usePage } from './page';

const LineageParts = lazy(async () => ({ default: (await import('./lineage')).LineageParts }));

export function LineageTab(props: { node: string }): JSX.Element | null {
  const { client, models } = usePage().workspace;
  const [model, setModel] = useState<LineageModel | null>(null);
  useEffect(() => {
    const made = new LineageModel(client, models, props.node);
    setModel(made);
    return () => made.dispose();
  }, [client, models, props.node]);
  return (
    model && (
      <Suspense fallback={<Skeleton rows={6} />}>
        <LineageParts key={model.node} model={model} />
      </Suspense>
    )
  );
}
