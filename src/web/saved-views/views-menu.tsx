import { BookmarkIcon } from '../parts/icons.tsx';
import { lazy } from '../parts/lazy.tsx';
import { Popover } from '../parts/popover.tsx';

const ViewChoice = lazy(async () => (await import('./view-choice.tsx')).ViewChoice);

/** The saved views of this browser. */
export function ViewsMenu() {
  return (
    <Popover
      label="Saved views"
      shortcut="s"
      class="button"
      button={
        <>
          <BookmarkIcon /> <span class="label-wide">Views</span>
        </>
      }
    >
      <ViewChoice />
    </Popover>
  );
}
