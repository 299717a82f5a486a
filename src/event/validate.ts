import { isJsonObject } from '../json/exact-number.ts';
import { keysOf } from '../json/keys-of.ts';
import { runToEnd } from '../json/run-to-end.ts';
import { documentBytesInSteps, documentMembers, shortName } from './document.ts';
import {
  labelKeys,
  type EventCandidate,
  type EventDraft,
  type JsonObject,
  type Labels,
  type RelatedResource,
  type Resource,
  whenReceived,
} from './event.ts';
import { parseInstant, type Instant } from './instant.ts';
import { SizeBounds } from './size-bounds.ts';
import type { EventLimits } from './limits.ts';
import { childNode, describeValue, pathNodeOf, pathOf, Problems, type PathNode, type Problem } from './problem.ts';
import { lengthUpTo, unstorableReason } from './text.ts';
import { checkPayloadInSteps } from './validate-payload.ts';

export type Validation = { readonly draft: EventDraft } | { readonly problems: readonly Problem[] };

/**
 * Checks an event against every rule that needs no database. `path` is the path of the event in the
 * input; the path of every problem begins with it. `id` and `occurred` are required here, so that no
 * protocol can forget it: a client that repeats a request would get other defaults. `withDefaults` of
 * `src/ingest/defaults.ts` is for the callers that have defaults.
 */
export function validateEvent(candidate: EventCandidate, path: readonly string[], limits: EventLimits): Validation {
  return runToEnd(validateInSteps(candidate, path, limits));
}

/** The same in steps: one, one more for each related resource, and more for a large payload or event. */
export function* validateInSteps(
  candidate: EventCandidate,
  path: readonly string[],
  limits: EventLimits,
): Generator<undefined, Validation> {
  const problems = new Problems();
  // The check of an event of many megabytes stops soon.
  const size = new SizeBounds(2 * limits.eventBytes);
  const check = new Checks(problems, limits, size);
  const node = pathNodeOf(path);
  const draft: EventDraft = {
    id: check.text(candidate.id, childNode(node, 'id'), limits.eventIdLength),
    occurred: check.occurred(candidate.occurred, childNode(node, 'occurred')),
    event: check.text(candidate.event, childNode(node, 'event'), limits.eventNameLength),
    resource: check.resource(candidate.resource, childNode(node, 'resource')),
    related: yield* check.related(candidate.related, childNode(node, 'related')),
    payload: yield* checkPayloadInSteps(candidate.payload, childNode(node, 'payload'), { maxDepth: limits.payloadDepth, problems, size }),
    follows: isLeftOut(candidate.follows) ? null : check.text(candidate.follows, childNode(node, 'follows'), limits.eventIdLength),
  };
  for (const name of candidate.unknownMembers ?? []) {
    problems.add('INVALID', [...path, shortName(name)], `expected no members but ${documentMembers.join(', ')}`);
  }
  const tooLarge = (got: string): Validation => {
    const all = new Problems();
    all.add('TOO_LARGE', path, `expected at most ${limits.eventBytes} bytes of JSON, got ${got}`);
    return { problems: all.found };
  };
  if (size.exceeds) return tooLarge(`more than ${2 * limits.eventBytes}`);
  if (problems.found.length > 0) return { problems: problems.found };
  if (size.atMost + documentOverhead + resourceOverhead * (1 + draft.related.length) <= limits.eventBytes) return { draft };
  const bytes = yield* documentBytesInSteps(draft);
  return bytes > limits.eventBytes ? tooLarge(String(bytes)) : { draft };
}

/** At least the bytes of the members' names and punctuation in a document, and of the time. */
const documentOverhead = 200;
/** The same for the labels of a resource that are its id, name and role. */
const resourceOverhead = 100;

class Checks {
  constructor(
    private readonly problems: Problems,
    private readonly limits: EventLimits,
    private readonly size: SizeBounds,
  ) {}

  text(value: unknown, node: PathNode, limit: number): string {
    if (isLeftOut(value)) return this.fail('REQUIRED', node, 'expected a non-empty string, got nothing');
    if (typeof value !== 'string') return this.fail('INVALID', node, `expected a string, got ${describeValue(value)}`);
    if (value === '') return this.fail('REQUIRED', node, 'expected a non-empty string, got an empty one');
    return this.anyText(value, node, limit);
  }

  occurred(value: unknown, node: PathNode): Instant | null {
    if (value === whenReceived) return null;
    const instant = typeof value === 'string' ? parseInstant(value) : null;
    if (instant === null) {
      const got = isLeftOut(value) ? 'nothing' : describeValue(value);
      this.fail(
        isLeftOut(value) ? 'REQUIRED' : 'INVALID',
        node,
        `expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got ${got}`,
      );
    }
    return instant;
  }

  resource(value: unknown, node: PathNode): Resource {
    const given = this.object(value, node);
    const id = given === null ? '' : this.text(given['id'], childNode(node, 'id'), this.limits.resourceIdLength);
    return { id, labels: given === null ? {} : this.labels(given, id, node) };
  }

  *related(value: unknown, node: PathNode): Generator<undefined, readonly RelatedResource[]> {
    if (isLeftOut(value)) return [];
    if (!Array.isArray(value)) {
      this.fail('INVALID', node, `expected a list of resources, got ${describeValue(value)}`);
      return [];
    }
    if (value.length > this.limits.relatedResources) {
      this.fail('TOO_MANY', node, `expected at most ${this.limits.relatedResources} related resources, got ${value.length}`);
      return [];
    }
    const related: RelatedResource[] = [];
    for (const [index, entry] of value.entries()) {
      related.push(this.relatedResource(entry, childNode(node, String(index))));
      yield;
    }
    return related;
  }

  private relatedResource(value: unknown, node: PathNode): RelatedResource {
    const given = this.object(value, node);
    if (given === null) return { id: '', role: '', labels: {} };
    const role = this.text(given['role'], childNode(node, 'role'), this.limits.roleLength);
    const { id, labels } = this.resource(given, node);
    const otherLabels = this.withoutFieldLabel(labels, [labelKeys.role, role], node);
    return { id, role, labels: otherLabels };
  }

  /**
   * The labels of a resource, including its name. A label that repeats a field must equal the
   * field.
   */
  private labels(given: Readonly<Record<string, unknown>>, id: string, node: PathNode): Labels {
    const labels = this.withoutFieldLabel(this.labelMap(given['labels'], childNode(node, 'labels')), [labelKeys.id, id], node);
    if (isLeftOut(given['name'])) return labels;
    const name = this.anyText(given['name'], childNode(node, 'name'), this.limits.labelValueLength);
    const named = { ...this.withoutFieldLabel(labels, [labelKeys.name, name], node), [labelKeys.name]: name };
    this.tooManyLabels(Object.keys(named).length, childNode(node, 'labels'));
    return named;
  }

  private labelMap(value: unknown, node: PathNode): Labels {
    if (isLeftOut(value)) return {};
    const given = this.object(value, node);
    if (given === null) return {};
    const keys = keysOf(given);
    if (this.tooManyLabels(keys.length, node)) return {};
    for (const key of keys) {
      if (this.size.exceeds) break;
      const at = childNode(node, key);
      this.text(key, at, this.limits.labelKeyLength);
      this.anyText(given[key], at, this.limits.labelValueLength);
    }
    return { ...given } as Labels;
  }

  private tooManyLabels(count: number, node: PathNode): boolean {
    const maxLabels = this.limits.labelsPerResource;
    if (count > maxLabels) this.fail('TOO_MANY', node, `expected at most ${maxLabels} labels, the name among them, got ${count}`);
    return count > maxLabels;
  }

  /** `labels` without `key`, whose value, if given, must equal the field of the resource. */
  private withoutFieldLabel(labels: Labels, [key, field]: readonly [string, string], node: PathNode): Labels {
    if (!Object.hasOwn(labels, key)) return labels;
    const { [key]: given, ...others } = labels;
    if (given !== field) {
      this.fail(
        'INVALID',
        childNode(childNode(node, 'labels'), key),
        `expected the value of the field beside it, ${describeValue(field)}, got ${describeValue(given)}`,
      );
    }
    return others;
  }

  private object(value: unknown, node: PathNode): JsonObject | null {
    if (isLeftOut(value)) this.fail('REQUIRED', node, 'expected an object, got nothing');
    else if (!isJsonObject(value)) this.fail('INVALID', node, `expected an object, got ${describeValue(value)}`);
    else return value;
    return null;
  }

  private anyText(value: unknown, node: PathNode, limit: number): string {
    if (typeof value !== 'string') return this.fail('INVALID', node, `expected a string, got ${describeValue(value)}`);
    const length = lengthUpTo(limit, value);
    if (length > limit) return this.fail('TOO_LONG', node, `expected at most ${limit} characters, got more`);
    this.size.addText(value);
    const reason = unstorableReason(value);
    return reason === null ? value : this.fail('INVALID', node, `the string has ${reason}`);
  }

  private fail(code: 'REQUIRED' | 'INVALID' | 'TOO_LONG' | 'TOO_MANY', node: PathNode, expectation: string): string {
    this.problems.add(code, pathOf(node), expectation);
    return '';
  }
}

function isLeftOut(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}
