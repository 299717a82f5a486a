import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { theme } from './parts/settings.ts';
import './style/tokens.css';
import './style/base.css';
import './style/controls.css';
import './style/layout.css';

effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
});
render(<App />, document.body);
