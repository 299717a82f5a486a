import type { Site } from './servers.ts';

/**
 * The calls that allocated most of the retained memory, largest first, in bytes per one of `count`.
 * A call is named by the innermost frame outside Node, and by the caller of that frame.
 */
export function largestSites(head: Site, count: number): readonly object[] {
  const bytes = new Map<string, number>();
  let total = 0;
  const add = (site: Site, callers: readonly string[]): void => {
    const { functionName, url, lineNumber } = site.callFrame;
    const path = url.replace(/^.*?\/(?=node_modules\/|dist\/|bench\/)/, '');
    const own =
      url === '' || url.startsWith('node:') ? callers : [`${functionName || '(anonymous)'} ${path}:${lineNumber + 1}`, ...callers];
    const key = [own[0] ?? 'Node', own[1] ?? ''].join(' < ');
    bytes.set(key, (bytes.get(key) ?? 0) + site.selfSize);
    total += site.selfSize;
    for (const child of site.children) add(child, own);
  };
  add(head, []);
  const sorted = [...bytes].toSorted(([, a], [, b]) => b - a).slice(0, 40);
  return [['all', total] as const, ...sorted].map(([call, held]) => ({ bytes: Math.round(held / count), call }));
}
