// The code that loads data into a notebook.
import type { Asset } from '../api/client';

/** Lines of Python that load a version. */
export function snippet(asset: Pick<Asset, 'name' | 'version' | 'type'>): string {
  return [
    'import jupyter_mlws as mlws',
    '',
    `${identifier(asset.name)} = mlws.data("${asset.name}:${asset.version}")`,
    identifier(asset.name),
  ].join('\n');
}

/** A name of data as a name of Python. */
export function identifier(name: string): string {
  const plain = name.replace(/\W+/g, '_');
  return /^\d/.test(plain) ? `data_${plain}` : plain;
}
