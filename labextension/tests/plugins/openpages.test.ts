import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Widget } from '@lumino/widgets';
import { describe, expect, it } from 'vitest';
import type { IPage } from '../../src/panels/page';
import { type IMadePage, OpenPages } from '../../src/plugins/openpages';

class Model {
  asked = 0;
  dispose(): void {}
}

describe('pages that are open', () => {
  const shown: Widget[] = [];
  const activated: string[] = [];
  const shell = {
    add: (widget: Widget) => shown.push(widget),
    activateById: (id: string) => activated.push(id),
  } as unknown as JupyterFrontEnd.IShell;
  const page = { workspace: { trans: {} } } as unknown as IPage;
  const open = new OpenPages<Model>(shell, page, null, { namespace: 'test', command: 'test' });
  let made = 0;
  const make = async (): Promise<IMadePage<Model>> => {
    made++;
    return { model: new Model(), draw: () => null, title: () => 'One' };
  };

  it('are there once, however often they are asked for while they are made', async () => {
    const [one, other] = await Promise.all([open.show('one', make), open.show('one', make)]);

    expect(one).toBe(other);
    expect([made, shown.length]).toEqual([1, 1]);
    expect(shown[0]?.title.label).toBe('One');
  });

  it('come to the front when they are asked for again, and are told so', async () => {
    const model = await open.show('one', make, it => {
      it.asked++;
    });

    expect(activated).toEqual(['one']);
    expect(model.asked).toBe(1);
    expect(made).toBe(1);
  });
});
