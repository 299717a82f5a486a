import {
  labelKeys,
  type EventDraft,
  type JsonObject,
  type Labels,
  type RelatedResource,
  type Resource,
  type EventCandidate,
} from './event.ts';
import { bytesBeyond } from './document.ts';
import { parseInstant, type Instant } from './instant.ts';
import type { EventLimits } from './limits.ts';
import { checkPayload } from './validate-payload.ts';
import { below, pathOf, Problems, shown, whereIs, type Problem, type Where } from './problem.ts';
import { lengthUpTo, unstorable } from './text.ts';

export type Validation = { readonly draft: EventDraft } | { readonly problems: readonly Problem[] };

/**
 * Checks an event against every rule that needs no database. `path` is where the event stands in the input and
 * begins every problem's path. `id` is required; `occurred` may be left out (doors that require it say so themselves).
 */
export function validateEvent(candidate: EventCandidate, path: readonly string[], limits: EventLimits): Validation {
  const problems = new Problems();
  const check = new Checks(problems, limits);
  const where = whereIs(path);
  const draft: EventDraft = {
    id: check.text(candidate.id, below(where, 'id'), limits.eventIdLength),
    occurred: check.occurred(candidate.occurred, below(where, 'occurred')),
    event: check.text(candidate.event, below(where, 'event'), limits.eventNameLength),
    resource: check.resource(candidate.resource, below(where, 'resource')),
    related: check.related(candidate.related, below(where, 'related')),
    payload: checkPayload(candidate.payload, below(where, 'payload'), { levels: limits.payloadDepth, problems }),
    follows: isLeftOut(candidate.follows) ? null : check.text(candidate.follows, below(where, 'follows'), limits.eventIdLength),
  };
  if (problems.found.length > 0) return { problems: problems.found };
  const bytes = bytesBeyond(limits.eventBytes, draft);
  if (bytes !== null) {
    problems.add('TOO_LARGE', path, `expected at most ${limits.eventBytes} bytes of JSON, got ${bytes}`);
    return { problems: problems.found };
  }
  return { draft };
}

class Checks {
  constructor(
    private readonly problems: Problems,
    private readonly limits: EventLimits,
  ) {}

  text(value: unknown, where: Where, limit: number): string {
    if (isLeftOut(value)) return this.fail('REQUIRED', where, 'expected a non-empty string, got nothing');
    if (typeof value !== 'string') return this.fail('INVALID', where, `expected a string, got ${shown(value)}`);
    if (value === '') return this.fail('REQUIRED', where, 'expected a non-empty string, got an empty one');
    return this.anyText(value, where, limit);
  }

  occurred(value: unknown, where: Where): Instant | null {
    if (isLeftOut(value)) return null;
    const instant = typeof value === 'string' ? parseInstant(value) : null;
    if (instant === null) {
      this.fail('INVALID', where, `expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got ${shown(value)}`);
    }
    return instant;
  }

  resource(value: unknown, where: Where): Resource {
    const given = this.object(value, where);
    const id = given === null ? '' : this.text(given['id'], below(where, 'id'), this.limits.resourceIdLength);
    return { id, labels: given === null ? {} : this.labels(given, id, where) };
  }

  related(value: unknown, where: Where): readonly RelatedResource[] {
    if (isLeftOut(value)) return [];
    if (!Array.isArray(value)) {
      this.fail('INVALID', where, `expected a list of resources, got ${shown(value)}`);
      return [];
    }
    if (value.length > this.limits.relatedResources) {
      this.fail('TOO_MANY', where, `expected at most ${this.limits.relatedResources} related resources, got ${value.length}`);
      return [];
    }
    return value.map((entry: unknown, index) => this.relatedOne(entry, below(where, String(index))));
  }

  private relatedOne(value: unknown, where: Where): RelatedResource {
    const given = this.object(value, where);
    if (given === null) return { id: '', role: '', labels: {} };
    const role = this.text(given['role'], below(where, 'role'), this.limits.roleLength);
    const { id, labels } = this.resource(given, where);
    const own = this.agreeing(labels, [labelKeys.role, role], where);
    return { id, role, labels: own };
  }

  /** The labels of a resource, its `name` among them; a label that is a field beside it must agree with the field. */
  private labels(given: Readonly<Record<string, unknown>>, id: string, where: Where): Labels {
    const labels = this.agreeing(this.labelsAlone(given['labels'], below(where, 'labels')), [labelKeys.id, id], where);
    if (isLeftOut(given['name'])) return labels;
    const name = this.anyText(given['name'], below(where, 'name'), this.limits.labelValueLength);
    const named = { ...this.agreeing(labels, [labelKeys.name, name], where), [labelKeys.name]: name };
    this.tooManyLabels(Object.keys(named).length, below(where, 'labels'));
    return named;
  }

  private labelsAlone(value: unknown, where: Where): Labels {
    if (isLeftOut(value)) return {};
    const given = this.object(value, where);
    if (given === null) return {};
    const keys = Object.keys(given);
    if (this.tooManyLabels(keys.length, where)) return {};
    for (const key of keys) {
      const at = below(where, key);
      this.text(key, at, this.limits.labelKeyLength);
      this.anyText(given[key], at, this.limits.labelValueLength);
    }
    return { ...given } as Labels;
  }

  private tooManyLabels(count: number, where: Where): boolean {
    const most = this.limits.labelsPerResource;
    if (count > most) this.fail('TOO_MANY', where, `expected at most ${most} labels, the name among them, got ${count}`);
    return count > most;
  }

  /** `labels` without `key`, after checking that it, if given, says the same as the field beside it. */
  private agreeing(labels: Labels, [key, field]: readonly [string, string], where: Where): Labels {
    if (!Object.hasOwn(labels, key)) return labels;
    const { [key]: given, ...others } = labels;
    if (given !== field) {
      this.fail(
        'INVALID',
        below(below(where, 'labels'), key),
        `expected the value of the field beside it, ${shown(field)}, got ${shown(given)}`,
      );
    }
    return others;
  }

  private object(value: unknown, where: Where): JsonObject | null {
    if (isLeftOut(value)) this.fail('REQUIRED', where, 'expected an object, got nothing');
    else if (typeof value !== 'object' || Array.isArray(value)) this.fail('INVALID', where, `expected an object, got ${shown(value)}`);
    else return value as JsonObject;
    return null;
  }

  private anyText(value: unknown, where: Where, limit: number): string {
    if (typeof value !== 'string') return this.fail('INVALID', where, `expected a string, got ${shown(value)}`);
    const length = lengthUpTo(limit, value);
    if (length > limit) return this.fail('TOO_LONG', where, `expected at most ${limit} characters, got more`);
    const reason = unstorable(value);
    return reason === null ? value : this.fail('INVALID', where, `the string has ${reason}`);
  }

  private fail(code: 'REQUIRED' | 'INVALID' | 'TOO_LONG' | 'TOO_MANY', where: Where, expectation: string): string {
    this.problems.add(code, pathOf(where), expectation);
    return '';
  }
}

function isLeftOut(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}
