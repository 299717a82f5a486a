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
export const LinkIcon = icon(
  'M7 9a2.5 2.5 0 0 0 3.5 0l2-2A2.5 2.5 0 0 0 9 3.5l-.7.7M9 7a2.5 2.5 0 0 0-3.5 0l-2 2A2.5 2.5 0 0 0 7 12.5l.7-.7',
);
export const SearchIcon = icon('M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5L13.5 13.5');
export const ZoomOutIcon = icon('M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5L13.5 13.5M5 7h4');
