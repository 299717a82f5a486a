/**
 * Items of several clients.
 *
 * Guarantees: the items of a client are taken in the order in which they were added. Clients take
 * turns, one item each.
 */
export class FairQueue<T> {
  /** The items of each client that has some, in the order of the next turns. */
  private readonly queues = new Map<string, ClientQueue<T>>();

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }

  add(client: string, item: T): void {
    const queue = this.queues.get(client);
    if (queue === undefined) this.queues.set(client, { items: [item], next: 0 });
    else queue.items.push(item);
  }

  /** The next item of the client whose turn it is. The client then moves behind all others. */
  take(): T | undefined {
    for (const [client, queue] of this.queues) {
      const item = queue.items[queue.next];
      queue.next += 1;
      this.queues.delete(client);
      if (queue.next < queue.items.length) this.queues.set(client, queue.next < maxTakenItems ? queue : rest(queue));
      return item;
    }
    return undefined;
  }
}

/** The items of one client; those before `next` are taken. */
interface ClientQueue<T> {
  readonly items: T[];
  next: number;
}

function rest<T>({ items, next }: ClientQueue<T>): ClientQueue<T> {
  return { items: items.slice(next), next: 0 };
}

/** Taken items in a queue, beyond which they are cut off. */
const maxTakenItems = 1000;
