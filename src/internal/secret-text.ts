/** Stands where a credential stood. */
export const hidden = '[redacted]';

/**
 * Credentials that are known by their form. All patterns are linear: none can begin again inside what it has read in vain, or it stops
 * reading soon. Each leaves what it does not find again.
 */
const forms: readonly (readonly [pattern: RegExp, instead: string])[] = [
  // Words in lower case, as in "a Bearer token is missing", are prose.
  [/\b([Bb]earer|BEARER)\s+(?![a-z]{1,14}(?:[^\w~+/=.-]|[.-](?!\w)|$))[\w.~+/=-]+/g, `$1 ${hidden}`],
  [/(?<=^|[^\w-]|\\[nrt])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, hidden],
  [/-----BEGIN [^-]{1,64}-----[\s\S]*?(?:-----END [^-]{1,64}-----|$)/g, hidden],
  // The same in base64.
  [/LS0tLS1CRUdJTi[\w+/=-]*/g, hidden],
  [/\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}/g, hidden],
  // As Kubernetes says what it refuses.
  [
    /((?:token|passw(?:or)?d|passphrase|secret)s?\\{0,8}["']?: (?:Invalid|Unsupported|Duplicate) value: \\{0,8}")(?:[^"\\]|\\[^"])+/gi,
    `$1${hidden}`,
  ],
  [/(kubeconfig\\{0,8}["']?\s{0,8}[:=]\s{0,8}\\{0,8}["']?)[A-Za-z0-9+/=]{40,}/gi, `$1${hidden}`],
];

/** An address up to the next one, so that each is read once. */
const address = /:\/\/(?:(?!:\/\/)[^\s"<>])*/g;
/** A password, with or without a user; there may be a slash in it, but a port is none. */
const password = /^:\/\/(?:[^/?#:@]*:[^/?#]+|[^/?#:@[]*:(?!\d{1,5}(?:[/?#]|$)).+)@/;
const lone = /^:\/\/[^/?#:@]+@/;

/** Some of it is in every text that holds any of these; most texts are short and hold none. */
const suspicious =
  /bearer|eyJ|-----BEGIN|LS0t|\$2|:\/\/|kubeconfig|token|passw|passphrase|secret|key|data|authorization/i;

/** What says in text that a secret follows; it may be the end of a longer name. */
const announcement =
  /(?:token|passw(?:or)?d|passphrase|(?:secret|private|access|api|tls|ssh|signing|encryption)[-_. ]?key|client[-_]?(?:key|certificate)[-_]?data)s?\\{0,8}["']?\s{0,32}(?::=?|={1,3}>?)|(?:secret|authorization)\\{0,8}["']?\s{0,32}(?::=?|={1,3}>?)/gi;
const plural = /s\\{0,8}["']?\s{0,32}[:=>]{1,4}$/i;
const blockScalar = /[ \t]{0,32}[|>][-+\d]{0,2}[ \t]{0,32}(?:\r?\n|\\{1,8}n)/y;
const spaces = /\s{0,64}(?:-[ \t]{1,8})?/y;
const openQuote = /(\\*)(["'])/y;
const list = /\[[^\]]*\]?/y;
const scheme = /(?:Basic|Bearer|Digest|Negotiate|Token)[ \t]{1,8}/iy;
/** Up to white space, or to a quote that closes what the text stands in. */
const bare = /(?:[^\s"']|["'](?![\s,:;}\])]|$))+/y;
const number = /\d+(?!\w)/y;
/** What no secret is, and what follows an announcement in prose. */
const prose =
  /(?:null|true|false)(?![\w.$@!*-])|(?:none|nil|undefined|unset|empty|missing|required|invalid|expired|absent|unknown|must|is|was|are|were|be|has|have|had|not|no|the|an?|it|its|this|that|these|those|there|they|you|set|see|give|use|string|number|boolean|tokens?|passwords?|secrets?|and|or|of|in|on|for|to|from|with|by|as|at|if|when|where|which|who|what)(?=[.,;:!?)\]}]{0,4}(?:\s|$))/iy;
/** On the next line: the announcement was the head of further fields, or a field without a value. */
const nextField = /[\w.-]{1,64}:(?=\s|$)/y;

/** Takes out of text what looks like a credential; what is left, it leaves as it is. */
export function redactText(text: string): string {
  if (!suspicious.test(text)) return text;
  let before: string;
  let after = text;
  // What goes can bring two ends together that look like another one.
  let passes = 0;
  do {
    before = after;
    const unformed = forms.reduce((value, [pattern, instead]) => value.replace(pattern, instead), before);
    after = withoutAnnounced(unformed.replace(address, withoutUser));
    passes += 1;
  } while (after !== before && passes < 4);
  return after;
}

/** On the web a user alone is a token, elsewhere (`ssh://git@host`) a name. */
function withoutUser(found: string, at: number, text: string): string {
  const shown = found.replace(password, `://${hidden}@`);
  return /https?$/i.test(text.slice(Math.max(0, at - 5), at)) ? shown.replace(lone, `://${hidden}@`) : shown;
}

function withoutAnnounced(text: string): string {
  const pieces: string[] = [];
  let kept = 0;
  announcement.lastIndex = 0;
  for (;;) {
    const [found] = announcement.exec(text) ?? [];
    if (found === undefined) return pieces.join('') + text.slice(kept);
    const span = secretAt(text, announcement.lastIndex, plural.test(found));
    if (span === undefined) continue;
    pieces.push(text.slice(kept, span.from), hidden);
    kept = span.to;
    announcement.lastIndex = span.to;
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the value is that begins at `at`, or behind the white space there. */
function secretAt(text: string, at: number, several: boolean): Span | undefined {
  const block = matchAt(blockScalar, text, at);
  if (block !== undefined) return blockAt(text, block.to);
  const space = matchAt(spaces, text, at) ?? { from: at, to: at };
  const quoted = quotedAt(text, space.to);
  if (quoted !== undefined) return quoted.from < quoted.to ? quoted : undefined;
  const from = matchAt(scheme, text, space.to)?.to ?? space.to;
  if (text.startsWith(hidden, from) || matchAt(prose, text, from) !== undefined) return undefined;
  if (several && matchAt(number, text, from) !== undefined) return undefined;
  if (text.slice(at, from).includes('\n') && matchAt(nextField, text, from) !== undefined) return undefined;
  return matchAt(list, text, from) ?? matchAt(bare, text, from);
}

/** All lines that are indented as the first one is. */
function blockAt(text: string, start: number): Span | undefined {
  const indent = matchAt(/[ \t]+/y, text, start);
  if (indent === undefined) return undefined;
  const head = text.slice(start, indent.to);
  let to = start;
  while (to < text.length && (text.startsWith(head, to) || /[\r\n]/.test(text.charAt(to)))) {
    const end = text.indexOf('\n', to);
    to = end < 0 ? text.length : end + 1;
  }
  return { from: indent.to, to: text.charAt(to - 1) === '\n' ? to - 1 : to };
}

/** What is in the quotes that open at `at`, however often they are escaped; to the end where they do not close. */
function quotedAt(text: string, at: number): Span | undefined {
  openQuote.lastIndex = at;
  const [all, { length: depth } = '', quote] = openQuote.exec(text) ?? [];
  if (all === undefined || quote === undefined) return undefined;
  const from = at + all.length;
  for (let end = text.indexOf(quote, from); end >= 0; end = text.indexOf(quote, end + 1)) {
    let slashes = 0;
    while (end - slashes > from && text.charAt(end - slashes - 1) === '\\') slashes += 1;
    if (slashes < depth || (slashes - depth) % (2 * depth + 2) !== 0) continue;
    // YAML writes a single quote inside single quotes as two.
    if (depth === 0 && quote === "'" && text.charAt(end + 1) === quote) end += 1;
    else return { from, to: end - depth };
  }
  return { from, to: text.length };
}

function matchAt(pattern: RegExp, text: string, at: number): Span | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? { from: at, to: pattern.lastIndex } : undefined;
}
