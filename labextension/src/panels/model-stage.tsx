// The stage of a version: moving it, asking for it where it needs approval, and deciding what was asked.
import '../../style/data.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import type { Asset } from '../model/data';
import {
  guardedOf,
  type ModelModel,
  mayDo,
  STAGES,
  type StageRequest,
  stageOf,
} from '../model/models';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { Ago } from '../ui/time';
import { usePage } from './page';

/** A stage as a mark. */
export function Stage(props: { stage: string }): JSX.Element {
  const { stage } = props;
  const { trans } = useLanguage();
  return stage === 'None' ? (
    <span className="jp-MlwsNote">{trans.__('none')}</span>
  ) : (
    <span className="jp-MlwsStage" data-stage={stage}>
      {stage}
    </span>
  );
}

/** How far a request is. */
export function requestWord(state: StageRequest['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'pending':
      return trans.__('waits');
    case 'approved':
      return trans.__('approved');
    case 'rejected':
      return trans.__('rejected');
    case 'withdrawn':
      return trans.__('withdrawn');
  }
}

/** The stage of the version that is looked at, with what can be done about it. */
export function StageTab(props: {
  model: ModelModel;
  asset: Asset;
  attempt: (act: Promise<void>) => void;
}): JSX.Element {
  const { model, asset, attempt } = props;
  const { models } = usePage().workspace;
  const { trans } = useLanguage();
  const requests = useResource(model.requests).value ?? [];
  const info = useResource(models.info).value;
  const guarded = guardedOf(asset);
  const mayApprove = mayDo(info?.actions ?? [], 'models/approve');
  const own = requests.filter(item => item.version === asset.version);
  const { waiting } = model;
  return (
    <div className="jp-MlwsStages">
      <section aria-label={trans.__('Stage')}>
        <h3>{trans.__('Stage')}</h3>
        <p>
          {trans.__('Version %1 is in stage', asset.version)} <Stage stage={stageOf(asset)} />
        </p>
        {waiting ? (
          <Waiting
            request={waiting}
            mayApprove={mayApprove}
            isOwn={waiting.requested_by === info?.user}
            decide={(verb, comment) => attempt(model.decide(verb, comment))}
          />
        ) : (
          <Move
            key={stageOf(asset)}
            asset={asset}
            guarded={guarded}
            mayApprove={mayApprove}
            onMove={stage => attempt(model.setStage(stage))}
            onAsk={(stage, comment) => attempt(model.requestStage(stage, comment))}
          />
        )}
      </section>
      <section aria-label={trans.__('Approval')}>
        <h3>{trans.__('Stages that need approval')}</h3>
        <div className="jp-MlwsStages-guards">
          {STAGES.filter(stage => stage !== 'None').map(stage =>
            mayApprove ? (
              <Check
                key={stage}
                label={stage}
                checked={guarded.includes(stage)}
                onChange={isOn =>
                  attempt(
                    model.guard(
                      isOn ? [...guarded, stage] : guarded.filter(other => other !== stage),
                    ),
                  )
                }
              />
            ) : (
              guarded.includes(stage) && <Stage key={stage} stage={stage} />
            ),
          )}
        </div>
        <p className="jp-MlwsNote">
          {trans.__(
            'Who may not approve asks to enter or leave these; an Owner or a Contributor decides.',
          )}
        </p>
      </section>
      {own.length > 0 && (
        <section aria-label={trans.__('Requests')}>
          <h3>{trans.__('Requests')}</h3>
          <table className="jp-MlwsPlainTable">
            <thead>
              <tr>
                <th scope="col">{trans.__('To stage')}</th>
                <th scope="col">{trans.__('State')}</th>
                <th scope="col">{trans.__('Asked by')}</th>
                <th scope="col">{trans.__('Comment')}</th>
                <th scope="col">{trans.__('Decided by')}</th>
                <th scope="col">{trans.__('Answer')}</th>
              </tr>
            </thead>
            <tbody>
              {own.map(item => (
                <tr key={item.requested_at} data-request={item.state}>
                  <td>
                    <Stage stage={item.stage} />
                  </td>
                  <td>{requestWord(item.state, trans)}</td>
                  <td>
                    {item.requested_by} · <Ago time={item.requested_at} />
                  </td>
                  <td>{item.comment}</td>
                  <td>{item.decided_by}</td>
                  <td>{item.answer}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

function Move(props: {
  asset: Asset;
  guarded: readonly string[];
  mayApprove: boolean;
  onMove: (stage: string) => void;
  onAsk: (stage: string, comment: string) => void;
}): JSX.Element {
  const { asset, guarded, mayApprove } = props;
  const { trans } = useLanguage();
  const now = stageOf(asset);
  const [stage, setStage] = useState(now === 'Production' ? 'Archived' : 'Production');
  const [comment, setComment] = useState('');
  const isClosed = guarded.includes(stage) || guarded.includes(now);
  const stages = STAGES.filter(item => item !== now);
  return (
    <div className="jp-MlwsStages-move">
      <Choice
        label={trans.__('Move to')}
        value={stage}
        options={stages.map(item => [item, item === 'None' ? trans.__('none') : item] as const)}
        onChange={setStage}
      />
      {isClosed && (
        <input
          className="jp-mod-styled jp-MlwsStages-comment"
          aria-label={trans.__('Why')}
          placeholder={trans.__('Why')}
          value={comment}
          onChange={event => setComment(event.target.value)}
        />
      )}
      {(!isClosed || mayApprove) && (
        <Button primary onClick={() => props.onMove(stage)}>
          {trans.__('Move')}
        </Button>
      )}
      {isClosed && (
        <Button primary={!mayApprove} onClick={() => props.onAsk(stage, comment)}>
          {trans.__('Ask for approval')}
        </Button>
      )}
    </div>
  );
}

function Waiting(props: {
  request: StageRequest;
  mayApprove: boolean;
  isOwn: boolean;
  decide: (
    verb: 'models.approve' | 'models.reject' | 'models.withdraw_request',
    comment: string,
  ) => void;
}): JSX.Element {
  const { request, mayApprove, isOwn, decide } = props;
  const { trans } = useLanguage();
  const [comment, setComment] = useState('');
  return (
    <div className="jp-MlwsStages-waiting">
      <p>
        {trans.__('%1 asks to move it to', request.requested_by)} <Stage stage={request.stage} />
        {request.comment && <q>{request.comment}</q>}
      </p>
      <div className="jp-MlwsStages-move">
        {mayApprove && (
          <>
            <input
              className="jp-mod-styled jp-MlwsStages-comment"
              aria-label={trans.__('Answer')}
              placeholder={trans.__('Answer')}
              value={comment}
              onChange={event => setComment(event.target.value)}
            />
            <Button primary onClick={() => decide('models.approve', comment)}>
              {trans.__('Approve')}
            </Button>
            <Button danger onClick={() => decide('models.reject', comment)}>
              {trans.__('Reject')}
            </Button>
          </>
        )}
        {isOwn && (
          <Button onClick={() => decide('models.withdraw_request', '')}>
            {trans.__('Withdraw')}
          </Button>
        )}
      </div>
    </div>
  );
}
