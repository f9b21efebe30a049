// A trigger in words of the reader's language.
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { useLanguage } from '../ui/context';

type ToText = (expression: string) => string;

/** Cron in words; English until the words of another language are loaded. */
async function cronInWords(locale: string): Promise<ToText> {
  const { toString: toText } = (await import('cronstrue')).default;
  const isJapanese = locale.startsWith('ja');
  if (isJapanese) {
    await import('cronstrue/locales/ja');
  }
  const options = {
    throwExceptionOnParseError: false,
    use24HourTimeFormat: true,
    locale: isJapanese ? 'ja' : 'en',
  };
  return expression => toText(expression, options);
}

function everySentence(interval: number, frequency: string, trans: TranslationBundle): string {
  switch (frequency) {
    case 'minute':
      return trans._n('Every minute', 'Every %1 minutes', interval);
    case 'hour':
      return trans._n('Every hour', 'Every %1 hours', interval);
    case 'day':
      return trans._n('Every day', 'Every %1 days', interval);
    case 'week':
      return trans._n('Every week', 'Every %1 weeks', interval);
    default:
      return trans._n('Every month', 'Every %1 months', interval);
  }
}

/** The trigger as a sentence; `fallback`, in English, for what has no words here. */
export function useSentence(trigger: object, fallback: string): string {
  const { trans, locale } = useLanguage();
  const [words, setWords] = useState<{ toText: ToText } | null>(null);
  useEffect(() => {
    let isWanted = true;
    void cronInWords(locale).then(toText => isWanted && setWords({ toText }));
    return () => {
      isWanted = false;
    };
  }, [locale]);
  const given = trigger as {
    type?: string;
    expression?: string;
    interval?: number;
    frequency?: string;
    schedule?: object | null;
  };
  if (given.type === 'cron' && given.expression && words) {
    return words.toText(given.expression);
  }
  if (given.type === 'recurrence' && given.frequency && !given.schedule) {
    return everySentence(Number(given.interval), given.frequency, trans);
  }
  return fallback;
}
