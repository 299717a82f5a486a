import { test } from 'vitest';
import { allFaults, surviveFault } from '../support/fault-injection.ts';
import { pythonWith } from '../support/protocols/python.ts';
import { startPythonClient } from '../support/readme-clients.ts';

// A client cares little for the database behind its server, so once will do.
const python = pythonWith('gql[websockets]==4.4.0');

for (const fate of allFaults) {
  test(`the README’s client for Python prints every event once, in order, when ${fate}`, { timeout: 120_000 }, async (context) => {
    python.requirePython(context);
    await surviveFault(fate, [(port, cursor) => startPythonClient(python.program('python3'), port, cursor)]);
  });
}
