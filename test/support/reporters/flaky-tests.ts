import type { Reporter, TestCase } from 'vitest/node';

/** Prints the tests that passed in a later attempt only, with the errors of their earlier attempts. */
export default class FlakyTests implements Reporter {
  readonly #texts: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky !== true) return;
    const errors = test.result().errors ?? [];
    this.#texts.push(
      [
        `${test.module.relativeModuleId} > ${test.fullName}`,
        ...errors.map(({ message, stack = '' }) => (stack.includes(message) ? stack : `${message}\n${stack}`)),
      ].join('\n'),
    );
  }

  onTestRunEnd(): void {
    if (this.#texts.length > 0) console.log(`\n${this.#texts.length} tests needed a second attempt:\n\n${this.#texts.join('\n\n')}\n`);
  }
}
