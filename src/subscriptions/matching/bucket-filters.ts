/**
 * The filters of a bucket: a set, except that a single one takes no memory of its own. A filter with
 * a list of values is alone in most of their buckets.
 */
export class BucketFilters<F> {
  private only: F | undefined;
  private many: Set<F> | undefined;

  get size(): number {
    return this.many?.size ?? (this.only === undefined ? 0 : 1);
  }

  add(filter: F): void {
    if (this.many !== undefined) this.many.add(filter);
    else if (this.only === undefined || this.only === filter) this.only = filter;
    else {
      this.many = new Set([this.only, filter]);
      this.only = undefined;
    }
  }

  /** Returns whether the filter was there. */
  delete(filter: F): boolean {
    if (this.many !== undefined) return this.many.delete(filter);
    if (this.only !== filter) return false;
    this.only = undefined;
    return true;
  }

  forEach(onFilter: (filter: F) => void): void {
    if (this.many !== undefined) this.many.forEach(onFilter);
    else if (this.only !== undefined) onFilter(this.only);
  }
}
