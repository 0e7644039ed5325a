/** The names of the benchmark: the same in every server. */
export function benchName(index: number): string {
  return `name${index}`;
}

/** Three addresses for each. */
export function benchAddresses(index: number): [string, string, string] {
  const low = `${(index >> 8) & 255}.${index & 255}`;
  const high = index >> 16;
  return [`10.${high}.${low}`, `10.${high + 64}.${low}`, `10.${high + 128}.${low}`];
}

/** The domain of the benchmark, and the one of aardvark-dns, which knows no other. */
export const benchDomain = 'weave.local';
export const podmanDomain = 'dns.podman';
/** Names outside, for forwarding. */
export const foreignDomain = 'example.com';
export const foreignNames = 1000;
