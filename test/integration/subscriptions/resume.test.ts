import { test } from 'vitest';
import { allFaults, surviveFault } from '../../support/fault-injection.ts';
import { javascriptClients, startJavaScriptClient } from '../../support/example-clients.ts';

test.each(allFaults)(
  'the example clients for JavaScript print every event once, in order, when %s',
  async (fault) => {
    await surviveFault(
      fault,
      javascriptClients.map((name) => (port: number, cursor: string) => startJavaScriptClient(name, port, cursor)),
    );
  },
  120_000,
);
