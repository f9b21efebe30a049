// The list of plugins, nothing else.
import { activity } from './plugins/activity';
import { artifacts } from './plugins/artifacts';
import { audit } from './plugins/audit';
import { automation } from './plugins/automation';
import { automl } from './plugins/automl';
import { commands } from './plugins/commands';
import { compare } from './plugins/compare';
import { components } from './plugins/components';
import { computes } from './plugins/computes';
import { core, runActions } from './plugins/core';
import { data } from './plugins/data';
import { designer } from './plugins/designer';
import { environments } from './plugins/environments';
import { executed } from './plugins/executed';
import { lineage } from './plugins/lineage';
import { menu } from './plugins/menu';
import { mime } from './plugins/mime';
import { models } from './plugins/models';
import { cellTags, runDialog } from './plugins/notebook';
import { pages } from './plugins/pages';
import { panel } from './plugins/panel';
import { schedules } from './plugins/schedules';
import { sweeps } from './plugins/sweeps';
import { widgetKeys } from './plugins/widgetkeys';

export default [
  core,
  runActions,
  commands,
  pages,
  compare,
  panel,
  data,
  schedules,
  sweeps,
  automl,
  automation,
  activity,
  menu,
  runDialog,
  cellTags,
  artifacts,
  computes,
  environments,
  executed,
  lineage,
  models,
  audit,
  components,
  designer,
  mime,
  widgetKeys,
];
