// Pages bring their style sheets with them: none may lean on, or be bent by, what another page has loaded.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const NAME = /jp-Mlws[\w-]+/g;
const FROM_THE_START = ['base', 'panel', 'notebook'].map(name =>
  join(ROOT, 'style', `${name}.css`),
);

interface IModule {
  readonly imports: readonly string[];
  readonly loads: readonly string[];
  readonly classes: readonly string[];
}

const sheets = new Map(
  files('style', /\.css$/).map(path => [path, selectors(readFileSync(path, 'utf8'))]),
);
const modules = new Map(files('src', /\.tsx?$/).map(path => [path, read(path)]));

describe('style sheets', () => {
  it('of pages do not style a class of another one', () => {
    const owners = new Map<string, string[]>();
    for (const [path, found] of sheets) {
      for (const name of FROM_THE_START.includes(path) ? [] : found) {
        if (/^\.jp-Mlws[\w-]+$/.test(name)) {
          owners.set(name, [...new Set([...(owners.get(name) ?? []), path])]);
        }
      }
    }

    expect([...owners].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });

  it('come with what is loaded late', () => {
    const known = new Set([...sheets.values()].flatMap(classesOf));
    const late = new Set([...modules.values()].flatMap(module => module.loads));
    const unstyled: string[] = [];

    for (const entry of late) {
      const all = closure(entry);
      const here = new Set(
        [...all, ...FROM_THE_START].flatMap(path => classesOf(sheets.get(path) ?? [])),
      );
      for (const path of all) {
        for (const name of modules.get(path)?.classes ?? []) {
          if (known.has(name) && !here.has(name)) {
            unstyled.push(`${entry.slice(ROOT.length)}: ${name} of ${path.slice(ROOT.length)}`);
          }
        }
      }
    }

    expect(late.size).toBeGreaterThan(20);
    expect(unstyled).toEqual([]);
  });
});

function files(folder: string, name: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => name.test(path))
    .map(path => join(ROOT, folder, path));
}

/** The selectors of a sheet, one by one. */
function selectors(css: string): string[] {
  const rules = css.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/([^{}]+)\{/g);
  return [...rules].flatMap(([, names = '']) => names.split(',').map(name => name.trim()));
}

function classesOf(names: readonly string[]): string[] {
  return names.flatMap(name => name.match(NAME) ?? []);
}

function read(path: string): IModule {
  const text = readFileSync(path, 'utf8');
  const found = (pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].flatMap(match => resolved(path, match[1] ?? ''));
  return {
    imports: found(/^(?:(?:import|export)(?! type\b)[^;]*?from |import )'(\.[^']+)';/gm),
    loads: found(/\bimport\(\s*'(\.[^']+)'/g),
    classes: [...new Set(text.match(NAME))],
  };
}

function resolved(from: string, name: string): string[] {
  const path = normalize(join(dirname(from), name));
  return [path, `${path}.ts`, `${path}.tsx`, join(path, 'index.ts')]
    .filter(candidate => /\.\w+$/.test(candidate) && existsSync(candidate))
    .slice(0, 1);
}

/** A module and all that it imports, directly or not. */
function closure(entry: string): Set<string> {
  const seen = new Set<string>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (!seen.has(path)) {
      seen.add(path);
      open.push(...(modules.get(path)?.imports ?? []));
    }
  }
  return seen;
}
