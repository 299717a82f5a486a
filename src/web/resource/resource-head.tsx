import { ErrorBoundary } from '../parts/error-boundary.tsx';
import { lazy } from '../parts/lazy.tsx';
import { shownResource } from './fixed-resource-state.ts';

const ResourceSummary = lazy(async () => (await import('./resource-summary.tsx')).ResourceSummary);

/** About the resource, when the list has the events of exactly one. */
export function ResourceHead() {
  const id = shownResource.value;
  if (id === null) return null;
  return (
    <ErrorBoundary name="Resource" key={id}>
      <ResourceSummary id={id} />
    </ErrorBoundary>
  );
}
