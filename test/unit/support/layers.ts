/** The layers, bottom to top: the files of each, and the other layers that it may import. */
export const layers: Readonly<Record<string, { readonly paths: readonly string[]; readonly mayImport: readonly string[] }>> = {
  drizzle: { paths: ['drizzle/'], mayImport: [] },
  errors: { paths: ['src/errors.ts'], mayImport: ['leaves'] },
  leaves: {
    paths: [
      'src/settings.ts',
      'src/setting-types.ts',
      'src/origins.ts',
      'src/postgres-url.ts',
      'src/metrics.ts',
      'src/package-info.ts',
      'src/cluster-metrics.ts',
    ],
    mayImport: ['errors'],
  },
  json: { paths: ['src/json/'], mayImport: [] },
  concurrency: { paths: ['src/concurrency/'], mayImport: [] },
  event: { paths: ['src/event/'], mayImport: ['json', 'errors'] },
  filter: { paths: ['src/filter/'], mayImport: ['json', 'errors', 'event'] },
  'skip-index': { paths: ['src/skip-index/'], mayImport: ['json', 'event', 'filter'] },
  counts: { paths: ['src/counts/'], mayImport: ['json', 'errors', 'event', 'filter', 'skip-index'] },
  store: {
    paths: ['src/store/'],
    mayImport: ['json', 'drizzle', 'errors', 'leaves', 'concurrency', 'event', 'filter', 'skip-index', 'counts'],
  },
  transport: { paths: ['src/transport/'], mayImport: ['json', 'errors', 'concurrency'] },
  auth: { paths: ['src/auth/'], mayImport: ['json', 'errors', 'concurrency', 'event', 'filter', 'store'] },
  log: { paths: ['src/log/'], mayImport: ['leaves', 'concurrency', 'event', 'store'] },
  maintenance: { paths: ['src/maintenance/'], mayImport: ['leaves', 'concurrency', 'event', 'skip-index', 'store', 'log'] },
  ingest: { paths: ['src/ingest/'], mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'store', 'auth'] },
  subscriptions: {
    paths: ['src/subscriptions/'],
    mayImport: ['json', 'errors', 'leaves', 'concurrency', 'event', 'filter', 'counts', 'store', 'log'],
  },
  adapters: {
    paths: ['src/adapters/'],
    mayImport: [
      'json',
      'errors',
      'leaves',
      'concurrency',
      'event',
      'filter',
      'counts',
      'store',
      'auth',
      'transport',
      'ingest',
      'subscriptions',
    ],
  },
  schema: { paths: ['schema/'], mayImport: ['json', 'errors', 'event', 'filter', 'counts', 'store', 'auth', 'ingest', 'subscriptions'] },
  server: { paths: ['src/server/'], mayImport: ['json', 'errors', 'leaves', 'concurrency', 'auth', 'transport', 'subscriptions'] },
  main: {
    paths: ['src/main.ts', 'src/epoch-session.ts'],
    mayImport:
      'drizzle errors leaves concurrency event filter counts store transport auth log maintenance ingest subscriptions adapters schema server'.split(
        ' ',
      ),
  },
  // Published on its own: it imports nothing of the server.
  client: { paths: ['src/client/'], mayImport: [] },
  // The page in the browser: built on its own, and a user of the client.
  web: { paths: ['src/web/'], mayImport: ['client'] },
  // Commands do not load the server, except those that start it.
  serve: {
    paths: ['src/cli/serve.ts', 'src/cli/private-server.ts'],
    mayImport: ['errors', 'leaves', 'event', 'commands', 'main (dynamic)'],
  },
  commands: { paths: ['src/cli/'], mayImport: ['json', 'errors', 'leaves', 'event', 'client', 'serve'] },
  cli: { paths: ['src/cli.ts'], mayImport: ['errors', 'commands', 'serve'] },
};

/** What each panel of the page may import. */
const webParts = ['view', 'query', 'text', 'data', 'parts'].map((name) => `src/web/${name}`);

/**
 * The folders inside a layer: which others of the same layer each may import. A folder that is not listed imports none.
 * Together with the table above this excludes every arrow back up.
 */
export const folders: Readonly<Record<string, readonly string[]>> = {
  'src/filter/parse': ['src/filter'],
  'src/filter/explain': ['src/filter', 'src/filter/parse'],
  'src/skip-index': ['src/skip-index/columns'],
  'src/counts/columnar': ['src/counts'],
  'src/store/filter-sql': ['src/store/database'],
  'src/store/log': ['src/store/database', 'src/store/filter-sql'],
  'src/store/skip-index': ['src/store/database', 'src/store/filter-sql', 'src/store/log'],
  'src/store/queries': ['src/store/database', 'src/store/filter-sql', 'src/store/log', 'src/store/skip-index'],
  'src/store/counts': ['src/store/database', 'src/store/filter-sql', 'src/store/log', 'src/store/skip-index', 'src/store/queries'],
  'src/store/retention': ['src/store/database', 'src/store/log', 'src/store/skip-index', 'src/store/queries'],
  'src/store': ['src/store/database', 'src/store/log'],
  'src/subscriptions': ['src/subscriptions/matching'],
  'src/subscriptions/stream': ['src/subscriptions', 'src/subscriptions/matching'],
  'src/subscriptions/counts': ['src/subscriptions', 'src/subscriptions/matching'],
  'src/transport': ['src/transport/slow-consumers'],
  'src/server/graphql/compiled': ['src/server/graphql/limits'],
  'src/server/graphql/subscribe': ['src/server/graphql/compiled', 'src/server/graphql/limits'],
  'src/server/graphql': ['src/server/graphql/compiled', 'src/server/graphql/limits', 'src/server/graphql/subscribe'],
  'src/server': ['src/server/graphql', 'src/server/graphql/limits', 'src/server/graphql/subscribe'],
  'src/adapters/cloudevents': ['src/adapters'],
  'src/adapters/prefect': ['src/adapters'],
  'src/adapters/prefect/http': ['src/adapters', 'src/adapters/prefect'],
  'src/adapters/prefect/socket': ['src/adapters', 'src/adapters/prefect'],
  'src/client/follow': ['src/client/wire'],
  'src/client/emission': ['src/client', 'src/client/wire'],
  'src/client': ['src/client/wire', 'src/client/follow', 'src/client/emission'],
  'src/web/query': ['src/web/text'],
  'src/web/view': [],
  'src/web/data': ['src/web/view', 'src/web/query', 'src/web/text'],
  'src/web/parts': ['src/web/view', 'src/web/query', 'src/web/text'],
  'src/web/list': webParts,
  'src/web/filter-box': webParts,
  'src/web/saved-views': webParts,
  'src/web/histogram': webParts,
  'src/web/facets': webParts,
  'src/web/chain': webParts,
  'src/web/around': webParts,
  'src/web/payload': webParts,
  'src/web/resource': webParts,
  'src/web/detail': [...webParts, ...'chain around payload resource'.split(' ').map((name) => `src/web/${name}`)],
  'src/web/help': webParts,
  'src/web/status': webParts,
  'src/web/export': webParts,
  'src/web': [
    ...webParts,
    ...'list filter-box saved-views histogram facets detail resource help status export style'.split(' ').map((name) => `src/web/${name}`),
  ],
  'src/cli/client': ['src/cli/terminal'],
  'src/cli/emit': ['src/cli/terminal', 'src/cli/client'],
  'src/cli/demo': ['src/cli/terminal', 'src/cli/client'],
  'src/cli/top': ['src/cli/terminal', 'src/cli/client'],
  'src/cli': ['src/cli/terminal', 'src/cli/client'],
  'schema/events': ['schema'],
  'schema/counts': ['schema', 'schema/events'],
  'schema/admin': ['schema', 'schema/events'],
  schema: ['schema/events', 'schema/counts', 'schema/admin'],
};
