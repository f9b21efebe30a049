import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';
import { ApiError, type ICaller, type Transfer, type TransferSpec } from '../../src/api/client';
import { sourceOf, TransferModel } from '../../src/model/transfer';

const COUNTS = [{ kind: 'runs', n: 4, n_new: 3, n_changed: 1 }];

/** A service with one transfer that answers its states in turn. */
class Service {
  asked: TransferSpec[] = [];
  canceled = 0;
  refusal: ApiError | null = null;

  constructor(
    private readonly _states: Partial<Transfer>[],
    private readonly _running: Transfer[] = [],
  ) {}

  call = async (name: string, args: { transfer?: TransferSpec }): Promise<unknown> => {
    switch (name) {
      case 'transfers.list':
        return this._running;
      case 'transfers.create':
        if (this.refusal) {
          throw this.refusal;
        }
        this.asked.push(args.transfer as TransferSpec);
        return this._answer({ state: 'running' });
      case 'transfers.cancel':
        this.canceled++;
        return this._answer({ state: 'canceled' });
      default:
        return this._answer(this._states.shift() ?? { state: 'done' });
    }
  };

  private _answer(change: Partial<Transfer>): Transfer {
    const dry_run = this.asked.at(-1)?.dry_run ?? false;
    const report = { source: '/old', dry_run, counts: COUNTS };
    return { id: 'a', source: '/old', dry_run, started_by: '', started_at: '', report, ...change };
  }
}

function modelOf(service: Service): TransferModel {
  const trans = nullTranslator.load('jupyter_mlws');
  return new TransferModel(service as unknown as ICaller, trans);
}

test('a dry run is followed to its end and says how many runs to expect', async () => {
  const service = new Service([{ state: 'running', step: 1 }, { state: 'done' }]);
  const model = modelOf(service);
  model.describe({ place: '/old/mlruns', withFiles: false });

  await model.start(true);
  await model.ended();

  expect(service.asked).toEqual([{ source: '/old/mlruns', dry_run: true, with_files: false }]);
  expect([model.phase, model.nExpected]).toEqual(['counted', 4]);
  model.describe({ place: '/other' });
  expect(model.nExpected).toBeNull();
});

test.each([
  ['folder', '', 'Say where'],
  ['folder', 'mlruns', 'whole path'],
  ['database', 'mlflow.db', 'whole path'],
  ['server', 'localhost:5000', 'http://'],
] as const)('a %s at "%s" is refused before the service is asked', async (kind, place, told) => {
  const service = new Service([]);
  const model = modelOf(service);
  model.describe({ kind, place });

  expect(await model.start(false)).toBe(false);
  expect(model.problems.place).toContain(told);
  expect(service.asked).toEqual([]);
});

test('a transfer that fails puts its reason beside the place, and the form back', async () => {
  const model = modelOf(new Service([{ state: 'failed', error: "There is no folder '/gone'." }]));
  model.describe({ place: '/gone' });

  await model.start(false);
  await model.ended();

  expect(model.phase).toBe('asking');
  expect(model.problems.place).toBe("There is no folder '/gone'.");
  expect(model.draft.place).toBe('/gone');
});

test('what the service refuses stands beside the field that it names, or above all', async () => {
  const service = new Service([]);
  const model = modelOf(service);
  model.describe({ kind: 'database', place: '/old.db', artifacts: 'x' });
  service.refusal = new ApiError('No.', 422, 'INVALID', [
    { field: 'transfer.artifacts', message: 'Not there.' },
  ]);
  await model.start(false);
  expect([model.problems.artifacts, model.failure]).toEqual(['Not there.', null]);

  service.refusal = new ApiError('2 transfers are running.', 409, 'CONFLICT');
  await model.start(false);
  expect(model.problems).toEqual({});
  expect(model.failure?.message).toBe('2 transfers are running.');
});

test('one that is running already is taken up, and can be ended', async () => {
  const running = { id: 'a', source: '/old', state: 'running', dry_run: false } as Transfer;
  const service = new Service(Array(99).fill({ state: 'running' }), [running]);
  const model = modelOf(service);

  await model.resume();
  expect(model.phase).toBe('running');
  await model.cancel();
  await model.ended();

  expect([model.phase, service.canceled]).toEqual(['canceled', 1]);
});

test.each([
  ['/data/mlflow.db', 'sqlite:////data/mlflow.db'],
  ['C:\\mlflow.db', 'sqlite:///C:\\mlflow.db'],
  ['~/mlflow.db', '~/mlflow.db'],
  ['sqlite:////data/mlflow.db', 'sqlite:////data/mlflow.db'],
])('the database %s is read as %s', (place, source) => {
  expect(sourceOf({ kind: 'database', place, artifacts: '', withFiles: true })).toBe(source);
});
