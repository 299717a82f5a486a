import { detailWidth } from '../parts/settings.ts';

/** Changes the width of the panel: by dragging, or by arrow keys. */
export function ResizeHandle() {
  const resize = (width: number): void => {
    detailWidth.value = Math.round(Math.max(minWidth, Math.min(width, maxWidth())));
  };
  return (
    <div
      class="resize-handle"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the event panel"
      aria-valuemin={minWidth}
      aria-valuemax={maxWidth()}
      aria-valuenow={detailWidth.value}
      tabIndex={0}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(innerWidth - event.clientX);
      }}
      onDblClick={() => resize(defaultWidth)}
      onKeyDown={(event) => {
        const width = { ArrowLeft: detailWidth.value + step, ArrowRight: detailWidth.value - step, Home: minWidth, End: maxWidth() }[
          event.key
        ];
        if (width === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        resize(width);
      }}
    />
  );
}

function maxWidth(): number {
  return Math.floor(innerWidth * 0.7);
}

const minWidth = 320;
const defaultWidth = 480;
const step = 16;
