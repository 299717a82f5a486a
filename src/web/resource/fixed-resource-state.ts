import { computed } from '@preact/signals';
import { conditions } from '../data/active-filter.ts';
import { setting } from '../parts/settings.ts';
import { fixedResource } from './fixed-resource.ts';

/** The resource whose events the list has; null: those of several. */
export const shownResource = computed(() => fixedResource(conditions.value));

/** Whether the log of a flow run is shown instead of the list of its events. */
export const isRunShown = setting('run-log', true);

export function isFlowRun(resourceId: string): boolean {
  return resourceId.startsWith('prefect.flow-run.');
}

/** The flow run whose log is shown in place of the list. */
export const shownRun = computed(() => {
  const id = shownResource.value;
  return isRunShown.value && id !== null && isFlowRun(id) ? id : null;
});
