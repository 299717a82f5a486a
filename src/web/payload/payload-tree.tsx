import { useSignal, type Signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext, useEffect, useMemo, useRef } from 'preact/hooks';
import { ExactNumber, type JsonObject } from '../../client/tidings-client.ts';
import { ChevronDownIcon, ChevronRightIcon } from '../parts/icons.tsx';
import { ValueLink } from '../parts/value-link.tsx';
import { printable } from '../text/printable.ts';
import {
  bytesText,
  entriesOf,
  indexOfKey,
  isBeyondDouble,
  isContainer,
  isWebAddress,
  sizeOf,
  summaryOf,
  type Container,
} from './json-value.ts';
import { PathMenu, type PathTarget } from './path-menu.tsx';
import { PayloadSearch } from './payload-search-box.tsx';
import type { Keys } from './payload-search.ts';
import { pathOf } from './value-path.ts';

interface TreeState {
  /** What the search points at: the tree opens the way to it. */
  readonly found: Signal<Keys | null>;
  readonly target: Signal<PathTarget | null>;
  /** The members of the payload that are open at first. */
  readonly opened: ReadonlySet<string>;
}
const TreeContext = createContext<TreeState | null>(null);

/** A payload as a tree. Only what is open is rendered: two levels at first, and 100 entries of each. */
export function PayloadTree({ payload }: { readonly payload: JsonObject }) {
  const found = useSignal<Keys | null>(null);
  const target = useSignal<PathTarget | null>(null);
  const state = useMemo(() => ({ found, target, opened: openedAtFirst(payload) }), [payload]);
  return (
    <TreeContext.Provider value={state}>
      <PayloadSearch payload={payload} found={found} />
      <ul class="payload-tree">
        <Entries value={payload} keys={noKeys} />
      </ul>
      <PathMenu target={target} />
    </TreeContext.Provider>
  );
}

/** The first ones, up to a number of rows. */
function openedAtFirst(payload: JsonObject): ReadonlySet<string> {
  const opened = new Set<string>();
  let rows = 0;
  for (const [key, value] of entriesOf(payload, 0, pageSize)) {
    if (!isContainer(value)) continue;
    rows += Math.min(sizeOf(value), pageSize);
    if (rows > maxRowsAtFirst) break;
    opened.add(key);
  }
  return opened;
}

function Entries({ value, keys }: { readonly value: Container; readonly keys: Keys }) {
  const found = useContext(TreeContext)?.found.value ?? null;
  const shown = useSignal(pageSize);
  const size = sizeOf(value);
  const wanted = found !== null && startsWith(found, keys) ? indexOfKey(value, found[keys.length] ?? '') : -1;
  useEffect(() => {
    if (wanted >= shown.value) shown.value = wanted + 1;
  }, [wanted]);
  // With a match far away, the entries around it are shown, not all before it.
  const end = Math.min(shown.value, size);
  const start = Math.max(0, end - maxEntries);
  const remaining = size - end;
  return (
    <>
      {start > 0 && <li class="faint payload-note">{start.toLocaleString('en')} entries before are not shown.</li>}
      {entriesOf(value, start, end).map(([key, each]) => (
        <Entry key={key} name={key} value={each} parent={keys} isElement={Array.isArray(value)} />
      ))}
      {remaining > 0 && (
        <li class="payload-note">
          <button type="button" class="button quiet" onClick={() => (shown.value += pageSize)}>
            {Math.min(pageSize, remaining)} more of {remaining.toLocaleString('en')}
          </button>
        </li>
      )}
    </>
  );
}

interface EntryProps {
  readonly name: string;
  readonly value: unknown;
  readonly parent: Keys;
  readonly isElement: boolean;
}

function Entry({ name, value, parent, isElement }: EntryProps) {
  const tree = useContext(TreeContext);
  const found = tree?.found.value ?? null;
  const keys = useMemo(() => [...parent, name], [parent, name]);
  const isOnWay = found !== null && found.length > keys.length && startsWith(found, keys);
  const isFound = found !== null && found.length === keys.length && startsWith(found, keys);
  const isOpen = useSignal(keys.length === 1 && tree?.opened.has(name) === true);
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isOnWay) isOpen.value = true;
    if (isFound) row.current?.scrollIntoView({ block: 'center' });
  }, [isOnWay, isFound]);
  const path = pathOf(keys);
  const label = (
    <button
      type="button"
      class={isElement ? 'payload-key faint number' : 'payload-key'}
      aria-haspopup="true"
      onClick={({ currentTarget: opener }) => {
        if (tree !== null) tree.target.value = { path, value, opener };
      }}
    >
      {shortKey(name)}
    </button>
  );
  if (!isContainer(value)) {
    return (
      <li>
        <div class="payload-row" ref={row} data-found={isFound || undefined} data-path={path ?? undefined}>
          {label}
          <Scalar value={value} path={path} />
        </div>
      </li>
    );
  }
  const isEmpty = sizeOf(value) === 0;
  return (
    <li>
      <div class="payload-row" ref={row} data-found={isFound || undefined} data-path={path ?? undefined}>
        {!isEmpty && (
          <button
            type="button"
            class="payload-toggle"
            aria-expanded={isOpen.value}
            aria-label={`${printable(name)}, ${summaryOf(value)}`}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            {isOpen.value ? <ChevronDownIcon /> : <ChevronRightIcon />}
          </button>
        )}
        {label}
        <span class="faint">{summaryOf(value)}</span>
      </div>
      {isOpen.value && !isEmpty && (
        <ul class="payload-tree">
          <Entries value={value} keys={keys} />
        </ul>
      )}
    </li>
  );
}

function Scalar({ value, path }: { readonly value: unknown; readonly path: string | null }) {
  const isWhole = useSignal(false);
  if (typeof value === 'string' && isWebAddress(value)) {
    return (
      <a class="payload-address" href={value} target="_blank" rel="noopener noreferrer">
        {printable(value)}
      </a>
    );
  }
  const isCut = typeof value === 'string' && value.length > maxTextLength && !isWhole.value;
  const shown = typeof value === 'string' ? textOf(isCut ? value.slice(0, maxTextLength) : value) : String(value);
  const content = <span class={`payload-${kindOf(value)}`}>{shown}</span>;
  return (
    <span class="payload-value">
      {path === null || isLong(value) ? (
        content
      ) : (
        <ValueLink condition={{ is: 'payload', path, value }} name={`${printable(path)} ${printable(String(value))}`}>
          {content}
        </ValueLink>
      )}
      {isBeyondDouble(value) && (
        <span class="exact-mark" title="Shown exactly. Programs that read numbers as doubles can read another number.">
          exact
        </span>
      )}
      {isCut && (
        <button type="button" class="button quiet" onClick={() => (isWhole.value = true)}>
          show all ({bytesText(new TextEncoder().encode(value).length)})
        </button>
      )}
    </span>
  );
}

/** A text in quotes, so that "1" is not 1; a long one keeps its lines. */
function textOf(text: string): string {
  return `"${text
    .split('\n')
    .map(printable)
    .join(String.raw`\n`)}"`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return value instanceof ExactNumber ? 'number' : typeof value;
}

/** The server compares texts of any length, but a link cannot have them. */
function isLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > maxLinkLength;
}

function shortKey(key: string): string {
  const text = key === '' ? '""' : printable(key.slice(0, maxKeyLength));
  return key.length > maxKeyLength ? `${text}…` : text;
}

function startsWith(keys: Keys, prefix: Keys): boolean {
  return prefix.every((key, index) => keys[index] === key);
}

const noKeys: Keys = [];
const pageSize = 100;
const maxRowsAtFirst = 300;
/** Of one list or object, at once. */
const maxEntries = 2000;
const maxTextLength = 1000;
const maxLinkLength = 500;
const maxKeyLength = 120;
