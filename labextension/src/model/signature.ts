// What an MLflow model takes and gives, as its MLmodel file says. Source: MLflow's model signature.
import { parse } from 'yaml';

export interface ISignatureColumn {
  name: string;
  type: string;
  isRequired: boolean;
  /** What it is when it is not given; of parameters only. */
  initial: string;
}

export interface ISignature {
  inputs: readonly ISignatureColumn[];
  outputs: readonly ISignatureColumn[];
  params: readonly ISignatureColumn[];
}

/** The signature in the text of an MLmodel file; null when it has none. */
export function signatureOf(text: string): ISignature | null {
  const { signature } = (parse(text) ?? {}) as { signature?: Record<string, unknown> | null };
  if (!signature) {
    return null;
  }
  const part = (name: string): ISignatureColumn[] => {
    const said = signature[name];
    const columns: unknown = typeof said === 'string' ? JSON.parse(said) : said;
    return Array.isArray(columns) ? columns.map(columnOf) : [];
  };
  return { inputs: part('inputs'), outputs: part('outputs'), params: part('params') };
}

function columnOf(said: Record<string, unknown>): ISignatureColumn {
  return {
    name: String(said.name ?? ''),
    type: typeOf(said),
    isRequired: said.required !== false && !('default' in said),
    initial: 'default' in said ? JSON.stringify(said.default) : '',
  };
}

/** A type in one line: `double`, `float32 (-1, 28, 28)`, `array of string`, `object {a, b}`. */
function typeOf(said: Record<string, unknown>): string {
  const type = String(said.type ?? 'any');
  const tensor = said['tensor-spec'] as { dtype?: string; shape?: unknown[] } | undefined;
  if (tensor) {
    return `${tensor.dtype} (${(tensor.shape ?? []).join(', ')})`;
  }
  const items = said.items as Record<string, unknown> | undefined;
  if (type === 'array' && items) {
    return `array of ${typeOf(items)}`;
  }
  const properties = said.properties as Record<string, unknown> | undefined;
  return properties ? `${type} {${Object.keys(properties).join(', ')}}` : type;
}
