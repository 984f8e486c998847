import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

interface Import {
  /** A path from the root, or a package's name. */
  from: string;
  typesOnly: boolean;
}

interface Source {
  path: string;
  text: string;
  /** Without comments, and with nothing in its strings and regular expressions. */
  code: string;
  imports: Import[];
}

const TOKEN = new RegExp(
  [
    /\/\/.*/, // a line's comment
    /\/\*[\s\S]*?\*\//, // a comment
    /'(?:\\.|[^'\\\n])*'/,
    /"(?:\\.|[^"\\\n])*"/,
    /`(?:\\[\s\S]|[^`\\])*`/,
    /(?<=[(,=:[!&|?{};\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/, // a regular expression
  ]
    .map((part) => part.source)
    .join('|'),
  'g',
);

/** The expressions of a template stay: what they call is code. */
function hollow(token: string): string {
  if (token.startsWith('/')) return token.startsWith('//') || token.startsWith('/*') ? ' ' : '/r/';
  if (!token.startsWith('`')) return `''`;
  return `''${[...token.matchAll(/\$\{([^}]*)\}/g)].map(([, inner]) => `+(${inner})`).join('')}`;
}

function importsOf(path: string, text: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm;
  return [...text.matchAll(statement)].map(([, type, names, from = '']) => {
    const listed = /^\{([^}]*)\}$/.exec(names ?? '')?.[1]?.split(',') ?? [];
    const each = listed.map((name) => name.trim()).filter((name) => name !== '');
    const typesOnly = type !== undefined || (each.length > 0 && each.every((name) => name.startsWith('type ')));
    return { from: from.startsWith('.') ? relative(ROOT, join(ROOT, dirname(path), from)) : from, typesOnly };
  });
}

const sources: Source[] = globSync('src/**/*.{ts,tsx}', { cwd: ROOT })
  .sort()
  .map((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return { path, text, code: text.replace(TOKEN, hollow), imports: importsOf(path, text) };
  });
const byPath = new Map(sources.map((source) => [source.path, source]));

const name = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const isPure = ({ path }: Source) => name(path) === 'rules.ts' || name(path) === 'state.ts';
const isOwn = ({ from }: Import) => from.startsWith('src/');

/** Each arrow of the sources for which `wrong` holds, as `from → to`. */
function arrows(wrong: (source: Source, target: Import) => boolean): string[] {
  return sources.flatMap((source) =>
    source.imports.filter((target) => wrong(source, target)).map((target) => `${source.path} → ${target.from}`),
  );
}

describe('the sources', () => {
  test('are all read, and every import of their own leads to one of them', () => {
    expect(sources.length).toBeGreaterThan(90);
    expect(arrows((_, target) => isOwn(target) && !byPath.has(target.from))).toEqual([]);
    const found = sources.flatMap((source) => source.imports).length;
    const written = sources.flatMap((source) => source.text.match(/(?:\bfrom |^import )'[^']+';$/gm) ?? []).length;
    expect(found).toBe(written);
    expect(sources.filter(({ code }) => /\b(?:import|require)\s*\(/.test(code))).toEqual([]);
  });

  test('have at most 300 lines', () => {
    const long = sources.filter(({ text }) => text.trimEnd().split('\n').length > 300);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('are named for what they do', () => {
    const nameless = /(?:^|[-.])(?:utils?|helpers?|misc|common|lib)\.ts$/;
    expect(sources.filter(({ path }) => nameless.test(name(path))).map(({ path }) => path)).toEqual([]);
  });

  test('have no `any`, no `!` and no cast through `unknown`', () => {
    const forbidden = [
      /[:<,|&(]\s*any\b(?!\s*[:(])/,
      /\bas\s+any\b/,
      /[\w)\]]!(?=\s*[.;,)\]}[(]|\s+as\b)/,
      /\bas\s+unknown\s+as\b/,
    ];
    const found = sources.flatMap(({ path, code }) =>
      code.split('\n').flatMap((line) => (forbidden.some((one) => one.test(line)) ? [`${path}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });

  test('export by name; the Worker alone has a default, and what stands for the default of a library', () => {
    const defaults = sources.filter(({ code }) => /^export default\b/m.test(code));
    expect(defaults.map(({ path }) => path)).toEqual(['src/features/emails/no-inbound.ts', 'src/worker.ts']);
  });
});

describe('the rules', () => {
  const pure = sources.filter(isPure);
  const allowed = (target: Import) =>
    target.typesOnly ||
    ['zod', 'date-fns', '@date-fns/tz'].includes(target.from) ||
    (byPath.has(target.from) && ['rules.ts', 'state.ts'].includes(name(target.from)));

  test('import only types, zod, dates and other rules', () => {
    expect(pure.length).toBeGreaterThan(8);
    expect(arrows((source, target) => isPure(source) && !allowed(target))).toEqual([]);
  });

  test('are told the time and the ids, and know no randomness and no network', () => {
    const impure =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bnew Date\b(?!\()|\bDate\(\s*\)|\bMath\.random\b|\bcrypto\b|\bperformance\b|\bfetch\b|\bsetTimeout\b|\bsetInterval\b|\bscheduler\b|\bprocess\b|\basync\b|\bawait\b|\bPromise\b|\bnewId\b/;
    const found = pure.flatMap(({ path, code }) =>
      code.split('\n').flatMap((line) => (impure.test(line) ? [`${path}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });
});

describe('dependencies', () => {
  /** From what is nearest to the outside to what knows only itself: worker → routes → verbs, queries, objects → the rest. */
  const LAYERS = ['worker', 'routes', 'verbs, queries and objects', 'tables, rules and schemas'];
  const FOUNDATION = [
    'rules.ts',
    'state.ts',
    'table.ts',
    'columns.ts',
    'schemas.ts',
    'schema.ts',
    'protocol.ts',
    'commands.ts',
    'targets.ts',
  ];

  const VOCABULARY = ['src/ids.ts', 'src/http/fields.ts', 'src/http/patch.ts', 'src/http/problem.ts'];

  function layerOf(path: string): number {
    if (['src/worker.ts', 'src/app.ts', 'src/crons.ts'].includes(path)) return 0;
    if (name(path) === 'routes.ts' || path === 'src/http/openapi.ts') return 1;
    return FOUNDATION.includes(name(path)) || VOCABULARY.includes(path) ? 3 : 2;
  }

  test('point one way', () => {
    const back = sources.flatMap((source) =>
      source.imports
        .filter((target) => isOwn(target) && !target.typesOnly && layerOf(target.from) < layerOf(source.path))
        .map((target) => `${source.path} (${LAYERS[layerOf(source.path)]}) → ${target.from}`),
    );
    expect(back).toEqual([]);
  });

  test('on tables and SQL do not reach from schemas and rules', () => {
    const foundation = (source: Source) =>
      ['schemas.ts', 'rules.ts', 'state.ts', 'protocol.ts'].includes(name(source.path));
    const storage = ['sql-template-tag', 'cloudflare:workers', 'hono', 'drizzle-orm'];
    expect(
      arrows((source, target) => foundation(source) && !target.typesOnly && storage.includes(target.from)),
    ).toEqual([]);
  });

  test("on a feature's routes are the application's alone", () => {
    const routes = (target: Import) => name(target.from) === 'routes.ts' && isOwn(target);
    expect(arrows((source, target) => routes(target) && source.path !== 'src/app.ts')).toEqual([]);
  });

  test('on the Durable Object class are the Worker’s; everyone else knows its type', () => {
    const object = (target: Import) => name(target.from) === 'object.ts' && !target.typesOnly;
    expect(arrows((source, target) => object(target) && source.path !== 'src/worker.ts')).toEqual([]);
  });

  test('do not run in circles, types included', () => {
    expect(circles()).toEqual([]);
  });
});

/** Every group of files that can reach each other, by Tarjan's algorithm, each with its arrows. */
function circles(): string[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (path: string): void => {
    index.set(path, index.size);
    low.set(path, index.size - 1);
    stack.push(path);
    for (const { from } of byPath.get(path)?.imports ?? []) {
      if (!byPath.has(from)) continue;
      if (!index.has(from)) visit(from);
      if (stack.includes(from)) low.set(path, Math.min(low.get(path) ?? 0, low.get(from) ?? 0));
    }
    if (low.get(path) === index.get(path)) groups.push(stack.splice(stack.indexOf(path)));
  };
  for (const { path } of sources) if (!index.has(path)) visit(path);
  return groups
    .filter((group) => group.length > 1)
    .map((group) =>
      group
        .flatMap((path) =>
          (byPath.get(path)?.imports ?? [])
            .filter((target) => group.includes(target.from))
            .map((target) => `${path} → ${target.from}${target.typesOnly ? ' (types)' : ''}`),
        )
        .join('\n'),
    );
}
