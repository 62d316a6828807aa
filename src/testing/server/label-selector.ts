import { badRequest } from './status.ts';
import { labelValueProblems, qualifiedNameProblems } from './validation.ts';

/** Whether labels are selected. */
export type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

const operators = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'] as const;
const symbols = ['==', '!=', '=', '>', '<', '!', '(', ')', ','] as const;

interface Token {
  /** A symbol, `in`, `notin`, `name` for anything else, `end`. */
  readonly is: string;
  readonly text: string;
}

/** What is wrong with a selector, in the real server's words. */
class Wrong extends Error {}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source[at] ?? '';
    const symbol = symbols.find((known) => source.startsWith(known, at));
    if (/[ \t\r\n]/.test(char)) at++;
    else if (symbol !== undefined) {
      tokens.push({ is: symbol, text: symbol });
      at += symbol.length;
    } else {
      const text = /^[^ \t\r\n=!(),<>]+/.exec(source.slice(at))?.[0] ?? char;
      tokens.push({ is: text === 'in' || text === 'notin' ? text : 'name', text });
      at += text.length;
    }
  }
  return tokens;
}

/** Reads a selector from left to right, one token ahead. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  all(): LabelTest[] {
    const tests: LabelTest[] = [];
    for (;;) {
      const next = this.#peek();
      if (next.is === 'end') return tests;
      if (next.is !== 'name' && next.is !== '!')
        throw new Wrong(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      tests.push(this.#requirement());
      const after = this.#next();
      if (after.is === 'end') return tests;
      if (after.is !== ',') throw new Wrong(`found '${after.text}', expected: ',' or 'end of string'`);
      const follows = this.#peek();
      if (follows.is !== 'name' && follows.is !== '!')
        throw new Wrong(`found '${follows.text}', expected: identifier after ','`);
    }
  }

  /** The next token as a value: there `in` and `notin` are names like any other. */
  #peek(): Token {
    const token = this.#tokens[this.#at] ?? { is: 'end', text: '' };
    return token.is === 'in' || token.is === 'notin' ? { is: 'name', text: token.text } : token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #requirement(): LabelTest {
    try {
      return this.#test();
    } catch (error) {
      throw error instanceof Wrong ? new Wrong(`unable to parse requirement: ${error.message}`) : error;
    }
  }

  #test(): LabelTest {
    const absent = this.#peek().is === '!';
    if (absent) this.#at++;
    const { is, text: key } = this.#next();
    if (is !== 'name') throw new Wrong(`found '${this.#tokens[this.#at - 1]?.text ?? ''}', expected: identifier`);
    for (const problem of qualifiedNameProblems(key))
      throw new Wrong(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
    const after = this.#peek();
    if (absent) return (labels) => labels[key] === undefined;
    if (after.is === 'end' || after.is === ',') return (labels) => labels[key] !== undefined;
    const operator = this.#tokens[this.#at++] ?? after;
    const values = operator.is === 'in' || operator.is === 'notin' ? this.#set() : [this.#exact(operator)];
    checkValues(key, operator.is, values);
    return testOf(key, operator.is, values);
  }

  #exact(operator: Token): string {
    if (!['=', '==', '!=', '>', '<'].includes(operator.is)) {
      throw new Wrong(`found '${operator.text}', expected: ${operators.join(', ')}`);
    }
    const next = this.#peek();
    if (next.is === 'end' || next.is === ',') return '';
    this.#at++;
    if (next.is !== 'name') throw new Wrong(`found '${next.text}', expected: identifier`);
    return next.text;
  }

  #set(): string[] {
    const open = this.#next();
    if (open.is !== '(') throw new Wrong(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (let expectsValue = true; ; ) {
      const { is, text } = this.#next();
      if (is === ')') {
        if (expectsValue) values.push('');
        return values;
      }
      if (is === ',') {
        if (expectsValue) values.push('');
        expectsValue = true;
      } else if (is === 'name' && expectsValue) {
        values.push(text);
        expectsValue = false;
      } else throw new Wrong(`found '${text}', expected: ${expectsValue ? "',', or identifier" : "',' or ')'"}`);
    }
  }
}

function checkValues(key: string, operator: string, values: readonly string[]): void {
  const told: string[] = [];
  for (const [i, value] of values.entries()) {
    const quoted = JSON.stringify(value);
    if ((operator === '<' || operator === '>') && !/^[+-]?\d+$/.test(value)) {
      told.push(`values[${i}]: Invalid value: ${quoted}: for 'Gt', 'Lt' operators, the value must be an integer`);
    }
    for (const problem of labelValueProblems(value))
      told.push(`values[${i}][${key}]: Invalid value: ${quoted}: ${problem}`);
  }
  if (told.length > 0) throw new Wrong(told.length === 1 ? (told[0] ?? '') : `[${told.join(', ')}]`);
}

function testOf(key: string, operator: string, values: readonly string[]): LabelTest {
  const [value = ''] = values;
  switch (operator) {
    case 'in':
      return (labels) => labels[key] !== undefined && values.includes(labels[key]);
    case 'notin':
      return (labels) => labels[key] === undefined || !values.includes(labels[key]);
    case '!=':
      return (labels) => labels[key] !== value;
    case '<':
      return (labels) => labels[key] !== undefined && Number(labels[key]) < Number(value);
    case '>':
      return (labels) => labels[key] !== undefined && Number(labels[key]) > Number(value);
    default:
      return (labels) => labels[key] === value;
  }
}

/** Parses the text form of a label selector, set-based requirements included. @throws StatusError 400 */
export function parseLabelSelector(source: string): LabelTest {
  let tests: LabelTest[];
  try {
    tests = new Parser(source).all();
  } catch (error) {
    throw error instanceof Wrong ? badRequest(error.message) : error;
  }
  return (labels) => tests.every((test) => test(labels));
}
