import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:plugin',
  description: 'An ML workspace inside JupyterLab.',
  autoStart: true,
  activate: (_app: JupyterFrontEnd) => undefined,
};

export default plugin;
