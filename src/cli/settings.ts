import { settingsInForce, settingTable, unknownSettings } from '../settings.ts';
import { readOptions } from './terminal/args.ts';
import type { Command } from './terminal/command.ts';
import { ignoreClosedOutput } from './terminal/output.ts';

export const settings: Command = {
  synopsis: 'settings',
  purpose: 'Prints every setting: value in force, its source, default and meaning. Secrets are masked.',
  options: {},
  async run(args) {
    readOptions(args, { synopsis: 'settings', options: {} });
    ignoreClosedOutput();
    const inForce = settingsInForce(process.env);
    const described = Object.values(settingTable);
    const rows = inForce.map(({ name, value, source }, index) => {
      const fallback = described[index]?.fallback ?? null;
      return [name, value, source, fallback === null ? '(unset)' : String(fallback), described[index]?.meaning ?? ''];
    });
    printTable([['Setting', 'Value', 'Source', 'Default', 'Meaning'], ...rows]);
    const problems = inForce.flatMap(({ problem }) => problem ?? []);
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    for (const name of unknownSettings(process.env)) process.stderr.write(`${name}: there is no such setting, so it has no effect.\n`);
    return problems.length === 0 ? 0 : 1;
  },
};

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  for (const cells of rows) {
    process.stdout.write(`${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  }
}
