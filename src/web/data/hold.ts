import { computed, signal } from '@preact/signals';
import { viewOf } from '../view/current-view.ts';

/** Why rows wait. The list sets these. */
export const isScrolled = signal(false);
export const isPressed = signal(false);
export const isSelected = signal(false);

const isOpen = viewOf(({ event, panel }) => event !== null || panel !== 'event');
const isLive = viewOf((view) => view.isLive);

/** The reader wants no live events until he resumes. */
export const isPaused = computed(() => !isLive.value);
/** New events wait, so that nothing moves: the reader scrolled down, selected or opened an event, or paused. */
export const isHeld = computed(() => isPaused.value || isScrolled.value || isPressed.value || isSelected.value || isOpen.value);
