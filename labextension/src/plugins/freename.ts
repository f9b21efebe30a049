// A name for a new notebook.
import type { Contents } from '@jupyterlab/services';

/** `STEM.ipynb`, or the first of `STEM-1.ipynb` … that is not in the folder yet. */
export async function freeName(
  contents: Contents.IManager,
  folder: string,
  stem: string,
): Promise<string> {
  const { content } = await contents.get(folder);
  const taken = new Set((content as Contents.IModel[]).map(item => item.name));
  let name = `${stem}.ipynb`;
  for (let n = 1; taken.has(name); n++) {
    name = `${stem}-${n}.ipynb`;
  }
  return name;
}
