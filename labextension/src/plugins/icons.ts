// Our icons, in the theme's colours.
import { LabIcon } from '@jupyterlab/ui-components';
import workspaceSvg from '../../style/icons/workspace.svg';

export const workspaceIcon = new LabIcon({ name: 'mlws:workspace', svgstr: workspaceSvg });
