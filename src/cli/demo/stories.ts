/** Returns a number from 0 up to 1, as Math.random does. */
export type Random = () => number;

/** An event of a story, `waitMs` after the one before, which it follows. */
export interface Step {
  readonly waitMs: number;
  readonly event: string;
  readonly resource: { readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly related?: readonly { readonly id: string; readonly role: string; readonly name?: string }[];
  readonly payload?: Readonly<Record<string, unknown>>;
}

export type Story = readonly Step[];

/** Returns a story, chosen by chance; `number` makes its ids unique. */
export function randomStory(random: Random, number: number): Story {
  const storyOf = pick<(random: Random, number: number) => Story>(random, [order, order, order, deployment, login, login, flowRun]);
  return storyOf(random, number);
}

function order(random: Random, number: number): Story {
  const region = pick(random, ['eu', 'eu', 'us', 'apac']);
  const customer = person(random);
  const items = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    sku: pick(random, ['lamp-brass', 'chair-oak', 'rug-wool', 'mug-blue', 'desk-walnut', 'shelf-pine']),
    quantity: 1 + Math.floor(random() * 2),
    price: Math.round(900 + random() * 24_000) / 100,
  }));
  const amount = Math.round(items.reduce((sum, { quantity, price }) => sum + quantity * price, 0) * 100) / 100;
  const resource = {
    id: `acme.order.${10_000 + number}`,
    name: `Order ${10_000 + number}`,
    labels: { region, channel: pick(random, ['web', 'web', 'app', 'store']) },
  };
  const actor = { ...customer, role: 'actor' };
  const warehouse = { id: `acme.warehouse.${region}-1`, role: 'warehouse' };
  const placed: Step = {
    waitMs: 0,
    event: 'acme.order.placed',
    resource,
    related: [actor],
    payload: { amount, currency: region === 'us' ? 'USD' : 'EUR', items },
  };
  const card = { method: pick(random, ['card', 'card', 'paypal', 'invoice']), amount };
  if (random() < 0.1) {
    return [
      placed,
      { waitMs: 1500, event: 'acme.payment.declined', resource, related: [actor], payload: { ...card, reason: 'insufficient funds' } },
      { waitMs: 4000, event: 'acme.order.cancelled', resource, related: [actor], payload: { reason: 'payment declined' } },
    ];
  }
  return [
    placed,
    { waitMs: 1200, event: 'acme.payment.authorized', resource, related: [actor], payload: card },
    { waitMs: 5000, event: 'acme.order.packed', resource, related: [actor, warehouse], payload: { parcels: [{ weight: grams(random) }] } },
    {
      waitMs: 4000,
      event: 'acme.order.shipped',
      resource,
      related: [actor, warehouse],
      payload: { carrier: pick(random, ['DHL', 'UPS', 'GLS']) },
    },
    { waitMs: 9000, event: 'acme.order.delivered', resource, related: [actor] },
  ];
}

function deployment(random: Random, number: number): Story {
  const service = pick(random, ['checkout', 'catalog', 'search', 'accounts']);
  const resource = {
    id: `acme.service.${service}`,
    name: service,
    labels: { environment: pick(random, ['production', 'production', 'staging']) },
  };
  const related = [
    { ...person(random), role: 'actor' },
    { id: `acme.build.${4000 + number}`, role: 'build' },
  ];
  const version = `1.${Math.floor(number / 9)}.${number % 9}`;
  const step = (waitMs: number, event: string, payload: Step['payload'] = {}): Step => ({
    waitMs,
    event: `acme.deploy.${event}`,
    resource,
    related,
    payload: { version, ...payload },
  });
  const begin = [step(0, 'started'), step(3000, 'image-built', { seconds: Math.round(20 + random() * 60) })];
  if (random() < 0.2) {
    const checks = { failed: ['GET /readyz'], status: 503 };
    return [
      ...begin,
      step(6000, 'failed', { error: 'health check failed', checks }),
      step(1500, 'rolled-back', { to: `1.${Math.floor(number / 9)}.0` }),
    ];
  }
  return [...begin, step(5000, 'finished', { replicas: 3 })];
}

function login(random: Random): Story {
  const { id, name } = person(random);
  const resource = { id, name, labels: { team: pick(random, ['support', 'sales', 'engineering']) } };
  const client = { address: `192.0.2.${1 + Math.floor(random() * 250)}`, browser: pick(random, ['Firefox', 'Chrome', 'Safari']) };
  const failed = (waitMs: number, attempt: number): Step => ({
    waitMs,
    event: 'acme.user.login-failed',
    resource,
    payload: { ...client, attempt },
  });
  if (random() < 0.15) {
    return [failed(0, 1), failed(1800, 2), failed(1500, 3), { waitMs: 100, event: 'acme.user.locked', resource, payload: { minutes: 15 } }];
  }
  return [
    { waitMs: 0, event: 'acme.user.logged-in', resource, payload: client },
    { waitMs: 12_000, event: 'acme.user.logged-out', resource },
  ];
}

/** In the form in which Prefect's programs emit them. */
function flowRun(random: Random, number: number): Story {
  const flow = pick(random, ['nightly-report', 'sync-catalog', 'train-ranking']);
  const name = `${pick(random, ['amber', 'brave', 'calm', 'swift'])}-${pick(random, ['otter', 'heron', 'lynx', 'finch'])}`;
  const id = `prefect.flow-run.${uuid(number)}`;
  const related = [
    { id: `prefect.flow.${flow}`, role: 'flow', name: flow },
    { id: 'prefect.deployment.daily', role: 'deployment', name: 'daily' },
  ];
  const state = (waitMs: number, to: string): Step => ({
    waitMs,
    event: `prefect.flow-run.${to}`,
    resource: { id, name, labels: { 'prefect.state-name': to, 'prefect.state-type': to.toUpperCase() } },
    related,
    payload: { validated_state: { type: to.toUpperCase(), name: to } },
  });
  const log = (waitMs: number, level: number, message: string): Step => ({
    waitMs,
    event: 'prefect.log.write',
    resource: { id, name, labels: {} },
    related,
    payload: { level, message, logger: 'prefect.flow_runs' },
  });
  const task = (waitMs: number, key: string, to: string): Step => ({
    waitMs,
    event: `prefect.task-run.${to}`,
    resource: { id: `prefect.task-run.${uuid(number)}-${key}`, name: `${key}-0`, labels: { 'prefect.state-type': to.toUpperCase() } },
    related: [{ id, role: 'flow-run', name }, ...related],
  });
  const rows = Math.floor(1000 + random() * 90_000);
  const begin = [state(0, 'Pending'), state(1500, 'Running'), task(500, 'extract', 'Running'), log(900, 20, `Read ${rows} rows`)];
  if (random() < 0.25) {
    const error = 'psycopg.OperationalError: connection to server at "10.0.4.7" failed: timeout expired';
    return [...begin, task(3000, 'extract', 'Failed'), log(100, 40, error), state(300, 'Failed')];
  }
  return [
    ...begin,
    task(2500, 'extract', 'Completed'),
    task(400, 'load', 'Running'),
    task(3000, 'load', 'Completed'),
    state(300, 'Completed'),
  ];
}

function person(random: Random): { readonly id: string; readonly name: string } {
  const name = pick(random, ['Kiki', 'Amara', 'Jonas', 'Mei', 'Lucía', 'Tariq', 'Ingrid', 'Noor', 'Paulo', 'Yuki']);
  const id = name
    .normalize('NFD')
    .replaceAll(/[^a-z]/gi, '')
    .toLowerCase();
  return { id: `acme.user.${id}`, name };
}

function grams(random: Random): number {
  return Math.round(200 + random() * 8000) / 1000;
}

function uuid(number: number): string {
  return `0198f2a0-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

function pick<T>(random: Random, values: readonly [T, ...T[]]): T {
  return values[Math.floor(random() * values.length)] ?? values[0];
}
