import type { ComponentChildren } from 'preact';
import { ChevronIcon } from '../parts/icons.tsx';
import { setting } from '../parts/settings.ts';

/** Which sections are open. */
const open = setting<Readonly<Record<string, boolean>>>('values-open', { event: true, resource: true });

export function isSectionOpen(name: string): boolean {
  return open.value[name] === true;
}

export interface FacetSectionProps {
  /** Its name in the settings of this browser. */
  readonly name: string;
  readonly title: string;
  /** A section inside another one. */
  readonly isInner?: boolean;
  readonly children: ComponentChildren;
}

/** A section that loads what it shows when it is opened. */
export function FacetSection({ name, title, isInner = false, children }: FacetSectionProps) {
  const isOpen = isSectionOpen(name);
  const toggle = (): void => {
    open.value = { ...open.peek(), [name]: !isOpen };
  };
  return (
    <section class={isInner ? 'facet inner' : 'facet'} aria-label={title}>
      <button class="facet-title" aria-expanded={isOpen} onClick={toggle}>
        <ChevronIcon />
        <span class="cut">{title}</span>
      </button>
      {isOpen && children}
    </section>
  );
}
