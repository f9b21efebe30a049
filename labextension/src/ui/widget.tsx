// A Lumino widget around React, with the language set for all below.
import { ReactWidget } from '@jupyterlab/apputils';
import type { ReactNode } from 'react';
import { type ILanguage, Language } from './context';

/** Shows what `content` draws; `content` is called once, its components follow their models. */
export class Panel extends ReactWidget {
  constructor(
    private readonly _language: ILanguage,
    private readonly _content: () => ReactNode,
  ) {
    super();
    this.addClass('jp-MlwsPanel');
  }

  protected render(): JSX.Element {
    return <Language.Provider value={this._language}>{this._content()}</Language.Provider>;
  }
}
