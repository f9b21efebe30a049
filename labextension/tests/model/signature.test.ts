import { expect, it } from 'vitest';
import { signatureOf } from '../../src/model/signature';

const MLMODEL = `
flavors: {python_function: {loader_module: mlflow.sklearn}}
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "string", "name": "town",
    "required": false}, {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}},
    {"type": "array", "items": {"type": "object", "properties": {"a": {}, "b": {}}}, "name": "seen",
    "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
  params: '[{"name": "top", "type": "long", "default": 5, "shape": null}]'
`;

it('reads columns, tensors and nested types in one line each', () => {
  const found = signatureOf(MLMODEL);

  expect(found?.inputs.map(column => [column.name, column.type, column.isRequired])).toEqual([
    ['age', 'double', true],
    ['town', 'string', false],
    ['', 'float32 (-1, 28, 28)', true],
    ['seen', 'array of object {a, b}', true],
  ]);
  expect(found?.outputs.map(column => column.type)).toEqual(['long']);
  expect(found?.params).toEqual([{ name: 'top', type: 'long', isRequired: false, initial: '5' }]);
});

it('knows that a model may have none', () => {
  expect(signatureOf('flavors: {}\n')).toBe(null);
  expect(signatureOf('')).toBe(null);
});
