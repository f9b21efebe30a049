// The list of plugins, nothing else.
import { commands } from './plugins/commands';
import { core, runActions } from './plugins/core';
import { panel } from './plugins/panel';

export default [core, runActions, commands, panel];
