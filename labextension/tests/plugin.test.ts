import { expect, test } from 'vitest';
import manifest from '../../package.json';
import schema from '../schema/plugin.json';

test('the settings are named in the package that carries them', () => {
  expect(manifest.jupyterlab.schemaDir).toBe('labextension/schema');
  expect(schema.title).toBe('ML Workspace');
});
