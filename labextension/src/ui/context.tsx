// Language for every component below: the translation bundle and the locale of numbers and dates.
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

export interface ILanguage {
  trans: TranslationBundle;
  /** BCP 47 tag. */
  locale: string;
}

export const Language = createContext<ILanguage>({
  trans: nullTranslator.load('jupyter_mlws'),
  locale: 'en',
});

export function useLanguage(): ILanguage {
  return useContext(Language);
}
