import type { Labels } from '../../client/tidings-client.ts';
import { printable } from '../text/printable.ts';
import type { OpenedEvent } from './event-query.ts';
import { ValueWithActions } from './value-row.tsx';

/** The primary resource, and its labels. */
export function ResourceSection({ resource: { id, name, labels, role } }: { readonly resource: OpenedEvent['resource'] }) {
  const all = Object.entries(role === null ? labels : { ...labels, [roleKey]: role }).filter(
    ([key, value]) => key !== nameKey || value !== name,
  );
  return (
    <section class="detail-section">
      <h3 class="section-title">Resource</h3>
      <p class="resource-name">
        <ValueWithActions condition={{ is: 'resource', value: id }} name={`resource ${printable(name ?? id)}`} value={id}>
          {name !== null && name !== '' && <strong class="value-text">{printable(name)}</strong>}{' '}
          <span class="mono value-text muted">{printable(id)}</span>
        </ValueWithActions>
      </p>
      {all.length > 0 && (
        <dl class="labels">
          {all.map(([key, value]) => (
            <div key={key} class="label">
              <dt class="value-text">{printable(key)}</dt>
              <dd>
                <ValueWithActions condition={{ is: 'label', key, value }} name={`${printable(key)} ${printable(value)}`} value={value} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

/** The related resources, one a line, with their roles. */
export function RelatedResources({ related }: { readonly related: OpenedEvent['related'] }) {
  if (related.length === 0) return null;
  return (
    <section class="detail-section">
      <h3 class="section-title">
        Related <span class="faint number">{related.length}</span>
      </h3>
      <table class="related">
        <thead class="hidden-text">
          <tr>
            <th scope="col">Role</th>
            <th scope="col">Resource</th>
          </tr>
        </thead>
        <tbody>
          {related.map(({ id, role, name, labels }, index) => (
            <tr key={index}>
              <th scope="row" class="value-text muted">
                {printable(role)}
              </th>
              <td>
                <ValueWithActions
                  condition={{ is: 'related', role, value: id }}
                  name={`${printable(role)} ${printable(name ?? id)}`}
                  value={id}
                >
                  {name !== null && name !== '' && <span class="value-text">{printable(name)} </span>}
                  <span class={`mono value-text ${name ? 'faint' : ''}`}>{printable(id)}</span>
                </ValueWithActions>
                <OtherLabels labels={labels} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function OtherLabels({ labels }: { readonly labels: Labels }) {
  const others = Object.entries(labels).filter(([key]) => key !== nameKey);
  if (others.length === 0) return null;
  return (
    <p class="faint value-text other-labels">
      {others.map(([key, value]) => (
        <span key={key}>
          {printable(key)}={printable(value)}{' '}
        </span>
      ))}
    </p>
  );
}

const nameKey = 'prefect.resource.name';
const roleKey = 'prefect.resource.role';
