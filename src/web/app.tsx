import { ExportMenu } from './export/export-menu.tsx';
import { Detail } from './detail/detail.tsx';
import { ResourceHead } from './resource/resource-head.tsx';
import { ColumnsMenu } from './facets/columns-menu.tsx';
import { FacetsButton } from './facets/facets-button.tsx';
import { FilterBox } from './filter-box/filter-box.tsx';
import { RangeMenu } from './filter-box/range-menu.tsx';
import { ViewsMenu } from './saved-views/views-menu.tsx';
import { ZoneMenu } from './filter-box/zone-menu.tsx';
import { keyRejection } from './data/server-info.ts';
import { key } from './data/session.ts';
import { isLogEmpty, isNothingMatching } from './data/feed-state.ts';
import { EventList } from './list/event-list.tsx';
import { HelpButton } from './help/help-button.tsx';
import { Logo } from './parts/icons.tsx';
import { lazy } from './parts/lazy.tsx';
import { areFacetsShown, detailWidth, isHistogramShown } from './parts/settings.ts';
import { ConnectionStatus } from './status/connection-status.tsx';
import { Copied } from './status/copied.tsx';
import { ThemeButton } from './status/theme-button.tsx';

// Loaded after the list, so that the first rows do not wait for them.
const Histogram = lazy(async () => (await import('./histogram/histogram.tsx')).Histogram, 'z h');
const Facets = lazy(async () => (await import('./facets/facets.tsx')).Facets);
// Loaded when they are needed.
const FirstEvent = lazy(async () => (await import('./status/first-event.tsx')).FirstEvent);
const NothingMatches = lazy(async () => (await import('./status/nothing-matches.tsx')).NothingMatches);
const KeyMenu = lazy(async () => (await import('./status/key-menu.tsx')).KeyMenu);
const KeyDialog = lazy(async () => (await import('./status/key-dialog.tsx')).KeyDialog);

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
        <ZoneMenu />
        {key.value !== null && <KeyMenu />}
        <ThemeButton />
        <HelpButton />
      </header>
      {keyRejection.value === null ? <Panels /> : <KeyDialog />}
      <Copied />
    </div>
  );
}

/** What a key shows: removed while the server accepts none. */
function Panels() {
  return (
    <>
      <div class="tools" role="search">
        <FacetsButton />
        <FilterBox />
        <RangeMenu />
        <ViewsMenu />
        <div class="tool-icons">
          <ExportMenu />
          <span class="phone-only">
            <ColumnsMenu />
          </span>
        </div>
      </div>
      <div>
        <ResourceHead />
        {!isLogEmpty.value && (
          <div class={isHistogramShown.value ? 'histogram-place' : 'histogram-place folded'}>
            <Histogram />
          </div>
        )}
      </div>
      <div class={areFacetsShown.value ? 'columns' : 'columns without-facets'}>
        <Facets />
        <EventList tools={<ColumnsMenu />} />
        {isLogEmpty.value ? <FirstEvent /> : isNothingMatching.value && <NothingMatches />}
        <Detail />
      </div>
    </>
  );
}
