import { settingTable } from '../settings.ts';
import type { Command } from './terminal/command.ts';

export const settings: Command = {
  synopsis: 'settings',
  purpose: 'Prints every setting with its default and meaning.',
  options: {},
  async run() {
    const rows = [['Setting', 'Default', 'Meaning'], ...Object.values(settingTable).map(row)];
    const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
    for (const cells of rows) {
      process.stdout.write(`${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
    }
    return 0;
  },
};

function row({ name, fallback, meaning }: (typeof settingTable)[keyof typeof settingTable]): readonly string[] {
  return [name, fallback === null ? '(unset)' : String(fallback), meaning];
}
