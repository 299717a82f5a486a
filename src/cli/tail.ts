import type { Command } from './commands.ts';
export const tail: Command = {
  synopsis: 'tail',
  purpose: 'x',
  async run() {
    return 0;
  },
};
