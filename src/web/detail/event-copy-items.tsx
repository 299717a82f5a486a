import { copy } from '../parts/copy.ts';
import { copyCommand, copyCurl, copyJson, copyLink, copyQuery, copyRow, copyTypeScript } from './copy-event.ts';

/** What of an event can be copied. */
export function CopyItems({ id }: { readonly id: string }) {
  return (
    <>
      {items.map(({ name, keys, run }) => (
        <button key={name} type="button" onClick={() => void run(id)}>
          {name} {keys !== undefined && <kbd>{keys}</kbd>}
        </button>
      ))}
    </>
  );
}

const items: readonly { readonly name: string; readonly keys?: string; readonly run: (id: string) => Promise<void> }[] = [
  { name: 'Link', keys: 'l', run: copyLink },
  { name: 'Id', run: (id) => copy(id, 'Id') },
  { name: 'JSON document', keys: 'y', run: copyJson },
  { name: 'Row as text', run: copyRow },
  { name: 'GraphQL query', run: copyQuery },
  { name: 'curl', run: copyCurl },
  { name: 'Command line', run: copyCommand },
  { name: 'TypeScript', run: copyTypeScript },
];
