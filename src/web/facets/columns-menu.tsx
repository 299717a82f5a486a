import { ColumnsIcon } from '../parts/icons.tsx';
import { lazy } from '../parts/lazy.tsx';
import { Popover } from '../parts/popover.tsx';

const Content = lazy(() => import('./columns-content.tsx').then(({ ColumnsContent }) => ColumnsContent));

/** Chooses the labels and payload values that the list shows in columns of their own. */
export function ColumnsMenu() {
  return (
    <Popover label="Columns" button={<ColumnsIcon />} class="icon-button">
      <Content />
    </Popover>
  );
}
