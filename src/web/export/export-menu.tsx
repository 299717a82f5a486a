import { useSignal } from '@preact/signals';
import { CopyIcon, ExportIcon } from '../parts/icons.tsx';
import { lazy } from '../parts/lazy.tsx';
import { Popover } from '../parts/popover.tsx';
import './export.css';

const CopyItems = lazy(() => import('./copy-items.tsx').then((module) => module.CopyItems));
const ExportDialog = lazy(() => import('./export-dialog.tsx').then((module) => module.ExportDialog));

/** Copies and exports what the list shows. */
export function ExportMenu() {
  const isOpen = useSignal(false);
  return (
    <div class="export-menu">
      <Popover label="Copy the filter" button={<CopyIcon />} class="icon-button" kind="menu">
        <CopyItems />
      </Popover>
      <button type="button" class="icon-button" aria-label="Export events" title="Export events" onClick={() => (isOpen.value = true)}>
        <ExportIcon />
      </button>
      {isOpen.value && <ExportDialog onClose={() => (isOpen.value = false)} />}
    </div>
  );
}
