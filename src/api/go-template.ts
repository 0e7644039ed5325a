import { quote } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';

/**
 * The part of Go's text/template that reports need: fields (`.DNS.Domain`), `json`, `len`, pipes, `range`, `if`, `else`,
 * `end` and `{{- -}}`. What is beyond it is refused by name.
 */
export function renderTemplate(template: string, data: unknown): Result<string> {
  if (template.length > maxTemplate) return refused(`the template is longer than ${maxTemplate} characters`);
  try {
    const reader = new NodeReader(tokens(template));
    const nodes = reader.until([]);
    const output: Output = { parts: [], length: 0 };
    run(nodes, data, output);
    return accepted(output.parts.join(''));
  } catch (error) {
    if (error instanceof TemplateProblem) return refused(error.message);
    throw error;
  }
}

/** A template that a person types is one line; nested `range`s over all records multiply, so the output is bounded too. */
const maxTemplate = 4_096;
const maxOutput = 16_777_216;
const maxDepth = 8;

class TemplateProblem extends Error {}

type Token = { readonly type: 'text' | 'action'; readonly text: string };

type Node =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'print'; readonly pipe: string }
  | {
      readonly type: 'range' | 'if';
      readonly pipe: string;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

interface Output {
  readonly parts: string[];
  length: number;
}

function tokens(template: string): Token[] {
  const pieces = template.split(/(\{\{(?:- )?.*?(?: -)?\}\})/s);
  return pieces.flatMap((piece, index): Token[] => {
    if (index % 2 === 1)
      return [{ type: 'action', text: piece.slice(2, -2).replace(/^- /, '').replace(/ -$/, '').trim() }];
    if (piece.includes('{{')) throw new TemplateProblem('the template has a "{{" without its "}}"');
    const trimmedStart = pieces[index - 1]?.endsWith(' -}}') ? piece.trimStart() : piece;
    const text = pieces[index + 1]?.startsWith('{{- ') ? trimmedStart.trimEnd() : trimmedStart;
    return text === '' ? [] : [{ type: 'text', text }];
  });
}

/** Turns the flat tokens into nested nodes. */
class NodeReader {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  /** Reads up to one of these closing words; without any, up to the template's end. */
  until(closers: readonly string[]): Node[] {
    const nodes: Node[] = [];
    for (let token = this.#tokens[this.#next]; token; token = this.#tokens[this.#next]) {
      if (token.type === 'action' && closers.includes(token.text)) return nodes;
      this.#next++;
      nodes.push(token.type === 'text' ? { type: 'text', text: token.text } : this.#action(token.text));
    }
    if (closers.length > 0) throw new TemplateProblem('the template lacks an {{end}}');
    return nodes;
  }

  #action(text: string): Node {
    const [word = '', pipe = ''] = splitOnce(text);
    if (word !== 'range' && word !== 'if') return { type: 'print', pipe: text };
    if (++this.#depth > maxDepth) throw new TemplateProblem(`the template nests deeper than ${maxDepth}`);
    const body = this.until(['else', 'end']);
    const hasElse = this.#tokens[this.#next++]?.text === 'else';
    const otherwise = hasElse ? this.until(['end']) : [];
    if (hasElse) this.#next++;
    this.#depth--;
    return { type: word, pipe, body, otherwise };
  }
}

function run(nodes: readonly Node[], dot: unknown, output: Output): void {
  for (const node of nodes) {
    if (node.type === 'text') print(node.text, output);
    else if (node.type === 'print') print(shown(evaluate(node.pipe, dot)), output);
    else if (node.type === 'if') run(truth(evaluate(node.pipe, dot)) ? node.body : node.otherwise, dot, output);
    else range(node.body, node.otherwise, evaluate(node.pipe, dot), dot, output);
  }
}

function range(body: readonly Node[], otherwise: readonly Node[], over: unknown, dot: unknown, output: Output): void {
  const items = over === null ? [] : isRecord(over) ? Object.values(over) : over;
  if (!Array.isArray(items)) throw new TemplateProblem('range needs a list');
  if (items.length === 0) run(otherwise, dot, output);
  for (const item of items) run(body, item, output);
}

function print(text: string, output: Output): void {
  output.length += text.length;
  if (output.length > maxOutput) throw new TemplateProblem(`the output is longer than ${maxOutput} characters`);
  output.parts.push(text);
}

/** A pipe is stages between bars: the value goes through each function in turn. */
function evaluate(pipe: string, dot: unknown): unknown {
  const [first = '', ...stages] = pipe.split('|').map((stage) => stage.trim());
  return stages.reduce<unknown>((value, stage) => call(stage, () => value), operand(first, dot));
}

function operand(text: string, dot: unknown): unknown {
  const [word = '', argument = ''] = splitOnce(text);
  if (argument !== '') return call(word, () => operand(argument, dot));
  if (text === '.') return dot;
  if (/^(\.\w+)+$/.test(text)) return text.slice(1).split('.').reduce(field, dot);
  if (/^"[^"\\]*"$/.test(text)) return text.slice(1, -1);
  throw unsupported(text);
}

function field(value: unknown, name: string): unknown {
  if (isRecord(value) && Object.hasOwn(value, name)) return value[name];
  const known = isRecord(value) ? `; it has ${Object.keys(value).join(', ')}` : '';
  throw new TemplateProblem(`there is no field ${quote(name)}${known}`);
}

function call(name: string, argument: () => unknown): unknown {
  if (name !== 'json' && name !== 'len') throw unsupported(name);
  const value = argument();
  if (name === 'json') return JSON.stringify(value);
  if (value === null) return 0;
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  throw new TemplateProblem('len needs a list, a map or a text');
}

function unsupported(text: string): TemplateProblem {
  return new TemplateProblem(
    `${quote(text)} is not supported: templates have fields such as .DNS.Domain, json, len, |, range, if, else and end`,
  );
}

/** As Go prints a value; objects want `json`, since Go's own form of them cannot be read back. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`;
  if (isRecord(value)) throw new TemplateProblem('this value has fields: name one of them, or print it with json');
  return value === null ? '<nil>' : String(value);
}

function truth(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function splitOnce(text: string): [string, string] {
  const [word = '', ...rest] = text.split(/\s+/);
  return [word, rest.join(' ')];
}
