import type { Site } from './servers.ts';

/**
 * The calls that allocated most of what is held, bytes for each of `count`, largest first. A call is named by the
 * innermost frame that is not Node's own, and by that one's caller.
 */
export function largestSites(head: Site, count: number): readonly object[] {
  const bytes = new Map<string, number>();
  let total = 0;
  const add = (site: Site, callers: readonly string[]): void => {
    const { functionName, url, lineNumber } = site.callFrame;
    const place = url.replace(/^.*?\/(?=node_modules\/|dist\/|bench\/)/, '');
    const own =
      url === '' || url.startsWith('node:') ? callers : [`${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`, ...callers];
    const key = [own[0] ?? 'Node', own[1] ?? ''].join(' < ');
    bytes.set(key, (bytes.get(key) ?? 0) + site.selfSize);
    total += site.selfSize;
    for (const child of site.children) add(child, own);
  };
  add(head, []);
  const sorted = [...bytes].toSorted(([, a], [, b]) => b - a).slice(0, 40);
  return [['all', total] as const, ...sorted].map(([call, held]) => ({ bytes: Math.round(held / count), call }));
}
