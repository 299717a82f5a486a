import type { ComponentChildren } from 'preact';

/* Icons of 16 px, in the colour of the text around them. */

function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
      {children}
    </svg>
  );
}

const icon = (path: string) => () => (
  <Icon>
    <path d={path} stroke-linecap="round" stroke-linejoin="round" />
  </Icon>
);

export const CloseIcon = icon('M4 4l8 8M12 4l-8 8');
export const UpIcon = icon('M8 13V3M4 7l4-4 4 4');
export const DownIcon = icon('M8 3v10M4 9l4 4 4-4');
export const CopyIcon = icon('M6 6h7v7H6zM3.5 10H3V3h7v.5');
export const PlusIcon = icon('M8 4v8M4 8h8');
export const MinusIcon = icon('M4 8h8');
export const ChevronDownIcon = icon('M4 6l4 4 4-4');
export const ChevronRightIcon = icon('M6 4l4 4-4 4');
export const ChainIcon = icon('M4 3v10M4 8h5M9 8v4h3M4 3h8');
export const AroundIcon = icon('M3 4h10M3 12h10M2 8h12');
export const SearchIcon = icon('M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5L13.5 13.5');
export const ZoomOutIcon = icon('M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5L13.5 13.5M5 7h4');
export const KeyIcon = icon('M7.5 11a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM7 9l6-6M11 5l2 2');
export const SunIcon = icon(
  'M10.8 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1',
);
export const MoonIcon = icon('M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z');
export const SystemThemeIcon = icon('M13.6 8A5.6 5.6 0 1 1 2.4 8a5.6 5.6 0 0 1 11.2 0zM8 2.4v11.2M8 4.5h4.4M8 7h5.5M8 9.5h5.4M8 12h3.8');
export const HelpIcon = icon(
  'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM6.4 6.2c.2-1 .9-1.5 1.7-1.5 1 0 1.7.6 1.7 1.5 0 1.3-1.7 1.3-1.7 2.6M8.1 11.1v.1',
);

export function Logo() {
  return (
    <svg width="18" height="18" viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="4" class="logo-ground" />
      <path d="M4 5h8M4 8h8M4 11h5" class="logo-lines" />
    </svg>
  );
}
export const ChevronIcon = icon('M6 4.5L9.5 8 6 11.5');
export const ValuesIcon = icon('M2 2.5h12v11H2zM6 2.5v11');
export const ColumnsIcon = icon('M2 2.5h12v11H2zM6 2.5v11M10 2.5v11');
export const ExportIcon = icon('M8 2.5v7M5 6.8L8 9.8l3-3M3 12.8h10');
export const FilterIcon = icon('M2.5 4.5h11M4.5 8h7M6.5 11.5h3');
export const ClockIcon = icon('M13.8 8A5.8 5.8 0 1 1 2.2 8a5.8 5.8 0 0 1 11.6 0zM8 4.8V8l2.2 1.6');
export const GlobeIcon = icon(
  'M13.8 8A5.8 5.8 0 1 1 2.2 8a5.8 5.8 0 0 1 11.6 0zM2.2 8h11.6M8 2.2c2 1.7 2.8 3.6 2.8 5.8S10 12.1 8 13.8C6 12.1 5.2 10.2 5.2 8S6 3.9 8 2.2z',
);
export const BookmarkIcon = icon('M4.5 2.5h7v11L8 10.8l-3.5 2.7z');
