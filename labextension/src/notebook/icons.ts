// Icons of what notebooks get, in the theme's colours.
import { LabIcon } from '@jupyterlab/ui-components';
import runJobSvg from '../../style/icons/run-job.svg';
import tagSvg from '../../style/icons/tag.svg';

export const runJobIcon = new LabIcon({ name: 'mlws:run-job', svgstr: runJobSvg });

export const tagIcon = new LabIcon({ name: 'mlws:tag', svgstr: tagSvg });
