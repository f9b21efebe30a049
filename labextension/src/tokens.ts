// What other plugins, ours and others', can build on.
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { type ReadonlyPartialJSONObject, Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { Client, Status } from './api/client';
import type { EventStream } from './api/events';
import type { Attention } from './model/attention';
import type { WorkspaceSettings } from './model/settings';
import type { State } from './model/state';
import type { WorkspaceModel } from './model/workspace';

/** A section of the ML Workspace panel. */
export interface IPanelSection {
  /** Unique, such as `models`. */
  id: string;
  /** Translated. */
  title: string;
  /** Sections stand in the order of their ranks: Activity 100, Runs 200, Compute 800. */
  rank: number;
  /** Makes the content; called once, when the panel is built. The panel disposes it. */
  create: () => Widget;
  /** Whether it is folded until the user unfolds it. */
  startsFolded?: boolean;
  /** Command that opens the whole list as a page (*Open all*). */
  openCommand?: string;
  openArgs?: ReadonlyPartialJSONObject;
}

/** The ML workspace: the client, what happens, and what is known of it. */
export interface IWorkspace {
  readonly client: Client;
  readonly events: EventStream;
  readonly models: WorkspaceModel;
  /** Which jobs ended and which failures were not seen yet. */
  readonly attention: Attention;
  readonly settings: WorkspaceSettings;
  /** What is typed into the panel's search box. */
  readonly search: State<string>;
  readonly translator: ITranslator;
  /** Bundle of the domain `jupyter_mlws`. */
  readonly trans: TranslationBundle;
  /** Add a section to the panel on the left; dispose what it returns to take it away again. */
  addPanel(section: IPanelSection): IDisposable;
  /** Sections by rank. */
  readonly panels: readonly IPanelSection[];
  readonly panelsChanged: ISignal<IWorkspace, void>;
}

export const IWorkspace = new Token<IWorkspace>(
  '@mlws/labextension:IWorkspace',
  'The ML workspace: typed client, live events, models, and a place to add panels.',
);

/** What an action may look at before it is offered: the part that runs and jobs share. */
export interface IRunTarget {
  run_id: string;
  name: string;
  /** `mlflow` for a run that no job made. */
  type: string;
  status: Status;
  archived: boolean;
  user: string;
}

/** Something that can be done with a run or job, offered in its menus and on its page. */
export interface IRunAction {
  id: string;
  /** Command that is run with `{run_id}`; its label, icon and `isEnabled` are used. */
  command: string;
  /** Actions stand in the order of their ranks; a gap of 100 or more draws a line. */
  rank: number;
  /** Whether the action is offered at all. */
  isVisible: (target: IRunTarget) => boolean;
}

/** What can be done with a run; add to it to extend menus and the run page. */
export interface IRunActions {
  add(action: IRunAction): IDisposable;
  readonly actions: readonly IRunAction[];
  readonly changed: ISignal<IRunActions, void>;
}

export const IRunActions = new Token<IRunActions>(
  '@mlws/labextension:IRunActions',
  'Actions offered for a run, in menus and on its page.',
);

/** Makes the executed notebook of a job as a widget, to stand inside a page. */
export interface INotebookView {
  /** The widget follows the job while it runs; whoever asked disposes it. */
  create(name: string): Widget;
}

export const INotebookView = new Token<INotebookView>(
  '@mlws/labextension:INotebookView',
  'Executed notebooks of jobs, as widgets.',
);

/** Ids of commands that cross plugins. Arguments stand beside them. */
export namespace CommandIDs {
  /** `{path?, from_job?}`: the *Run as job* dialog, for a notebook or filled from an earlier job. */
  export const runDialog = 'mlws:run-dialog';
  /** `{run_id, tab?, line?}`: the run page, at a line of its log. */
  export const openRun = 'mlws:run-open';
  /** Creates the example notebook and opens it. */
  export const openExample = 'mlws:example-open';
  /** `{filter?, search?}`: the runs page; `search` is free text, `filter` the filter language. */
  export const openRuns = 'mlws:runs-open';
  /** `{runs}`: the compare page; the first run is the baseline. */
  export const openCompare = 'mlws:open-compare';
  /** `{run_id}`: the page of a sweep. */
  export const openSweep = 'mlws:sweep-open';
  /** `{run_id}`: the leaderboard of an AutoML job. */
  export const openAutoML = 'mlws:automl-open';
  /** `{path?, selected?}`: the wizard of an AutoML job, for a table in the file browser or for none yet. */
  export const automlWizard = 'mlws:automl-wizard';
  /** `{path?, selected?}`: the dialog that starts a sweep of a notebook. */
  export const sweepDialog = 'mlws:sweep-dialog';
  /** `{runs}`: puts a link to the comparison on the clipboard. */
  export const copyCompareLink = 'mlws:compare-copy-link';
  /** `{run_id}`: the compare page with this run as baseline, to choose another. */
  export const compareWith = 'mlws:run-compare-with';
  /** `{format, filter?, run_ids?, order_by?, view?}`: runs as CSV, Parquet or a notebook that loads them. */
  export const exportRuns = 'mlws:runs-export';
  /** No arguments: the dialog that brings another MLflow's runs in. */
  export const bringRuns = 'mlws:runs-bring';
  /** No arguments: the compute page. */
  export const openComputes = 'mlws:computes-open';
  /** `{name?}`: the environments page, at one of them. */
  export const openEnvironments = 'mlws:environments-open';
  /** `{kernel?}`: the form for a new environment, filled from a kernel if named. */
  export const newEnvironment = 'mlws:environment-new';
  /** `{kernelName}`: a new notebook on a kernel, beside the files that are shown. */
  export const newNotebook = 'mlws:notebook-new';
  /** No arguments: the schedules page. */
  export const openSchedules = 'mlws:schedules-open';
  /** No arguments: the page of triggers and webhooks. */
  export const openTriggers = 'mlws:triggers-open';
  /** `{path?, run_id?, name?, job?, import_data?}`: the editor, for a file, an earlier job, an import, or a schedule that is there. */
  export const scheduleDialog = 'mlws:schedule-dialog';
  /** `{name}`: starts the job of a schedule once, now. */
  export const triggerSchedule = 'mlws:schedule-trigger';
  /** `{name}`: asks since when fire times are to be made up for. */
  export const backfillSchedule = 'mlws:schedule-backfill';
  /** `{name}`: asks, and deletes a schedule. */
  export const deleteSchedule = 'mlws:schedule-delete';
  /** No arguments: shows the panel on the left. */
  export const openPanel = 'mlws:panel-open';
  /** `{name, cell_id?}`: the executed notebook, at a cell if named. */
  export const openNotebook = 'mlws:notebook-open';
  /** `{run_id, path}`: an artifact in JupyterLab's own viewer. */
  export const openArtifact = 'mlws:artifact-open';
  /** `{run_id}`: asks that the job stops. */
  export const cancelJob = 'mlws:job-cancel';
  /** `{run_id}`: a new attempt of a failed or canceled job. */
  export const retryJob = 'mlws:job-retry';
  /** `{run_id}`: hides a run from lists. */
  export const archiveRun = 'mlws:run-archive';
  /** `{run_id}`: shows an archived run again. */
  export const restoreRun = 'mlws:run-restore';
  /** `{run_id}`: runs an ended job again as it was, after saying what cannot be the same. */
  export const reproduce = 'mlws:job-reproduce';
  /** `{node}` such as `data:NAME:VERSION`, or `{run_id}`: the lineage page. */
  export const openLineage = 'mlws:lineage-open';
  /** No arguments: the models page. */
  export const openModels = 'mlws:models-open';
  /** `{name, version?, tab?}`: the page of one model. */
  export const openModel = 'mlws:model-open';
  /** `{run_id, path?}`: asks for a name and registers what a run left as a model. */
  export const registerModel = 'mlws:model-register';
  /** `{name?, version?}`: the components page, at one of them. */
  export const openComponents = 'mlws:components-open';
  /** `{user?, entity?, action?, since?, until?}`: the audit page. */
  export const openAudit = 'mlws:audit-open';
  /** `{run_ids}` or `{run_id}`: asks, and deletes archived runs for good; answers how many are gone. */
  export const deleteRuns = 'mlws:runs-delete';
  /** `{run_id}`: the run dialog, filled in from this job. */
  export const rerun = 'mlws:job-run-again';
  /** `{run_id, line?}`: puts a link to the run's page, or to a line of its log, on the clipboard. */
  export const copyRunLink = 'mlws:run-copy-link';
  /** `{run_id, format?}`: a pipeline job as it was submitted, as a zip file. */
  export const exportPipeline = 'mlws:pipeline-export';
  /** `{folder?, component?}`: makes a pipeline file, with a step of a component, and opens it in the designer. */
  export const newPipeline = 'mlws:pipeline-new';
  /** Makes a pipeline of the notebooks that are chosen in the file browser. */
  export const pipelineOfNotebooks = 'mlws:pipeline-of-notebooks';
  /** Makes a pipeline of the Elyra file that is chosen in the file browser. */
  export const pipelineOfElyra = 'mlws:pipeline-of-elyra';
  /** `{tab?}`: the data page; `data`, `datastores`, `connections` or `secrets`. */
  export const openData = 'mlws:data-list';
  /** `{name, version?, tab?}`: the page of one name of data. */
  export const openDataset = 'mlws:data-open';
  /** `{path?, selected?}`: asks for a name and registers a file or folder as data. */
  export const registerData = 'mlws:data-register';
  /** `{name?}`: the dialog that brings data in from a database or another storage. */
  export const importData = 'mlws:data-import';
  /** `{name, version, type}`: puts a cell that loads the data into the current notebook. */
  export const insertData = 'mlws:data-insert';
  /** `{name, version, type}`: puts the lines that load the data on the clipboard. */
  export const copyData = 'mlws:data-copy';
  /** `{run_id}`: puts the run's id on the clipboard. */
  export const copyRunId = 'mlws:run-copy-id';
}
