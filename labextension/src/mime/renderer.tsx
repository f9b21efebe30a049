// Shows outputs of type `application/vnd.mlws.run+json` as run cards.
import { ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { CommandRegistry } from '@lumino/commands';
import type { IWorkspace } from '../tokens';
import { Language } from '../ui/context';
import { localeOf } from '../ui/format';
import { RunCard } from './card';
import { type CardRun, RUN_MIME_TYPE, runIn } from './payload';

class RunCardWidget extends ReactWidget implements IRenderMime.IRenderer {
  constructor(
    private readonly _workspace: IWorkspace,
    private readonly _commands: CommandRegistry,
  ) {
    super();
    this.addClass('jp-MlwsPanel');
    this.addClass('jp-MlwsCardOutput');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._run = runIn(model.data[RUN_MIME_TYPE]);
    this.update();
    await this.renderPromise;
  }

  protected render(): JSX.Element {
    const { trans, translator } = this._workspace;
    const run = this._run;
    return (
      <Language.Provider value={{ trans, locale: localeOf(translator.languageCode) }}>
        {run ? (
          <RunCard
            key={run.run_id}
            run={run}
            workspace={this._workspace}
            execute={(command, args) => void this._commands.execute(command, args)}
          />
        ) : (
          <p className="jp-MlwsCard-note">{trans.__('This output holds no run.')}</p>
        )}
      </Language.Provider>
    );
  }

  private _run: CardRun | null = null;
}

/** Safe in notebooks of others: it shows text and numbers and runs nothing that it is given. */
export function runCardFactory(
  workspace: IWorkspace,
  commands: CommandRegistry,
): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [RUN_MIME_TYPE],
    defaultRank: 10,
    createRenderer: () => new RunCardWidget(workspace, commands),
  };
}
