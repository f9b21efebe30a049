import { describe, expect, it } from 'vitest';
import { CompareModel } from '../../src/model/compare';
import { WorkspaceSettings } from '../../src/model/settings';
import { WorkspaceModel } from '../../src/model/workspace';
import { FakeEvents, FakeService } from './fakeservice';

function made(runs: string[], more: Record<string, () => unknown> = {}) {
  const service = new FakeService({
    'runs.compare': args => ({ runs: args.run_ids, verdicts: [], metrics: [], params: [] }),
    'runs.list_metrics': () => ['loss', 'system/cpu'],
    'runs.series': () => [],
    'runs.compare_code': () => ({}),
    'runs.compare_environments': () => ({}),
    'runs.compare_data': () => ({}),
    'runs.compare_artifacts': () => ({}),
    'runs.diff_file': () => ({}),
    'runs.list': () => ({ items: ['a', 'b', 'c'].map(run_id => ({ run_id })) }),
    ...more,
  });
  const events = new FakeEvents();
  const settings = new WorkspaceSettings();
  const models = new WorkspaceModel(service, events.stream, settings);
  return { service, events, settings, model: new CompareModel(service, models, settings, runs) };
}

describe('A comparison', () => {
  it('reads every section of two runs, each run once', async () => {
    const { model, service } = made(['a', 'b', 'a']);
    await model.artifacts.refresh();

    expect(model.runs.value).toEqual(['a', 'b']);
    expect(model.facts.value?.ids).toEqual(['a', 'b']);
    expect(service.count('runs.compare_code')).toBe(1);
  });

  it('asks nothing before there are two', () => {
    const { model, service } = made(['a']);

    expect(model.isReady).toBe(false);
    expect(service.calls).toEqual([]);
  });

  it('puts runs into another order, and reads them anew in it', async () => {
    const { model } = made(['a', 'b', 'c']);

    model.place('a', 2);
    expect(model.runs.value).toEqual(['b', 'c', 'a']);
    model.place('a', 99);
    model.makeBaseline('c');
    expect(model.runs.value).toEqual(['c', 'b', 'a']);
    model.remove('b');
    await model.facts.refresh();

    expect(model.facts.value?.ids).toEqual(['c', 'a']);
  });

  it('offers only runs that are not there yet', async () => {
    const { model } = made(['a']);

    const found = await model.find('x', new AbortController().signal);

    expect(found.map(run => run.run_id)).toEqual(['b', 'c']);
  });

  it('asks for the metric that the person has chosen', async () => {
    const { model, settings, service } = made(['a', 'b']);
    settings.update({ primaryMetric: 'auc', primaryMetricGoal: 'minimize' });
    await model.facts.restart();

    expect(service.calls.filter(call => call.name === 'runs.compare').pop()?.args).toEqual({
      run_ids: ['a', 'b'],
      metric: 'auc',
      goal: 'minimize',
    });
  });

  it('reads a diff once', async () => {
    const { model, service } = made(['a', 'b']);
    const place = { base: 'a', other: 'b', path: 'x.py', of: 'code' } as const;

    await model.fileDiff(place).refresh();
    const first = service.count('runs.diff_file');
    model.fileDiff({ ...place });

    expect(service.count('runs.diff_file')).toBe(first);
  });
});
