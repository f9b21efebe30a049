// The report of a reproduction on the page of its run; what draws it is fetched when there is one.
import { lazy, Suspense } from 'react';
import type { Status } from '../api/client';
import { Skeleton } from '../ui/states';

const Report = lazy(async () => ({ default: (await import('./reproduction')).Report }));

export function ReproductionCard(props: { runId: string; status: Status }): JSX.Element {
  return (
    <Suspense fallback={<Skeleton rows={1} />}>
      <Report {...props} />
    </Suspense>
  );
}
