import type { Listing } from '../kube/connection.ts';

/** The same listing with every object in another shape, page by page. */
export function mapListing<T, U>(listing: Listing<T>, map: (object: T) => U): Listing<U> {
  async function* pages() {
    for await (const { items, resourceVersion } of listing.pages()) yield { items: items.map(map), resourceVersion };
  }
  return {
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const { items } of pages()) yield* items;
    },
    toArray: async () => (await listing.toArray()).map(map),
  };
}
