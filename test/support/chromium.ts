import { existsSync } from 'node:fs';

/** Chromium without windows takes a third of the processor time of the whole browser. Null: there is neither. */
export const chromiumPath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path)) ?? null;

export const noChromium = 'There is no Chromium. Install chromium-headless-shell or chromium.';
