declare module '*.css';
declare module '*.svg' {
  const text: string;
  export default text;
}
declare module 'plotly.js-cartesian-dist-min';

declare module 'cronstrue/locales/ja';
