import { copy } from '../parts/copy.ts';
import { CopyIcon } from '../parts/icons.tsx';
import { key } from '../data/session.ts';
import './status.css';

/** Shown while the log has no event: how to emit the first one. The list replaces it by itself. */
export function FirstEvent() {
  const { origin } = location;
  const header = key.value === null ? '' : " -H 'authorization: Bearer KEY'";
  const query = 'mutation { emitEvent(input: {event: "acme.user.logged-in", resource: {id: "acme.user.kiki"}}) { status } }';
  const ways = [
    {
      name: 'A stream of made-up events',
      text: `npm run tidings -- demo${origin === 'http://127.0.0.1:4000' ? '' : ` --url ${origin}`}`,
    },
    {
      name: 'One event with curl',
      text: `curl ${origin}/graphql -H 'content-type: application/json'${header} -d '${JSON.stringify({ query })}'`,
    },
    {
      name: 'From a TypeScript program',
      text: `import { createTidings } from '@tidings/client';\n\nconst tidings = createTidings('${origin}');\nawait tidings.emit('acme.user.logged-in', { resource: 'acme.user.kiki' });`,
    },
  ];
  return (
    <section class="first-event" aria-labelledby="first-event">
      <h2 id="first-event">No events yet</h2>
      <p class="muted">
        <span class="listening" aria-hidden="true" />
        Listening. The first event appears here by itself.
      </p>
      <ol>
        {ways.map(({ name, text }) => (
          <li key={name}>
            <h3 class="section-title">{name}</h3>
            <div class="snippet">
              <pre tabindex={0}>{text}</pre>
              <button type="button" class="icon-button" aria-label={`Copy: ${name}`} title="Copy" onClick={() => void copy(text, name)}>
                <CopyIcon />
              </button>
            </div>
          </li>
        ))}
      </ol>
      <p class="muted">
        <a class="link" href="/graphql">
          GraphiQL
        </a>{' '}
        has the whole API.
      </p>
    </section>
  );
}
