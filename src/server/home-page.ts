export interface HomePageParts {
  readonly version: string;
  /** The Host header of the request. */
  readonly host: string | undefined;
  /** Whether the server accepts requests without a key. */
  readonly isOpen: boolean;
}

/**
 * The page for a person who opens the server's address in a browser: the endpoints, and a first
 * request.
 */
export function homePage({ version, host = '', isOpen }: HomePageParts): string {
  const key = "  -H 'authorization: Bearer &lt;key&gt;' \\\n";
  // The client controls the Host header: repeat it only if it cannot contain markup.
  const address = /^[\w.:[\]-]+$/.test(host) ? host : 'localhost:4000';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidings</title>
<style>
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 12vh auto 0; padding: 0 1.5rem; color: #1c2430; background: #fbfaf7; }
  h1 { font-size: 1.9rem; margin: 0 0 .2rem; }
  p.lead { margin-top: 0; color: #566072; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 2rem 0; }
  dt { font-family: ui-monospace, monospace; } dd { margin: 0; color: #566072; }
  a { color: #0b5fad; } pre { background: #f0ede5; padding: .9rem 1rem; border-radius: 6px; overflow-x: auto; font-size: .9rem; }
  @media (prefers-color-scheme: dark) { body { color: #e6e4dd; background: #16181c; } p.lead, dd { color: #a3a8b3; } a { color: #7ab8f5; } pre { background: #22252b; } }
</style>
</head>
<body>
<h1>Tidings</h1>
<p class="lead">Emit events, query them, and subscribe to new ones. Version ${version}.</p>
<dl>
  <dt><a href="/graphql">/graphql</a></dt><dd>GraphQL over HTTP, SSE and WebSocket; GraphiQL in a browser</dd>
  <dt><a href="/livez">/livez</a></dt><dd>200 while the process runs</dd>
  <dt><a href="/readyz">/readyz</a></dt><dd>200 while the database can be reached, else 503</dd>
  <dt><a href="/metrics">/metrics</a></dt><dd>metrics in the format of Prometheus${isOpen ? '' : '; a key with ADMIN or a token of its own is required'}</dd>
</dl>
<p>Emit a first event from a shell${isOpen ? '' : ' (create a key with <code>npm run tidings -- keys create NAME</code>; GraphiQL sends the one in its Headers tab)'}:</p>
<pre>curl -s http://${address}/graphql \\
  -H 'content-type: application/json' \\
${isOpen ? '' : key}  -d '{"query":"mutation { emitEvent(input: {event: \\"acme.user.logged-in\\", resource: {id: \\"acme.user.kiki\\"}}) { status event { id } } }"}'</pre>
</body>
</html>
`;
}
