import { expect, test, vi } from 'vitest';
import { ApiError, type Build, type ICaller } from '../../src/api/client';
import { EventStream } from '../../src/api/events';
import { assetOf, EMPTY_DRAFT, EnvironmentsModel } from '../../src/model/environments';
import { WorkspaceSettings } from '../../src/model/settings';
import { WorkspaceModel } from '../../src/model/workspace';

const built = (name: string): Build => ({ name, version: '1', state: 'none' });

/** A workspace with environments, which refuses names that begin with a dot. */
class Service implements ICaller {
  environments = [built('alpha'), built('beta')];
  calls: string[] = [];

  call: ICaller['call'] = (async (name: string, args: Record<string, unknown>) => {
    this.calls.push(name);
    switch (name) {
      case 'environments.list_builds':
        return [...this.environments];
      case 'environments.get_build':
        return this.environments.find(item => item.name === args.name);
      case 'environments.list':
        return { items: [] };
      case 'environments.create_or_update': {
        const asset = args.asset as { name: string };
        if (asset.name.startsWith('.')) {
          const problems = [{ message: 'is no name.', field: 'name' }];
          throw new ApiError('wrong', 422, 'INVALID', problems as never);
        }
        this.environments = [built(asset.name), ...this.environments];
        return { ...asset, version: '1' };
      }
      case 'environments.freeze_kernel':
        return { python: '3.12', pip: ['six==1.16.0'], left_out: ['mine'] };
      default:
        return [];
    }
  }) as ICaller['call'];

  labState = vi.fn();
  events = vi.fn();
}

function open(service: Service): EnvironmentsModel {
  const stream = new EventStream(service as never);
  const models = new WorkspaceModel(service as never, stream, new WorkspaceSettings());
  return new EnvironmentsModel(service, models);
}

test('the first of the list is shown until another is chosen', async () => {
  const model = open(new Service());
  await vi.waitFor(() => expect(model.current?.name).toBe('alpha'));

  model.show('beta', '1');

  expect(model.current?.name).toBe('beta');
  model.search = 'AL';
  expect(model.rows.map(row => row.name)).toEqual(['alpha']);
  model.dispose();
});

test('what is described is created, built and shown', async () => {
  const service = new Service();
  const model = open(service);

  model.describe({ name: 'new', packages: 'six' });
  await model.create();

  expect(model.draft).toBeNull();
  expect(model.current?.name).toBe('new');
  expect(service.calls).toContain('environments.build');
  model.dispose();
});

test('what is refused stays described, with the problem at its field', async () => {
  const model = open(new Service());

  model.describe({ name: '.bad', packages: 'six' });
  await model.create();

  expect(model.problems).toEqual({ name: 'is no name.' });
  expect(model.draft?.packages).toBe('six');
  model.giveUp();
  expect(model.draft).toBeNull();
  model.dispose();
});

test('a kernel gives its packages, and says what it cannot give', async () => {
  const model = open(new Service());

  await model.likeKernel('python3');

  expect(model.draft).toMatchObject({
    name: 'like-python3',
    python: '3.12',
    packages: 'six==1.16.0',
    note: 'mine',
  });
  model.dispose();
});

test('comments and empty lines ask for nothing', () => {
  const draft = { ...EMPTY_DRAFT, name: ' n ', packages: 'six\n\n# no\n pandas \n' };

  expect(assetOf(draft)).toEqual({ name: 'n', pip: ['six', 'pandas'] });
  expect(assetOf({ ...draft, form: 'conda_file', conda: 'dependencies: []' })).toEqual({
    name: 'n',
    conda_file: 'dependencies: []\n',
  });
});
