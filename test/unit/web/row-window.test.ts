import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderedRows, topToShow, visibleRows } from '../../../src/web/list/row-window.ts';

const viewports = fc.record({ top: fc.nat(3_000_000), height: fc.integer({ min: 1, max: 1400 }), rowHeight: fc.constantFrom(28, 52) });

describe('the rows of a viewport', () => {
  test('cover it, and at most 60 are rendered', () => {
    fc.assert(
      fc.property(viewports, fc.nat(110_000), (viewport, count) => {
        const { from, to } = visibleRows(viewport, count);
        const rendered = renderedRows(viewport, count);
        expect(rendered.from).toBeLessThanOrEqual(from);
        expect(rendered.to).toBeGreaterThanOrEqual(to);
        expect(rendered.to - rendered.from).toBeLessThanOrEqual(60);
        expect(rendered.from).toBeGreaterThanOrEqual(0);
        expect(rendered.to).toBeLessThanOrEqual(count);
        if (to === from) return;
        expect(from * viewport.rowHeight).toBeLessThanOrEqual(viewport.top);
        expect(to === count || to * viewport.rowHeight >= viewport.top + viewport.height).toBe(true);
      }),
    );
  });

  test('are all in view after scrolling to one, as near as possible', () => {
    fc.assert(
      fc.property(viewports, fc.nat(100_000), (given, index) => {
        const viewport = { ...given, height: given.height + given.rowHeight };
        const top = topToShow(index, viewport);
        const rowTop = index * viewport.rowHeight;
        expect(rowTop).toBeGreaterThanOrEqual(top);
        expect(rowTop + viewport.rowHeight).toBeLessThanOrEqual(top + viewport.height);
        const isInView = rowTop >= viewport.top && rowTop + viewport.rowHeight <= viewport.top + viewport.height;
        if (isInView) expect(top).toBe(viewport.top);
      }),
    );
  });
});
