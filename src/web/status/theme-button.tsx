import { MoonIcon, SunIcon, SystemThemeIcon } from '../parts/icons.tsx';
import { theme } from '../parts/settings.ts';

const next = { system: 'light', light: 'dark', dark: 'system' } as const;
const icons = { system: SystemThemeIcon, light: SunIcon, dark: MoonIcon } as const;

/** Changes between the theme of the system, light and dark. */
export function ThemeButton() {
  const current = theme.value;
  const Icon = icons[current];
  const label = `Theme: ${current}`;
  return (
    <button type="button" class="icon-button" aria-label={label} title={`${label} (d)`} onClick={changeTheme}>
      <Icon />
    </button>
  );
}

export function changeTheme(): void {
  theme.value = next[theme.value];
}
