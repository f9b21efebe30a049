// Our icons, in the theme's colours.
import { LabIcon } from '@jupyterlab/ui-components';
import pipelineSvg from '../../style/icons/pipeline.svg';
import workspaceSvg from '../../style/icons/workspace.svg';

export const workspaceIcon = new LabIcon({ name: 'mlws:workspace', svgstr: workspaceSvg });

export const pipelineIcon = new LabIcon({ name: 'mlws:pipeline', svgstr: pipelineSvg });
