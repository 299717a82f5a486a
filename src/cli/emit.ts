import type { Command } from './commands.ts';
export const emit: Command = {
  synopsis: 'emit FILE',
  purpose: 'x',
  async run() {
    return 0;
  },
};
