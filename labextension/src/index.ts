// The list of plugins, nothing else.
import { core, runActions } from './plugins/core';

export default [core, runActions];
