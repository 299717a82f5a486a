/** What a run did, to tell what its verdict is worth. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(what: string, count = 1): void {
    this.counts.set(what, this.of(what) + count);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  toString(): string {
    return [...this.counts].map(([what, count]) => `${count} ${what}`).join(', ');
  }
}
