import { test } from 'vitest';
import { allFaults, surviveFault } from '../support/fault-injection.ts';
import { javascriptClients, packageClient } from '../support/example-clients.ts';

// On Postgres: test/postgres/clients/example-clients.test.ts.
test.each(allFaults)(
  'the example clients for JavaScript print every event once, in order, when %s',
  (fault) => surviveFault(fault, [...javascriptClients, packageClient]),
  120_000,
);
