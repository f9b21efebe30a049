// Makes src/api/schema.ts (types) and src/api/routes.ts (where each operation lives) from openapi.json.
// openapi-typescript needs the API of TypeScript 5, which the checker's version 7 no longer has: both are fetched for the moment.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'openapi.json');
const schema = join(root, 'src', 'api', 'schema.ts');

const packages = ['openapi-typescript@7.10.1', 'typescript@5.9'].map(name => `--package=${name}`);
const tool = [
  'openapi-typescript',
  source,
  ...['--output', schema],
  '--default-non-nullable=false',
  '--root-types',
  '--root-types-no-schema-prefix',
];
execFileSync('npm', ['exec', '--yes', ...packages, '--', ...tool], { stdio: 'inherit' });

const note = '// Generated from openapi.json by `npm run schema`. Do not edit.\n';
writeFileSync(schema, note + readFileSync(schema, 'utf8'));

const document = JSON.parse(readFileSync(source, 'utf8'));
const lines = Object.entries(document.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [
      operation.operationId,
      method.toUpperCase(),
      path,
    ]),
  )
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, method, path]) => `  '${name}': ['${method}', '${path}'],\n`);
writeFileSync(
  join(root, 'src', 'api', 'routes.ts'),
  `${note}\n/** HTTP method and path of each operation, below \`mlws/api\`. */\nexport const ROUTES = {\n${lines.join('')}} as const;\n`,
);
