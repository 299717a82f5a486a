import { afterAll, beforeAll, expect, test } from 'vitest';
import { allFates, outlive } from '../support/fates.ts';
import { installPython, startPythonClient, type PythonHome } from '../support/readme-clients.ts';

// A client cares little for the database behind its server, so once will do. CI says that Python has to be there.
const required = process.env['TIDINGS_TEST_PYTHON'] === 'required';

let home: PythonHome;
beforeAll(() => {
  home = installPython();
}, 300_000);
afterAll(() => home[Symbol.dispose]());

for (const fate of allFates) {
  test(`the README’s client for Python prints every event once, in order, when ${fate}`, { timeout: 120_000 }, async (context) => {
    if (home.missing !== null && !required) context.skip(home.missing);
    expect(home.missing).toBeNull();
    await outlive(fate, [(port, cursor) => startPythonClient(home.python, port, cursor)]);
  });
}
