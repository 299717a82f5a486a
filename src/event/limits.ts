/**
 * The largest event that is accepted. Each is a setting. Lengths count characters (Unicode code
 * points).
 */
export interface EventLimits {
  readonly eventIdLength: number;
  readonly eventNameLength: number;
  readonly resourceIdLength: number;
  readonly roleLength: number;
  readonly labelKeyLength: number;
  readonly labelValueLength: number;
  readonly labelsPerResource: number;
  readonly relatedResources: number;
  /** Bytes of the event document as JSON in UTF-8 (`document.ts`). */
  readonly eventBytes: number;
  readonly payloadDepth: number;
}
