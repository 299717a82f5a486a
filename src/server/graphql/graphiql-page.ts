import { Worker } from 'node:worker_threads';
import { StaticPage, type PageBytes } from '../../transport/static-page.ts';

/** The GraphiQL page in its present variant. */
export type GraphiQLPage = () => Promise<StaticPage>;

/**
 * Renders the GraphiQL page at the first request for it, and again only if the server changes
 * between open and closed. `keys.isOpen`: the server accepts requests without a key.
 */
export function createGraphiQLPage(keys: { readonly isOpen: boolean }): GraphiQLPage {
  let rendered: { readonly isOpen: boolean; readonly page: Promise<StaticPage> } | null = null;
  return () => {
    const { isOpen } = keys;
    if (rendered?.isOpen !== isOpen) {
      const current = { isOpen, page: render(isOpen) };
      rendered = current;
      current.page.catch(() => {
        if (rendered === current) rendered = null; // the next request tries again
      });
    }
    return rendered.page;
  };
}

async function render(isOpen: boolean): Promise<StaticPage> {
  // GraphiQL sends the headers of its Headers tab, and so a key, over SSE but not over WebSockets.
  const workerData = { title: 'Tidings', subscriptionsProtocol: isOpen ? 'WS' : 'SSE', defaultQuery };
  const worker = new Worker(new URL('./graphiql-worker.js', import.meta.url), { workerData });
  worker.unref(); // a shutdown does not wait for it
  return new StaticPage(
    await new Promise<PageBytes>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that renders GraphiQL ended with code ${code}`)));
    }),
  );
}

/** What GraphiQL shows first. */
export const defaultQuery = `# Emit an event, query events, and subscribe to new ones.

mutation EmitEvent {
  emitEvent(input: {
    event: "acme.user.logged-in"
    resource: { id: "acme.user.kiki", name: "Kiki" }
    payload: { browser: "Firefox" }
  }) {
    status
    event { id cursor }
    userErrors { field message }
  }
}

query FindEvents {
  events(first: 10) {
    nodes { id occurred event resource { resourceId name } payload }
  }
}

subscription Events {
  events { id occurred event resource { resourceId name } cursor }
}
`;
