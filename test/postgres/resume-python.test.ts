import { test } from 'vitest';
import { allFaults, surviveFault } from '../support/fault-injection.ts';
import { pythonWith } from '../support/protocols/python.ts';
import { startPythonClient } from '../support/example-clients.ts';

// The client does not depend on the database of its server, so one database suffices.
const python = pythonWith('gql[websockets]==4.4.0');

for (const fault of allFaults) {
  test(`the example client for Python prints every event once, in order, when ${fault}`, { timeout: 120_000 }, async (context) => {
    python.requirePython(context);
    await surviveFault(fault, [(port, cursor) => startPythonClient(python.program('python3'), port, cursor)]);
  });
}
