import { setting } from '../parts/settings.ts';
import { defaultView, readView, writeView } from '../view/view.ts';

/** A view with a name. */
export interface SavedView {
  readonly name: string;
  /** The query string of its address. */
  readonly search: string;
}

export const defaultViews: readonly SavedView[] = [
  { name: 'All', search: '' },
  { name: 'Rejected access', search: writeView({ ...defaultView, query: 'event:tidings.access.rejected' }) },
  { name: 'Last hour', search: writeView({ ...defaultView, range: { since: '-1h', until: null } }) },
];

/** The views that this browser keeps. */
export const savedViews = setting<readonly SavedView[]>('views', []);

/** Keeps a view. One of the same name is replaced. */
export function saveView(name: string, search: string): void {
  savedViews.value = [...savedViews.peek().filter((each) => each.name !== name), { name, search }];
}

export function removeView(name: string): void {
  savedViews.value = savedViews.peek().filter((each) => each.name !== name);
}

/** The query string of a link to a page of this kind, without its open event; null: it is no address. */
export function searchOfLink(link: string, base: string): string | null {
  if (!URL.canParse(link.trim(), base)) return null;
  const url = new URL(link.trim(), base);
  return /^https?:$/.test(url.protocol) ? keptSearch(url.search) : null;
}

/** What of a query string a saved view keeps. */
export function keptSearch(search: string): string {
  return writeView({ ...readView(search), event: null, panel: 'event' });
}
