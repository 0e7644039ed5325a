import type { HostnameRules } from './options.ts';

/**
 * A container's name as weave's proxy made it: from the label where the container has it, then every match replaced.
 * Undefined where nothing comes of it.
 */
export function rewriteName(name: string, labels: ReadonlyMap<string, string>, rules: HostnameRules) {
  const label = rules.fromLabel === '' ? undefined : labels.get(rules.fromLabel);
  const rewritten = replaceAll(label || name, rules.match, rules.replacement);
  return rewritten === '' ? undefined : rewritten;
}

/** `regexp.ReplaceAllString` of Go: an empty match right behind another one is none, unlike in JavaScript. */
function replaceAll(text: string, pattern: RegExp, template: string): string {
  let result = '';
  let end = 0;
  let last = -1;
  for (const match of text.matchAll(new RegExp(pattern.source, withGlobal(pattern.flags)))) {
    if (match[0] === '' && match.index === last) continue;
    result += text.slice(end, match.index) + expand(template, match);
    end = match.index + match[0].length;
    last = end;
  }
  return result + text.slice(end);
}

/** `regexp.Expand` of Go: `$name` takes as many letters, digits and `_` as it can, so `$1x` is the group `1x`. */
function expand(template: string, match: RegExpExecArray): string {
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (dollar, plain?: string, braced?: string) => {
    const group = plain ?? braced;
    if (group === undefined) return dollar.slice(1);
    return (/^\d+$/.test(group) ? match[Number(group)] : match.groups?.[group]) ?? '';
  });
}

function withGlobal(flags: string): string {
  return flags.includes('g') ? flags : `${flags}g`;
}
