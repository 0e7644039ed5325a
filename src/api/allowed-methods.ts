import type { RouteOptions } from 'fastify';

/** Which methods each path takes, learnt from the routes: to tell a wrong method from a wrong path. */
export class AllowedMethods {
  readonly #paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  add({ url, method }: Pick<RouteOptions, 'url' | 'method'>): void {
    const path = this.#paths.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    for (const each of [method].flat()) path.methods.add(each);
    this.#paths.set(url, path);
  }

  /** The methods of a path, in the order of the alphabet; empty where there is no such path. */
  of(url: string): string[] {
    const path = url.replace(/\?.*$/s, '');
    const matching = [...this.#paths.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort();
  }
}

/** `/v1/names/:name` stands for every path with one segment in the place of its parameter. */
function patternOf(url: string): RegExp {
  const text = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+');
  return new RegExp(`^${text}$`);
}
