/** How large an event may be; the defaults are settings. Lengths count characters (Unicode code points). */
export interface EventLimits {
  readonly eventIdLength: number;
  readonly eventNameLength: number;
  readonly resourceIdLength: number;
  readonly roleLength: number;
  readonly labelKeyLength: number;
  readonly labelValueLength: number;
  readonly labelsPerResource: number;
  readonly relatedResources: number;
  /** Bytes of the event document as JSON in UTF-8. */
  readonly eventBytes: number;
  readonly payloadDepth: number;
}
