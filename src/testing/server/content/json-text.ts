/** JSON as the API server reads it. */
export interface JsonText {
  readonly value: unknown;
  /** Places of fields that occur more than once; the last one counts. */
  readonly duplicates: readonly string[];
}

const digit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';

/** Reads JSON; finds what occurs twice, which `JSON.parse` does not tell. @throws Error in the words of Go */
export function parseJson(text: string): JsonText {
  const scanner = new Scanner(text);
  scanner.document();
  return { value: JSON.parse(text), duplicates: scanner.duplicates };
}

/** Walks over JSON once. */
class Scanner {
  readonly duplicates: string[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value('');
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
  }

  #value(path: string): void {
    this.#space();
    const char = this.#text[this.#at];
    if (char === '{') this.#object(path);
    else if (char === '[') this.#array(path);
    else if (char === '"') this.#string();
    else if (char === 't') this.#word('true');
    else if (char === 'f') this.#word('false');
    else if (char === 'n') this.#word('null');
    else if (char === '-' || digit(char)) this.#number();
    else this.#fail('looking for beginning of value');
  }

  #object(path: string): void {
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return;
    }
    const seen = new Set<string>();
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      const name = this.#string();
      const inner = path === '' ? name : `${path}.${name}`;
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('after object key');
      this.#at++;
      this.#value(inner);
      if (seen.has(name)) this.duplicates.push(inner);
      seen.add(name);
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== '}') this.#fail('after object key:value pair');
      this.#at++;
      if (next === '}') return;
    }
  }

  #array(path: string): void {
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return;
    }
    for (let index = 0; ; index++) {
      this.#value(`${path}[${index}]`);
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== ']') this.#fail('after array element');
      this.#at++;
      if (next === ']') return;
    }
  }

  #string(): string {
    const from = this.#at++;
    let escaped = false;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code) || code < 0x20) this.#fail('in string literal');
      this.#at++;
      if (code === 0x22) break;
      if (code !== 0x5c) continue;
      escaped = true;
      const next = this.#text[this.#at];
      if (next === undefined || !'"\\/bfnrtu'.includes(next)) this.#fail('in string escape code');
      this.#at++;
      if (next !== 'u') continue;
      for (let i = 0; i < 4; i++, this.#at++) {
        if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
      }
    }
    const source = this.#text.slice(from, this.#at);
    return escaped ? String(JSON.parse(source)) : source.slice(1, -1);
  }

  #word(word: string): void {
    for (const [i, expected] of [...word].entries()) {
      if (this.#text[this.#at] !== expected) {
        this.#fail(i === 0 ? 'looking for beginning of value' : `in literal ${word} (expecting '${expected}')`);
      }
      this.#at++;
    }
  }

  #number(): void {
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    if (!/[eE]/.test(this.#text[this.#at] ?? '')) return;
    this.#at++;
    if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at++;
    this.#digits('in exponent of numeric literal');
  }

  #digits(where: string): void {
    if (!digit(this.#text[this.#at])) this.#fail(where);
    while (digit(this.#text[this.#at])) this.#at++;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #fail(where: string): never {
    const char = this.#text[this.#at];
    if (char === undefined) throw new Error('unexpected end of JSON input');
    const quoted = char === "'" ? "'\\''" : char === '"' ? `'"'` : `'${printable(char)}'`;
    throw new Error(`invalid character ${quoted} ${where}`);
  }
}

function printable(char: string): string {
  const code = char.charCodeAt(0);
  return code >= 0x7f && code < 0xa0 ? `\\u${code.toString(16).padStart(4, '0')}` : JSON.stringify(char).slice(1, -1);
}
