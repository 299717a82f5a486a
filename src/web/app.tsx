import { ExportMenu } from './export/export-menu.tsx';
import { Detail } from './detail/detail.tsx';
import { Facets } from './facets/facets.tsx';
import { FilterBox } from './filter-box/filter-box.tsx';
import { RangeMenu } from './filter-box/range-menu.tsx';
import { Histogram } from './histogram/histogram.tsx';
import { EventList } from './list/event-list.tsx';
import { Help } from './help/help-dialog.tsx';
import { Logo } from './parts/icons.tsx';
import { areFacetsShown, detailWidth, isHistogramShown } from './parts/settings.ts';
import { ConnectionStatus } from './status/connection-status.tsx';
import { Copied } from './status/copied.tsx';
import { KeyDialog } from './status/key-dialog.tsx';
import { KeyMenu } from './status/key-menu.tsx';
import { ThemeButton } from './status/theme-button.tsx';

export function App() {
  return (
    <div class="page" style={{ '--detail-width': `${detailWidth.value}px` }}>
      <header class="bar">
        <h1 class="brand">
          <a href="/">
            <Logo /> Tidings
          </a>
        </h1>
        <ConnectionStatus />
        <span class="space" />
        <KeyMenu />
        <ThemeButton />
        <Help />
      </header>
      <div class="tools" role="search">
        <FilterBox />
        <RangeMenu />
        <ExportMenu />
      </div>
      {isHistogramShown.value ? <Histogram /> : <div />}
      <div class={areFacetsShown.value ? 'columns' : 'columns without-facets'}>
        {areFacetsShown.value && <Facets />}
        <EventList />
        <Detail />
      </div>
      <KeyDialog />
      <Copied />
    </div>
  );
}
