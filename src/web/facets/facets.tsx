import { useEffect, useState } from 'preact/hooks';
import { lazy } from '../parts/lazy.tsx';
import { ModalDialog } from '../parts/modal-dialog.tsx';
import { areFacetsShown } from '../parts/settings.ts';
import { printable } from '../text/printable.ts';
import { allValues } from './all-values-button.ts';
import { eventFields, useEventFields, type EventField } from './sampled-fields.ts';
import { isNarrow, isSheetOpen } from './facets-button.tsx';
import { FacetSection, isSectionOpen } from './facet-section.tsx';
import './facets.css';
import { isTouched } from './use-values.ts';
import { ValueLevel } from './value-level.tsx';
import type { Field } from './without-field.ts';

/** The values that matching events have, with counts. */
export function Facets() {
  return (
    <>
      {isNarrow.value ? isSheetOpen.value && <Sheet /> : areFacetsShown.value && <Panel />}
      {allValues.value !== null && <AllValues {...allValues.value} />}
    </>
  );
}

function Panel() {
  return (
    <aside
      class="facets"
      aria-label="Values"
      onPointerEnter={() => (isTouched.value = true)}
      onPointerLeave={() => (isTouched.value = false)}
      onFocusIn={() => (isTouched.value = true)}
      onFocusOut={() => (isTouched.value = false)}
    >
      <Sections />
    </aside>
  );
}

function Sheet() {
  useEffect(() => {
    isTouched.value = true;
    return () => (isTouched.value = false);
  }, []);
  return (
    <ModalDialog title="Values" class="facets-sheet" onClose={() => (isSheetOpen.value = false)}>
      <Sections />
    </ModalDialog>
  );
}

function Sections() {
  return (
    <>
      <FacetSection name="event" title="Event">
        <ValueLevel field={{ is: 'event' }} segments={2} />
      </FacetSection>
      <FacetSection name="resource" title="Resource">
        <ValueLevel field={{ is: 'resource' }} segments={2} />
      </FacetSection>
      <FieldSection name="role" title="Related" list="roles" fieldOf={(role) => ({ is: 'role', role })} />
      <FieldSection name="label" title="Labels" list="labels" fieldOf={(key) => ({ is: 'label', key })} />
    </>
  );
}

interface FieldSectionProps {
  readonly name: string;
  readonly title: string;
  readonly list: 'roles' | 'labels';
  readonly fieldOf: (name: string) => Field;
}

/** Sections for the roles or label keys of the newest matching events. */
function FieldSection({ name, title, list, fieldOf }: FieldSectionProps) {
  return (
    <FacetSection name={name} title={title}>
      <FieldList name={name} list={list} fieldOf={fieldOf} />
    </FacetSection>
  );
}

function FieldList({ name, list, fieldOf }: Omit<FieldSectionProps, 'title'>) {
  useEventFields();
  const [isWhole, setWhole] = useState(false);
  const { fields, error } = eventFields.value;
  if (error !== null) return <p class="facet-note">{error}</p>;
  if (fields === null) return <p class="facet-note faint late">Loading</p>;
  const all = fields[list].filter(isCounted);
  const shown = isWhole ? all : all.filter((field, index) => index < shownFields || isSectionOpen(`${name}:${field.name}`));
  if (all.length === 0) return <p class="facet-note muted">{list === 'roles' ? 'No related resources.' : 'No labels.'}</p>;
  return (
    <>
      {shown.map((field) => (
        <FacetSection key={field.name} name={`${name}:${field.name}`} title={printable(field.name)} isInner>
          <ValueLevel field={fieldOf(field.name)} />
        </FacetSection>
      ))}
      {shown.length < all.length && (
        <button class="show-all" onClick={() => setWhole(true)}>
          Show {all.length - shown.length} more
        </button>
      )}
    </>
  );
}

/** The name of a resource is not worth counting: the section Resource has it. */
function isCounted({ name }: EventField): boolean {
  return name !== 'prefect.resource.name';
}

/** Loaded when it is used. */
const AllValues = lazy(() => import('./all-values.tsx').then((module) => module.AllValues));

const shownFields = 10;
